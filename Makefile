# Every command of the house; `make help` lists them. What each needs is installed first, once, into .venv.
# Nothing below names an absolute path or relies on scripts in .venv/bin: folders may hold spaces and any letters.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help run test check audit fuzz format demo bench journeys screenshots faults pack lock setup clean

PYTHON ?=
HOST := $(or $(ASIMATI_HOST),127.0.0.1)
PORT := $(or $(ASIMATI_PORT),8000)
PY := .venv/bin/python
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
# pip and Python want a home to write to, which a bare container or a service account may not have.
export HOME := $(or $(HOME),$(CURDIR)/.venv)

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | awk -F ':.*## ' '{ printf "  make %-8s %s\n", $$1, $$2 }'

run: setup ## the whole house on embedded PostgreSQL and Redis, until Ctrl-C
	@exec $(PY) -m asimati up $(ARGS)

test: setup ## every test, on throw-away servers of its own
	@$(PY) -m pytest -n 2 -m "not faults and not browser" $(ARGS)

check: setup ## style, types, who may import whom, and what the house promises of itself
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()"
	@$(PY) -m pytest -n 2 tests/house
	@$(PY) requirements/audit.py

audit: setup ## whether a version we depend on has a known fault; asks the package index, or says that it cannot
	@$(PY) requirements/audit.py $(ARGS)

fuzz: setup ## every operation of the API, asked by everybody with many requests drawn from its document (FUZZ=25)
	@FUZZ="$(or $(FUZZ),25)" $(PY) -m pytest -n 2 tests/house/test_fuzz.py $(ARGS)

format: setup ## put the code into shape
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

demo: setup ## the three journeys, step by step, against the running house (second terminal)
	@ASIMATI_HOST="$(HOST)" ASIMATI_PORT="$(PORT)" $(PY) -m asimati.demo $(ARGS)

bench: setup ## how fast it is, on servers of its own
	@$(PY) -m bench $(ARGS)

journeys: setup ## people's ways through the pages, in a real browser (needs Chromium)
	@$(PY) -m pytest -m browser tests/journeys $(ARGS)

screenshots: setup ## pictures of the main pages in both languages, into docs/screenshots (needs Chromium)
	@mkdir -p docs/screenshots
	@PICTURES=docs/screenshots $(PY) -m pytest -m browser tests/journeys/test_pictures.py -k desk $(ARGS)

faults: setup ## kill, stop and double everything; slow
	@$(PY) -m pytest -m faults tests $(ARGS)

pack: setup ## check the configuration pack (ARGS=folder for another than the configured one)
	@$(PY) -m asimati pack check $(ARGS)

lock: ## write the lock files anew from pyproject.toml
	@command -v uv >/dev/null || { echo "make lock needs uv: https://docs.astral.sh/uv/" >&2; exit 1; }
	@$(COMPILE) pyproject.toml -o requirements/run.txt
	@printf 'relaxml\nthree\n' | $(COMPILE) --no-deps --no-annotate - -o requirements/clients.txt
	@$(COMPILE) --extra embedded --extra development -c requirements/run.txt pyproject.toml -o requirements/all.txt
	@echo hatchling | $(COMPILE) --no-annotate -c requirements/all.txt - -o requirements/build.txt

setup:
	@sh requirements/setup.sh "$(PYTHON)"

clean: ## remove .venv and caches; the data in .asimati stay
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find src workers tests bench -name __pycache__ -type d -prune -exec rm -rf {} +
