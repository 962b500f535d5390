# Every target does its own set-up: nothing to install or activate first.
# From the environment: HOST, PORT, DATABASE_URL and the other settings of inventory/config.py.

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.DEFAULT_GOAL := help
.PHONY: help run dev setup check test nightly test-sqlite test-postgresql api-fuzz attack slow-clients chaos chaos-long powercut drills soak bench lighthouse screenshots prove-fresh prove-image messages lint format lock clean

# One more than there are cores, since tests wait for servers and browsers; more than four only
# disturb one another. Both databases at once take as long as one after the other.
RUNNERS := $(shell $(PYTHON) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))' 2>/dev/null)
# A few tests start sooner in one process. A number in ARGS ("-n 3 -k web") is the last word.
NAMES_TESTS := $(filter -k% tests/%,$(ARGS))
PYTEST := $(BIN)/python -m pytest --dist=worksteal \
	--numprocesses=$(if $(NAMES_TESTS),0,$(or $(RUNNERS),2))
# The servers that tests start would compile the whole program each time.
unexport PYTHONDONTWRITEBYTECODE
SUMMARY := .pytest_cache/summary

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Settings come from the environment (docs/running.md), for example:"
	@echo "  make run PORT=8001"
	@echo "  make run DATABASE_URL=postgresql://USER:PASSWORD@HOST/DATABASE"

run: .venv/run.stamp ## start the server (stop it with Ctrl-C)
	@exec $(BIN)/python -m inventory.server

dev: setup ## debug server with reload, demo data and an account: admin / a quiet warehouse
	@export INSTANCE_PATH="$${INSTANCE_PATH:-$(CURDIR)/instance/dev}"; \
	[ -f "$$INSTANCE_PATH/inventory.db" ] || { $(BIN)/flask db upgrade 2>/dev/null \
		&& $(BIN)/flask demo load && echo "a quiet warehouse" \
		| $(BIN)/flask users create admin --role admin --password-stdin; } || exit 1; \
	exec $(BIN)/flask run --debug --host "$${HOST:-127.0.0.1}" --port "$${PORT:-8000}"

check: lint ## style, format, types, and the tests of the core on SQLite: before each commit
	@TEST_DATABASE=sqlite $(PYTEST) --quiet tests/architecture tests/barcodes tests/common \
		tests/idempotency tests/ledger tests/queries tests/stock tests/test_catalog.py $(ARGS)

test: setup ## run all tests on SQLite and on PostgreSQL, in a browser too (ARGS="-k login" for some)
	@mkdir -p $(dir $(SUMMARY)); rm -f $(SUMMARY)-*; status=0; \
	for kind in sqlite postgresql; do \
		TEST_DATABASE=$$kind TEST_SUMMARY=$(SUMMARY)-$$kind $(PYTEST) $(ARGS) || status=1; \
	done; \
	echo; for kind in sqlite postgresql; do \
		cat $(SUMMARY)-$$kind 2>/dev/null || { echo "$$kind: the tests did not finish"; status=1; }; \
	done; exit $$status

nightly: setup ## `make test` with its whole matrices (docs/testing.md): an hour on two cores
	@NIGHTLY=1 AXE=all E2E_SERVER=processes KILLS=30 $(MAKE) --no-print-directory test

test-sqlite: setup ## run all tests on SQLite only
	@TEST_DATABASE=sqlite $(PYTEST) $(ARGS)

test-postgresql: setup ## run all tests on PostgreSQL only
	@TEST_DATABASE=postgresql $(PYTEST) $(ARGS)

api-fuzz: setup ## attack the API from its own description for a minute and a half (ARGS="postgresql")
	@$(BIN)/python -m tests.api.fuzz $(ARGS)

attack: setup ## send 20,000 hostile requests to every form and route, on both databases (ARGS="--seed 7")
	@$(BIN)/python -m tests.stress.attack $(ARGS)

slow-clients: setup ## hold the server with 200 slow clients of each kind (ARGS="postgresql --seconds 30")
	@$(BIN)/python -m tests.stress.attack.slow_clients $(ARGS)

chaos: setup ## work under kills, pauses and broken wires (ARGS="postgresql --strikes 200 --hard")
	@$(BIN)/python -m tests.stress.chaos $(ARGS)

chaos-long: setup ## all figures of docs/faults.md, into a folder (root, FUSE, libfaketime; two hours)
	@for run in "chaos sqlite --strikes 290" "chaos postgresql --strikes 290 --hard" \
		"chaos sqlite --strikes 120 --hard" "chaos sqlite --strikes 0 --answers 10000" \
		"chaos postgresql --strikes 0 --answers 10000" "chaos.same_key sqlite" \
		"chaos.same_key postgresql" "powercut sqlite --cuts 60" "powercut postgresql --cuts 24" \
		"powercut sqlite --careless synchronous=NORMAL" \
		"powercut sqlite --careless synchronous=OFF" \
		"powercut postgresql --careless synchronous_commit=off" \
		"powercut postgresql --careless fsync=off" "chaos sqlite --strikes 6 --mutant keys-forgotten" \
		"chaos sqlite --strikes 6 --mutant answer-before-commit" "drills"; do \
		$(BIN)/python -m tests.stress.$$run --figures $(or $(FIGURES),figures) || exit 1; \
	done; $(BIN)/python -m tests.stress.chaos.figures $(or $(FIGURES),figures)

powercut: setup ## cut the power under the working product (needs root, FUSE; ARGS="postgresql --cuts 20")
	@$(BIN)/python -m tests.stress.powercut $(ARGS)

drills: setup ## rehearse fail-over to a standby, and full disks, ten times each (ARGS="--rounds 3")
	@$(BIN)/python -m tests.stress.drills $(ARGS)

soak: setup ## let a tablet lose answers, pages and servers for 500 operations (SOAK=2000 for more)
	@SOAK=$${SOAK:-500} $(BIN)/python -m pytest --capture=no tests/e2e/test_floor_soak.py \
		tests/stress/soak/other_browsers.py $(ARGS)

bench: setup ## measure it all, on both databases: the figures of docs/benchmarks.md (an hour and a half)
	@$(BIN)/python -m bench.figures --run $(ARGS)

lighthouse: setup ## have Lighthouse look at the main screens as a phone would (needs Node; ARGS="--only /")
	@$(BIN)/python -m bench.lighthouse $(ARGS)

screenshots: setup ## take the pictures of the README and of the guide anew
	@$(BIN)/python -m bench.screenshots $(ARGS)

prove-fresh: ## run both commands of the README in a bare Debian (root; ARGS="--short")
	@deploy/prove-fresh $(ARGS)

prove-image: setup ## take the Dockerfile's steps without a container engine, and run what comes of them
	@$(BIN)/python -m deploy.prove_image

messages: setup ## bring the catalogs of translated texts up to date, and report what is missing
	@$(BIN)/python -m inventory.translations.update

lint: setup ## check style, format and types
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

format: setup ## put the code into its format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

lock: ## choose the newest versions of what requirements*.txt do not pin
	@rm -rf .venv/lock && $(PYTHON) -m venv .venv/lock
	@sed '/^-c/d' requirements.txt > .venv/lock/requirements.txt
	@sed '/^-r/d' requirements-dev.txt > .venv/lock/dev.txt
	@.venv/lock/bin/python -m pip install --quiet -r .venv/lock/requirements.txt -r .venv/lock/dev.txt
	@{ echo "# The exact set that was tested: written by \`make lock\`, not by hand."; \
		.venv/lock/bin/python -m pip freeze; } > .venv/lock/constraints.txt
	@mv .venv/lock/constraints.txt constraints.txt && rm -rf .venv/lock

clean: ## remove what make installed and the tools left (never instance/, your data)
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

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
