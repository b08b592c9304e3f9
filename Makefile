# Halon's verbs. `make help` lists them. Needs Python 3.11 or newer and make; everything else goes into .venv.

VENV    := .venv
PYTHON  := $(VENV)/bin/python
PIP     := $(PYTHON) -m pip --disable-pip-version-check --quiet
LOCKS   := requirements.txt requirements-demo.txt requirements-dev.txt
COMPILE := $(VENV)/bin/uv pip compile --no-config --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet
# Four workers, each file on one of them; tests/conftest.py has the files that take longest begin first.
TESTS   := $(PYTHON) -m pytest -n 4 --dist loadfile --no-loadscope-reorder

# Tests start some hundred Python processes: each would compile everything anew where bytecode is not kept.
test long e2e crash: export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo test long check lint formatting types layers e2e crash bench lock docs pictures clean

help:
	@echo "make setup   set up .venv with Halon and what the demo needs"
	@echo "make demo    set up, then one incident end to end on the embedded Temporal server"
	@echo "make test    set up, then the tests, but for the long ones"
	@echo "make long    the long tests: whole stories, and what is killed and waited for"
	@echo "make check   lint, formatting, types, layering"
	@echo "  make lint , make formatting , make types , make layers : one part of it alone"
	@echo "make e2e     the long tests, and the suite with real components (installs Prometheus, Alertmanager, PostgreSQL, Node.js by apt; SeaweedFS, Caddy, Envoy, Cerbos, Unleash, ContextForge, linters and agent frameworks into .e2e)"
	@echo "make crash   the whole story with the worker killed after every kind of activity"
	@echo "make bench   the benchmarks"
	@echo "make lock    remake the hashed requirements files from pyproject.toml"
	@echo "make docs    remake the tables in docs from the code"
	@echo "make pictures remake the pictures in docs (needs chromium; on Debian: apt-get install chromium)"
	@echo "make clean   remove .venv and everything that was built"

setup: $(VENV)/.ready-demo
	@echo "Halon is in $(VENV)/bin: try $(VENV)/bin/halon --help"

demo: $(VENV)/.ready-demo
	@$(PYTHON) demo/run.py

test: $(VENV)/.ready-dev
	$(TESTS) -m "not long" tests

long: $(VENV)/.ready-dev
	$(TESTS) -m long tests

check: lint formatting types layers

lint: $(VENV)/.ready-dev
	$(VENV)/bin/ruff check .

formatting: $(VENV)/.ready-dev
	$(VENV)/bin/ruff format --check .

types: $(VENV)/.ready-dev
	$(VENV)/bin/mypy

layers: $(VENV)/.ready-dev
	$(VENV)/bin/lint-imports

e2e: $(VENV)/.ready-dev
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" tests/e2e/install
	$(TESTS) -o norecursedirs=".* build dist" -m "long or e2e" tests

# The fourth way with a kill after every kind of activity; `make long` kills after those that leave a mark outside.
crash: $(VENV)/.ready-dev
	DYING_KINDS= $(PYTHON) -m pytest \
		tests/workflows/test_four_ways.py::test_way_1_in_the_strict_sandbox \
		tests/workflows/test_four_ways.py::test_way_4_killed_at_every_activity

bench: $(VENV)/.ready-dev
	$(PYTHON) -m benchmarks

# The dev file is resolved first and binds the other two, so that one .venv can hold all three.
lock: $(VENV)/.ready-dev
	$(COMPILE) pyproject.toml --extra embedded --group dev --upgrade --output-file requirements-dev.txt
	$(COMPILE) pyproject.toml --extra embedded --constraint requirements-dev.txt --output-file requirements.txt
	$(COMPILE) --group demo --constraint requirements-dev.txt --output-file requirements-demo.txt

docs: $(VENV)/.ready-dev
	$(PYTHON) docs/tables.py

pictures: $(VENV)/.ready-dev
	DEMO_TRANSCRIPT=.demo/run.jsonl $(PYTHON) demo/run.py
	$(PYTHON) demo/picture.py .demo/run.jsonl
	$(PYTHON) docs/pictures.py

clean:
	rm -rf $(VENV) build dist .demo .e2e .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A venv keeps the Python it was made with; `make clean` to change it.
$(PYTHON):
	@found=; for name in python3.13 python3.12 python3.11 python3 python3.14; do \
	  if "$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "Setting up $(VENV) with $$("$$name" --version)"; exec "$$name" -m venv $(VENV); \
	  fi; \
	  if command -v "$$name" >/dev/null 2>&1; then found="$$found, $$("$$name" --version 2>&1) ($$name)"; fi; \
	done; \
	{ echo "Halon needs Python 3.11 or newer, with its venv module."; \
	  if [ -n "$$found" ]; then echo "On this machine: $${found#, }, too old or without venv."; else echo "On this machine there is no Python 3."; fi; \
	  echo "  Debian, Ubuntu:  sudo apt install python3 python3-venv   (an older release: python3.11 python3.11-venv)"; \
	  echo "  Fedora:          sudo dnf install python3.12"; \
	  echo "  macOS:           brew install python@3.12"; \
	  echo "  Windows:         install WSL (wsl --install), open it, and follow Ubuntu's line there"; \
	  echo "Then type the same again: make $(MAKECMDGOALS)"; } >&2; \
	exit 1

$(VENV)/.ready-demo: $(PYTHON) requirements.txt requirements-demo.txt pyproject.toml
	@$(PYTHON) demo/install.py
	@touch $@

$(VENV)/.ready-dev: $(PYTHON) $(LOCKS) pyproject.toml
	@echo "Installing what the tests need into $(VENV): a minute or two the first time"
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
