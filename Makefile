# Every target makes what it needs: on a fresh Debian machine python3 (>= 3.11), git and make are enough.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-unit test-etcd test-kill test-image lint format generate bench clean

help: ## Show the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-12s %s\n", $$1, $$2}'

setup: $(READY) ## Make .venv with every extra that the tests and the demo need

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "kubewright needs Python 3.11 or newer: set PYTHON=python3.x")'
	@$(PYTHON) -m venv $(VENV) || { echo "no venv module: installing Debian's python3-venv"; apt-get install -y python3-venv && $(PYTHON) -m venv $(VENV); }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[contribute]'
	@touch $@

demo: $(READY) ## Run the Website operator end to end on the embedded control plane
	$(BIN)/kubewright demo

test: $(READY) ## Run the test-suite
	$(BIN)/python -m pytest -n auto --dist worksteal -q

UNIT := objects cel schema client transport cache workqueue controller webhook

test-unit: $(READY) ## Run the tests of the rooms that need no cluster: seconds
	$(BIN)/python -m pytest -n auto --dist worksteal -q $(UNIT:%=tests/%)

test-etcd: $(READY) ## Run the tests that need etcd, and the servers' tests on it; it is installed where it is missing
	@command -v etcd >/dev/null || apt-get install -y etcd-server || { echo "cannot install Debian's etcd-server"; exit 1; }
	$(BIN)/python -m pytest -n0 -q -m etcd
	$(BIN)/python -m pytest -n auto --dist worksteal -q --etcd tests/apiserver tests/cache tests/manager tests/operator

test-kill: $(READY) ## Kill servers hundreds of times while they write
	KUBEWRIGHT_KILLS=300 $(BIN)/python -m pytest -n0 -q tests/apiserver/test_kill.py

test-image: $(READY) ## Play a new project's Dockerfile through, without a container engine (installs from the index)
	$(BIN)/python tools/build_without_engine.py

lint: $(READY) ## Formatting, lint rules, import floors, strict types
	$(BIN)/ruff format --check src tests tools examples bench
	$(BIN)/ruff check src tests tools examples bench
	$(BIN)/lint-imports
	$(BIN)/mypy

format: $(READY) ## Format the sources and fix what lint can fix
	$(BIN)/ruff format src tests tools examples bench
	$(BIN)/ruff check --fix src tests tools examples bench

generate: $(READY) ## Write the generated sources anew (a second run changes nothing)
	$(BIN)/python tools/generate_objects.py
	$(BIN)/python tools/generate_reference.py
	$(BIN)/python tools/generate_api_reference.py

BENCH := .venv-bench

bench: $(READY) $(BENCH)/.ready ## Measure, beside the peers from PyPI, and write docs/benchmarks.md
	$(BIN)/python -m bench --write docs/benchmarks.md

$(BENCH)/.ready:
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install --quiet --disable-pip-version-check kopf kubernetes kubernetes-asyncio lightkube kr8s msgspec
	@touch $@

clean: ## Remove what the targets made
	rm -rf $(VENV) $(BENCH) .pytest_cache .mypy_cache .ruff_cache build dist
