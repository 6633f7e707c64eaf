# `make` alone lists the targets.
SHELL := /bin/sh
PYTHON ?= python3.11
PYTHON := $(shell command -v $(PYTHON) || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz crash bounds sim bench check lint lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## create .venv from the hashed lock

# uv where it is installed, else venv and pip; both read the same lock and check its hashes.
$(READY): requirements/build.lock requirements/all.lock pyproject.toml
	@echo "setting up $(VENV) (a few minutes the first time)"
	@if command -v uv >/dev/null 2>&1; then \
	  uv venv --quiet --allow-existing --python "$(PYTHON)" $(VENV) && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/build.lock && \
	  uv pip install --quiet --python $(BIN)/python --require-hashes --no-build-isolation -r requirements/all.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps -e . ; \
	else \
	  "$(PYTHON)" -m venv $(VENV) && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-build-isolation -r requirements/all.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps -e . ; \
	fi
	@touch $(READY)

demo: $(READY) ## the whole journey on this machine (ARGS=--once: one synthetic customer, then exit)
	@$(BIN)/python -m vendrive demo $(ARGS)

test: $(READY) ## all tests (ARGS are passed to pytest)
	@$(BIN)/python -m pytest $(ARGS)

fuzz: $(READY) ## a rogue machine, hostile clients (ARGS="--seed S --messages N") and requests to the API (API="--cases N")
	@$(BIN)/python -m tests.fuzz $(ARGS)
	@$(BIN)/python -m tests.fuzz.api $(API)

crash: $(READY) ## processes die at every point of every operation, then under load (ARGS="--only book --load-s 0")
	@$(BIN)/python -W ignore -m tests.crash $(ARGS)

bounds: $(READY) ## prove the optima in benchmarks/tower again (ARGS="--only guangzhou42")
	@$(BIN)/python -m vendrive.planning.prove benchmarks/tower $(ARGS)

lint: $(READY) ## ruff, mypy strict and the import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

sim: $(READY) ## towers with people and faults: three minutes on two cores, then the figures (ARGS=--quick: under 50 s)
	@$(BIN)/python -m vendrive.bench faults $(ARGS)

bench: $(READY) ## the figures of every table, some 17 minutes (ARGS=--quick: 2)
	@missed=0; for table in faults tower flash scan; do \
	  echo "$$table"; $(BIN)/python -m vendrive.bench $$table $(ARGS) || missed=1; \
	done; exit $$missed

check: lint test ## what a commit must pass

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock: ## resolve the dependencies again (needs uv)
	$(COMPILE) --group pyproject.toml:build -o requirements/build.lock
	$(COMPILE) pyproject.toml --group build --group dev -o requirements/all.lock

clean: ## remove .venv and the demo's data
	rm -rf $(VENV) .demo
