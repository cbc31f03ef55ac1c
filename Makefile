# Two commands: `make reproduce` (the main job and its report) and `make test` (the fast tests).
# `make check` is everything: slow tests, lint, types, TeX, the site; `make docs` builds it in docs/built.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
JOBS ?= 2

# One thread a process: parallelism is over processes.
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.PHONY: reproduce test check lint types slow docs clean

reproduce: $(STAMP)
	$(BIN)/python -m derivations --quick --out report

test: $(STAMP)
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow"

slow: $(STAMP)
	$(BIN)/python -m pytest -n $(JOBS) -m slow

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

docs: $(STAMP)
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/built

check: lint types test slow

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python >= 3.11 is needed (make PYTHON=python3.12 ...)")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e .
	touch $(STAMP)

clean:
	rm -rf $(VENV) report docs/built docs/generated .pytest_cache .ruff_cache .mypy_cache .hypothesis
