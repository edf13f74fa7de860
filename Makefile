# A few verbs. Run them inside a virtual environment made as README says.
.PHONY: install test lint format demo train sample bundle ci

install:
	pip install -c constraints.txt -e ".[dev]"

test:
	pytest -n 2

lint:
	ruff check .
	ruff format --check .
	mypy

format:
	ruff format .
	ruff check --fix .

demo:
	feedback-nlp demo

train:
	python benchmarks/train_linear.py --teacher models/encoder

sample:
	python scripts/make_sample.py

bundle:
	python scripts/make_bundle.py

ci:
	.ci/run
