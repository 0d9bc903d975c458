# Andes. `make` lists the targets; each installs what it needs into .venv, nothing anywhere else.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run demo test check fix texts pictures addon bench sbom clean
.DELETE_ON_ERROR:

PORT ?= 8000
DATA ?= var
# Where the second test run finds a PostgreSQL server, as the current user; its data stay untouched.
SERVER_URL := $(or $(TEST_DATABASE_URL),postgresql://127.0.0.1:5432/postgres)
unexport TEST_DATABASE_URL

PYTHON := .venv/bin/python
# One worker more than cores: tests of processes that are killed and replaced mostly wait.
WORKERS = $(shell python3 -c "import os; print((os.cpu_count() or 1) + 1)")
PYTEST = .venv/bin/pytest -q -n $(WORKERS) --dist worksteal $(ARGS)
UV := $(shell command -v uv || echo .venv-tools/bin/uv)
RUN := .venv/.installed-run
DEV := .venv/.installed-dev
ASSETS := kernel/web/static/vendor/.digest

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(RUN) $(ASSETS) ## start Andes with a demo company; PORT=8000 DATA=var
	@$(PYTHON) server.py demo --data $(DATA) --port $(PORT)

demo: run ## the same

test: $(DEV) $(ASSETS) ## all tests, then once more on the server at TEST_DATABASE_URL; ARGS='-k …'
	@echo "Tests on the embedded PostgreSQL"
	@$(PYTEST)
	@if $(PYTHON) -c 'import sys, psycopg; psycopg.connect(sys.argv[1], connect_timeout=3)' \
	  "$(SERVER_URL)" 2>/dev/null; then \
	  echo "Tests on the PostgreSQL server (all but the slow ones)"; \
	  TEST_DATABASE_URL="$(SERVER_URL)" $(PYTEST) -m "not slow"; \
	elif [ "$${CI:-}" = true ]; then \
	  echo "CI needs a PostgreSQL server: none answers where TEST_DATABASE_URL says." >&2; exit 1; \
	else \
	  echo "Left out: no PostgreSQL server answers at 127.0.0.1:5432 (or TEST_DATABASE_URL)."; \
	fi

check: $(DEV) ## ruff, mypy --strict, import-linter, codespell
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet || { echo "Not formatted; \`make fix\` does it:" >&2; \
	  .venv/bin/ruff format --check >&2; exit 1; }
	@.venv/bin/mypy
	@.venv/bin/lint-imports --no-logo
	@.venv/bin/codespell
	@echo "All checks passed."

fix: $(DEV) ## repair what ruff can repair
	@.venv/bin/ruff check --fix --quiet || true
	@.venv/bin/ruff format --quiet
	@.venv/bin/ruff check --quiet

texts: $(DEV) ## bring the catalogues of translations up to date, and list what lacks one
	@$(PYTHON) -m kernel.texts

pictures: $(DEV) $(ASSETS) ## take the pictures of docs/img anew, from a demo company
	@$(PYTHON) -m tests.web.pictures $(ARGS)

addon: $(DEV) ## a new addon from the template; NAME=…
	@test -n "$(NAME)" || { echo "Say which: make addon NAME=warranty" >&2; exit 2; }
	@$(PYTHON) server.py addon new "$(NAME)"

bench: $(DEV) ## list the benchmarks
	@for file in $$(grep -l __main__ bench/*.py); do \
	  printf "  %-38s %s\n" "$(PYTHON) -m bench.$$(basename "$$file" .py)" \
	    "$$(sed -n '1s/"""//gp' "$$file")"; \
	done

sbom: | $(UV) ## every library of a release, CycloneDX 1.5 on standard output
	@$(UV) export --quiet --frozen --no-dev --all-extras --format cyclonedx1.5 \
	  | python3 -m kernel.sbom

clean: ## remove what make installed; keeps var/
	@rm -rf .venv .venv-tools kernel/web/static/vendor kernel/web/static/.vendor* node_modules
	@rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis
	@find . -name __pycache__ -not -path './var/*' -type d -prune -exec rm -rf {} +

# Installation -------------------------------------------------------------------------------------

.venv-tools/bin/uv:
	@echo "Installing uv into .venv-tools"
	@python3 -m venv .venv-tools
	@.venv-tools/bin/pip install --quiet --disable-pip-version-check uv

$(RUN): pyproject.toml uv.lock | $(UV)
	@echo "Installing Andes into .venv"
	@$(UV) sync --quiet --frozen --no-dev --inexact --extra fiscal --extra pdf
	@touch $@

$(DEV): pyproject.toml uv.lock | $(UV)
	@echo "Installing Andes and its development tools into .venv"
	@$(UV) sync --quiet --frozen
	@touch $(RUN) $@

$(ASSETS): package.json package-lock.json | $(RUN)
	@$(PYTHON) -m kernel.assets
	@touch $@

# Benchmarks ---------------------------------------------------------------------------------------

.PHONY: bench-sale bench-list bench-jobs bench-web bench-auth bench-cold bench-chaos bench-toggle bench-interrupt

bench-sale bench-list bench-jobs: $(RUN) | $(UV)
	@$(UV) sync --quiet --frozen --no-dev --inexact --group rivals
	@$(PYTHON) -m $(@:bench-%=bench.%) $(ARGS)

bench-auth bench-cold bench-chaos bench-toggle bench-interrupt bench-web: $(RUN)
	@$(PYTHON) -m $(@:bench-%=bench.%) $(ARGS)

.PHONY: bench-movimientos

bench-movimientos: $(RUN)
	@$(PYTHON) -m bench.movimientos $(ARGS)
