# `make demo` and `make test` do all the set-up by themselves.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: install demo test check bench quality studies clean

install: .venv/installed

.venv/installed: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: install  ## train on the embedded digits for two minutes, score, report
	$(BIN)/rivals demo

check: install  ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: check  ## everything: style, types, tests, doctests
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 8

bench: install  ## speed and memory, as a table; about 10 minutes
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.metrics

quality: install  ## quality against minutes of every recipe on Fashion-MNIST (needs RIVALS_DATA); more than two hours
	$(BIN)/python -m benchmarks.quality

studies: install  ## all studies into docs/studies, and their page; hours
	set -e; for study in $$($(BIN)/python -c "from rivals.studies import STUDIES; print(*STUDIES)"); do \
	    $(BIN)/rivals study $$study --out docs/studies/$$study; done
	$(BIN)/python -m rivals.studies.page docs/studies

clean:
	rm -rf .venv build dist src/*.egg-info
