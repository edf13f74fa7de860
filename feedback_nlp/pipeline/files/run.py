"""Score files of any length: the call behind ``feedback-nlp score``.

Blocks of the input are scored and kept as parts beside the output; when all are there, the outputs are put
together from them. What a part holds depends on the input, the model and the options only, so that a run that
is killed and taken up again gives the same bytes.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback_nlp import __version__
from feedback_nlp.errors import Bilingual, ConfigError, InputError, OutputError
from feedback_nlp.pipeline.files import parts as kept
from feedback_nlp.pipeline.files.inputs import BadReview, Inputs, Ready, open_inputs
from feedback_nlp.pipeline.files.judging import BATCH_ROWS, Judged, judged
from feedback_nlp.pipeline.files.parts import Parts
from feedback_nlp.pipeline.files.placing import Facts, aside, described, facts_of, place, scores_of
from feedback_nlp.pipeline.files.resuming import difference, file_fingerprint, refused, resumable
from feedback_nlp.pipeline.run import target_note
from feedback_nlp.pipeline.tables import joined

if TYPE_CHECKING:
    from feedback_nlp.engines.local import Progress
    from feedback_nlp.engines.workers import Run
    from feedback_nlp.scorers.base import Scorer
    from feedback_nlp.taxonomy import Taxonomy

__all__ = ["Job", "ScoredFile", "open_job", "score_file"]

_SPOOLED = "stdin.jsonl"


@dataclass(frozen=True)
class ScoredFile:
    """What a run did.

    Attributes
    ----------
    output, mentions : str or None
        Where the tables are; ``"-"`` is standard output.
    n_reviews : int
    n_bad : int
        Rows kept without scores.
    bad : tuple of BadReview
        The first thousand of them.
    n_needs_review : int
        Rows that ask for a person.
    n_resumed : int
        Reviews that an earlier run had scored.
    notes : tuple of Bilingual
    """

    output: str
    mentions: str | None
    n_reviews: int
    n_bad: int
    bad: tuple[BadReview, ...]
    n_needs_review: int
    n_resumed: int
    notes: tuple[Bilingual, ...]


def score_file(
    source: str | Path | Sequence[str | Path],
    output: str | Path,
    mentions: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    rating_scale: tuple[float, float] | None = None,
    sheet: str | int | None = None,
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
    max_error: float | None = None,
    jobs: int | None = None,
    batch_rows: int = BATCH_ROWS,
    resume: bool = False,
    strict: bool = False,
    force: bool = False,
    progress: Progress | None = None,
) -> ScoredFile:
    """Score files of any length into a file, in constant memory.

    Parameters
    ----------
    source : path or list of paths
        Files, folders of files, patterns such as ``"2025-*.csv"``; ``"-"`` is JSON lines on standard input.
    output : path
        Its suffix picks the format; ``"-"`` is JSON lines on standard output.
    mentions : path, optional
        Where the mentions go.
    columns : mapping of role to column name, optional
        Recognised from the first block (16,384 rows) when not given; roles as in ``schema.ROLES``.
    rating_scale, sheet, model, taxonomy, max_error
        As in :func:`feedback_nlp.analyze`.
    jobs : int, optional
        Processes; by the cores and the size of the input when not given. No byte depends on it.
    batch_rows : int
        Rows judged at a time. No byte depends on it.
    resume : bool
        Go on where a run of the same command was ended; parts are kept if this one is ended.
    strict : bool
        Stop at the first row that can't be scored, instead of keeping it without scores.
    force : bool
        Replace existing outputs.
    progress : callable, optional
        Called with (reviews done, reviews in all, estimated).

    Raises
    ------
    InputError, OutputError, ConfigError, ModelError
        With one line on what is wrong and what to do; nothing is left half-written.
    """
    sources = [source] if isinstance(source, str | Path) else list(source)
    with open_job(
        sources,
        output,
        mentions,
        columns=columns,
        rating_scale=rating_scale,
        sheet=sheet,
        model=model,
        taxonomy=taxonomy,
        max_error=max_error,
        resume=resume,
        force=force,
    ) as job:
        return job.run(jobs=jobs, batch_rows=batch_rows, strict=strict, progress=progress)


@contextmanager
def open_job(
    sources: Sequence[str | Path],
    output: str | Path,
    mentions: str | Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    rating_scale: tuple[float, float] | None = None,
    sheet: str | int | None = None,
    from_config: Sequence[str] = (),
    model: str | Path | Scorer = "linear",
    taxonomy: str | Path | Taxonomy = "default",
    max_error: float | None = None,
    resume: bool = False,
    force: bool = False,
    mask: bool = True,
) -> Iterator[Job]:
    """Open inputs, model and outputs, so that what was recognised can be shown before work starts.

    Parameters as in :func:`score_file`; ``from_config`` names the roles that a configuration file
    gave; ``mask`` says whether messages mask what they quote.
    """
    from feedback_nlp.io.streams import expand
    from feedback_nlp.io.writers import check_distinct, check_writable
    from feedback_nlp.scorers import load_model
    from feedback_nlp.scorers.abstention import choose
    from feedback_nlp.taxonomy import load_taxonomy

    targets = {Path(target).resolve() for target in (output, mentions) if target is not None}
    named = {Path(source).resolve() for source in sources}
    # An earlier output in the folder that is scored is no input.
    paths = [path for path in expand(sources) if path.resolve() not in targets - named]
    _check(paths, output, mentions, resume=resume)
    check_distinct([output, mentions])
    for target in (output, mentions):
        if target is not None:
            check_writable(target, force=force or resume)
    options = {"columns": columns, "rating_scale": rating_scale, "sheet": sheet, "from_config": from_config}
    name = taxonomy if isinstance(taxonomy, str) else str(getattr(taxonomy, "name", taxonomy))
    with _opened_parts(output, keep=resume) as parts:
        labels: dict[Path, str] = {}
        if parts is not None and str(paths[0]) == "-":
            paths = [_spooled(parts)]
            labels = {paths[0]: "-"}
        inputs = open_inputs(paths, labels=labels, mask=mask, **options)  # type: ignore[arg-type]
        scorer = load_model(model, load_taxonomy(taxonomy))
        goal = None if max_error is None else asdict(choose(scorer, max_error))
        made = None if mentions is None else Path(mentions)
        yield Job(inputs, paths, str(output), made, scorer, name, parts, goal, sheet, resume, force)


def _check(paths: Sequence[Path], output: str | Path, mentions: str | Path | None, *, resume: bool) -> None:
    if len(paths) > 1 and any(str(path) == "-" for path in paths):
        raise ConfigError(
            Bilingual("标准输入不能和文件一起给。", "Standard input can't be mixed with files."),
            Bilingual("只给 -，或只给文件。", "Give - alone, or files alone."),
        )
    if str(mentions) == "-" and mentions is not None:
        raise ConfigError(
            Bilingual("提及表不能写到标准输出。", "Mentions can't go to standard output."),
            Bilingual("给 --mentions 一个文件名。", "Give --mentions the name of a file."),
        )
    if resume and str(output) == "-":
        raise ConfigError(
            Bilingual("写到标准输出的运行不能续跑。", "A run to standard output can't be resumed."),
            Bilingual("去掉 --resume，或用 -o 指定文件。", "Drop --resume, or name a file with -o."),
        )


@contextmanager
def _opened_parts(output: str | Path, *, keep: bool) -> Iterator[Parts | None]:
    """Hold the folder of parts; remove it at the end unless they are to be kept."""
    if str(output) == "-":
        yield None
        return
    with Parts.held(Path(output)) as parts:
        try:
            yield parts
        finally:
            if not keep or parts.manifest() is None:
                parts.remove()


def _spooled(parts: Parts) -> Path:
    """Put standard input on the disk: it has to be read twice."""
    from feedback_nlp.io.writers import explained

    path = parts.folder / _SPOOLED
    with explained(parts.output), path.open("wb") as file:
        if sys.stdin is not None:
            shutil.copyfileobj(sys.stdin.buffer, file, 1 << 20)
    return path


@dataclass(frozen=True)
class Job:
    """Inputs, model and outputs of one run.

    Attributes
    ----------
    inputs : Inputs
    paths : list of Path
        Files in order.
    output : str
    mentions : Path or None
    scorer : Scorer
    taxonomy : str
        Its name, for the outputs.
    target : dict, optional
        The target error, as ``scorers.abstention.Chosen`` has it.
    """

    inputs: Inputs
    paths: Sequence[Path]
    output: str
    mentions: Path | None
    scorer: Scorer
    taxonomy: str
    parts: Parts | None = field(repr=False)
    target: dict[str, Any] | None = None
    sheet: str | int | None = None
    resume: bool = False
    force: bool = False

    def run(
        self,
        *,
        jobs: int | None = None,
        batch_rows: int = BATCH_ROWS,
        strict: bool = False,
        progress: Progress | None = None,
    ) -> ScoredFile:
        """Score everything and put the outputs in place; parameters as in :func:`score_file`."""
        from feedback_nlp.engines.local import n_jobs, prepare
        from feedback_nlp.engines.workers import workers

        expected = self.inputs.expected()
        processes = n_jobs(jobs, expected if self.parts is not None else expected or None)
        prepare(self.scorer, expected or None)
        meter = _Meter(progress, expected)
        if self.parts is None:
            with workers(self.scorer, processes) as run:
                return self._piped(run, batch_rows, meter, strict=strict)
        start = self._start(self.parts)
        if start is None:
            return self._done(self.parts)
        try:
            with workers(self.scorer, processes) as run:
                facts = self._make(self.parts, start, run, batch_rows, meter, strict=strict)
            return self._place(self.parts, facts, start)
        except OutputError as error:
            raise (resumable(error) if self.resume else error) from error

    # --- into a file

    def _start(self, parts: Parts) -> int | None:
        """Return the first part to be made; None if everything is done already.

        Raises
        ------
        OutputError
            If an output is there, or what an earlier run left is of something else.
        """
        from feedback_nlp.io.writers import check_writable

        run = self._described
        left = parts.manifest() if self.resume else None
        changed = None if left is None else difference(left["run"], run)
        if left is not None and changed is None and left["state"] == kept.DONE and self._as_left(left):
            return None
        state = None if left is None else left["state"]
        in_the_way = state in (kept.RUNNING, kept.PLACING) or Path(self.output).exists()
        if changed is not None and in_the_way and not self.force:
            raise refused(parts, changed)
        going_on = changed is None and state in (kept.RUNNING, kept.PLACING)
        if not (going_on and state == kept.PLACING):
            for target in (self.output, self.mentions):
                if target is not None:
                    check_writable(target, force=self.force)
        start = parts.count() if going_on else 0
        if not going_on:
            parts.clear(but=(_SPOOLED,))
        parts.note(run, kept.RUNNING)
        return start

    @cached_property
    def _described(self) -> dict[str, Any]:
        """Return everything that the parts depend on."""
        return {
            "version": __version__,
            "input": [file_fingerprint(path) for path in self.paths],
            "model": self.scorer.fingerprint(),
            "taxonomy": self.scorer.taxonomy_.sha256,
            "columns": dict(self.inputs.roles.columns),
            "rating_scale": None if (scale := self.inputs.roles.rating_scale) is None else list(scale),
            "sheet": None if self.sheet is None else str(self.sheet),
            "mentions": self.mentions is not None,
            "max_error": self.target,
        }

    def _as_left(self, left: Mapping[str, Any]) -> bool:
        """Whether the outputs are those that the earlier run put in place."""
        return self._outputs() == left.get("outputs")

    def _outputs(self) -> dict[str, list[int]]:
        targets = [Path(self.output)] + ([self.mentions] if self.mentions is not None else [])
        return {
            target.name: [target.stat().st_size, target.stat().st_mtime_ns]
            for target in targets
            if target.exists()
        }

    def _make(
        self, parts: Parts, start: int, run: Run, batch_rows: int, meter: _Meter, *, strict: bool
    ) -> Facts:
        from feedback_nlp.io.sinks import check_excel_rows

        facts = Facts()
        for number in range(start):
            facts.add(parts.facts(number))
        meter.add(facts.n_rows)
        blocks = islice(self._checked(strict=strict), start, None)
        for number, one in enumerate(self._judged(run, blocks, batch_rows), start):
            found = facts_of(one.scores.num_rows, one.ready.bad, one.ready.seen)
            facts.add(found)
            if self.output.lower().endswith(".xlsx"):
                check_excel_rows(facts.n_rows)
            parts.write(number, one.ready.table, one.scores, one.mentions, found)
            meter.add(one.scores.num_rows)
        return facts

    def _place(self, parts: Parts, facts: Facts, start: int) -> ScoredFile:
        run = self._described
        n_resumed = sum(parts.facts(number)["n_rows"] for number in range(start))
        parts.note(run, kept.PLACING)
        notes = place(
            parts,
            facts.n_blocks,
            output=Path(self.output),
            mentions=self.mentions,
            unnamed=self.inputs.unnamed,
            meta=self._meta(facts.n_rows),
            own_ids=self._own_ids,
            facts=facts,
        )
        result = self._result(facts, n_resumed, notes)
        if self.resume:
            bad = [[one.file, one.row, one.reason, one.text] for one in facts.bad]
            parts.note(
                run,
                kept.DONE,
                outputs=self._outputs(),
                needs_review=facts.n_needs_review,
                facts={"n_rows": facts.n_rows, "n_bad": facts.n_bad, "bad": bad, "seen": dict(facts.seen)},
            )
            parts.clear(but=(kept.MANIFEST,))
        return result

    def _done(self, parts: Parts) -> ScoredFile:
        """Return what the earlier run did: there is nothing left to do."""
        left = parts.manifest() or {}
        parts.clear(but=(kept.MANIFEST,))  # it may have been ended before it was done with that
        facts = Facts()
        facts.add(left["facts"])
        facts.n_needs_review = left["needs_review"]
        note = Bilingual(
            "上次运行已经做完，没有再打分。", "An earlier run had done everything; nothing was scored."
        )
        return self._result(facts, facts.n_rows, [note])

    # --- into a pipe

    def _piped(self, run: Run, batch_rows: int, meter: _Meter, *, strict: bool) -> ScoredFile:
        """Write each block as soon as it is scored; duplicates are known by the hashes so far."""
        from contextlib import ExitStack

        from feedback_nlp.engines.duplicates import Seen
        from feedback_nlp.io.sinks import open_sink, standard_output
        from feedback_nlp.schema import mentions_schema

        facts, seen, notes = Facts(), Seen(), list[Bilingual]()
        schema = described(mentions_schema(), self._meta(None))
        with ExitStack() as stack:
            append = None
            if self.mentions is not None:
                path = stack.enter_context(aside(self.mentions))
                sink = open_sink(path, self.mentions.suffix.lower(), schema, notes)
                append = stack.enter_context(sink)
            write = stack.enter_context(standard_output(schema))
            for one in self._judged(run, self._checked(strict=strict), batch_rows):
                ids = one.scores["review_id"]
                again = seen.duplicates(one.scores["key"].combine_chunks(), ids.combine_chunks())
                roles = self.inputs.roles.columns
                columns = scores_of(one.scores, again, self.target, facts)
                write(joined(one.ready.table, ids, columns, roles))
                if append is not None and one.mentions is not None:
                    append(one.mentions.cast(schema))
                facts.add(facts_of(one.scores.num_rows, one.ready.bad, one.ready.seen))
                meter.add(one.scores.num_rows)
        return self._result(facts, 0, notes)

    # --- both

    @property
    def _own_ids(self) -> bool:
        return "review_id" in self.inputs.roles.columns

    def _checked(self, *, strict: bool) -> Iterator[Ready]:
        for ready in self.inputs.blocks():
            if strict and ready.bad:
                raise _stopped(ready.bad[0])
            yield ready

    def _judged(self, run: Run, blocks: Iterator[Ready], batch_rows: int) -> Iterator[Judged]:
        wanted = self.mentions is not None
        return judged(run, blocks, own_ids=self._own_ids, mentions=wanted, batch_rows=batch_rows)

    def _meta(self, n_rows: int | None) -> dict[str, Any]:
        more = {} if self.target is None else {"max_error": self.target}
        return more | {
            "input": self.inputs.source(n_rows),
            "roles": dict(self.inputs.roles.columns),
            "rating_scale": self.inputs.roles.rating_scale,
            "model": self.scorer.describe(),
            "safety_threshold": self.scorer.safety_threshold_,
            "taxonomy": self.taxonomy,
        }

    def _result(self, facts: Facts, n_resumed: int, notes: Sequence[Bilingual]) -> ScoredFile:
        mentions = None if self.mentions is None else str(self.mentions)
        target = () if self.target is None else target_note(self.target, facts.n_needs_review)
        return ScoredFile(
            self.output,
            mentions,
            facts.n_rows,
            facts.n_bad,
            tuple(facts.bad),
            facts.n_needs_review,
            n_resumed,
            (*facts.notes(), *notes, *target),
        )


class _Meter:
    """Counts reviews for the progress bar; the total is an estimate that never falls behind."""

    def __init__(self, progress: Progress | None, expected: int) -> None:
        self._progress = progress
        self._expected = expected
        self._done = 0

    def add(self, count: int) -> None:
        self._done += count
        if self._progress is not None and count:
            self._progress(self._done, max(self._done, self._expected))


def _stopped(bad: BadReview) -> InputError:
    said = bad.sentence()
    return InputError(
        Bilingual(f"{said.zh}，按 --strict 停下。", f"{said.en}; stopped because of --strict."),
        Bilingual(
            "改好这一行，或去掉 --strict（坏行保留、不打分）。",
            "Mend the row, or drop --strict (bad rows are kept without scores).",
        ),
    )
