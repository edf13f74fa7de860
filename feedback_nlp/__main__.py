"""``python -m feedback_nlp`` and the ``feedback-nlp`` script."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from feedback_nlp.cli.app import app

    app()


if __name__ == "__main__":
    main()
