# make demo: train the default recipe. make test: all tests. make check: what every commit passes (format, lint, types, fast tests).
# make test-full: two steps of every recipe in every mode, dtype and conditioning, more seeds (half an hour on 2 cores).
# make torture: faults injected into trainings, the table in docs/reliability.md (half an hour on 2 cores).
# make referee: other people's metrics against ours, live (1 GB of torch).
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach p,python3 python3.13 python3.12 python3.11,$(if $(shell $(p) -c 'import sys; print(sys.version_info >= (3, 11) or "")' 2>/dev/null),$(p))))
REFEREES := pytorch-fid==0.3.0 torch-fidelity==0.4.0  # need torchvision only for what is not asked of them

.PHONY: demo test test-full check torture referee format oldest newest
demo: $(VENV)/.installed
	$(BIN)/jaxgan train digits

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder --durations=8

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m "not slow"

test-full: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder -m full

torture: $(VENV)/.dev
	$(BIN)/python scripts/torture.py --write docs/reliability.md

referee: $(VENV)/.referee
	$(BIN)/python -m pytest -q -n 0 -m referee

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The ends of the range that pyproject.toml claims: make oldest needs python3.11, make newest python3.12 (or PYTHON=...).
oldest: PYTHON = python3.11
oldest: RESOLUTION = lowest-direct
newest: PYTHON = python3.12
newest: RESOLUTION = highest
oldest newest:
	$(PYTHON) -m venv $(VENV)-$@
	$(VENV)-$@/bin/python -m pip install -q --disable-pip-version-check uv
	$(VENV)-$@/bin/uv pip install -q --python $(VENV)-$@/bin/python --resolution $(RESOLUTION) -e '.[dev]'
	$(VENV)-$@/bin/uv pip list --python $(VENV)-$@/bin/python
	$(VENV)-$@/bin/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

$(VENV)/.installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "jaxgan needs Python 3.11 or newer: install one, or make PYTHON=/path/to/python"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/.referee: $(VENV)/.dev
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev,referee]'
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps $(REFEREES)
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@
