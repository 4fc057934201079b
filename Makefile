.DEFAULT_GOAL := help
SHELL := /bin/sh
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/ready ## Make .venv with everything that is pinned

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 …")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

run: setup ## Serve the record at http://127.0.0.1:8000 (ARGS="--port 9000 --workers 4")
	@exec $(BIN)/copperplate serve $(ARGS)

test: setup ## Run all tests (ARGS="-k ratings", JOBS=3 at once)
	$(BIN)/python -m pytest -rs -n $(or $(JOBS),3) --dist loadfile \
		--no-loadscope-reorder $(ARGS)

soak: setup ## Kill writers 50 times on each database (ROUNDS=200), replay 100 histories, try more requests
	COPPERPLATE_KILL_ROUNDS=$(or $(ROUNDS),50) COPPERPLATE_HISTORIES=$(or $(HISTORIES),100) \
		COPPERPLATE_SCHEMATHESIS_EXAMPLES=$(or $(EXAMPLES),40) \
		$(BIN)/python -m pytest -s tests/test_kill.py tests/test_killed_write.py \
		tests/test_replay.py tests/test_schemathesis.py $(ARGS)

check: setup ## Lint, type-check, and check the imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## Format the code and mend what lint can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

openapi: setup ## Write openapi.yaml anew from the schemas and endpoints
	$(BIN)/copperplate openapi > openapi.yaml.new
	mv openapi.yaml.new openapi.yaml

examples: setup ## Make the examples of the contract anew, from the founding record
	$(BIN)/python -m tests.shown
	$(MAKE) openapi

check-openapi: ## Lint openapi.yaml with Spectral, as the tests do where Node is (it is fetched)
	npx --yes --prefer-offline @stoplight/spectral-cli@6.16.3 lint openapi.yaml --fail-severity error

wheel: setup ## Build the wheel of the client for integrators (dist/)
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation -w dist ./copperplate_client

bench: setup ## Measure the hot paths beside their opponents
	$(BIN)/python -m bench $(ARGS)

lock: setup ## Pin the dependencies anew, with hashes
	$(BIN)/python -m pip install --quiet pip-tools
	$(BIN)/pip-compile --quiet --extra dev --generate-hashes --allow-unsafe --strip-extras \
		--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-header \
		--output-file requirements.lock pyproject.toml

.PHONY: help setup run test soak check format openapi examples check-openapi wheel bench lock
