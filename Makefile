# Every target does its own set-up: nothing to install or activate first.
# From the environment: HOST, PORT, DATABASE_URL and the other settings of inventory/config.py.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help run setup test test-sqlite test-postgresql lint format lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/run.stamp ## start the server (stop it with Ctrl-C)
	@exec $(BIN)/python -m inventory.serve

setup: .venv/dev.stamp ## install everything for running, testing and checking

# --- set-up ---------------------------------------------------------------------------------------

.venv/run.stamp: requirements.txt constraints.txt | .venv/bin/python
	@echo "Installing what the system needs …"
	@$(PIP) install --quiet -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements.txt requirements-dev.txt constraints.txt | .venv/bin/python
	@echo "Installing what the system and its tests need …"
	@$(PIP) install --quiet -r requirements-dev.txt
	@touch .venv/run.stamp $@

.venv/bin/python:
	@command -v $(PYTHON) >/dev/null || { \
		echo "Python is missing: install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1)." >&2; \
		echo "Name a newer one: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "Python's venv module is missing (Debian, Ubuntu: apt-get install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv --clear .venv
