# The commands of gridgeo. Each one sets up what it needs; a second run finds it there.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
BENCH ?=

.PHONY: setup demo test check trial bench clean

setup: .venv/.ready            ## the virtual environment, PostGIS, kernels compiled once

.venv/.ready: pyproject.toml constraints.txt tools/setup
	PYTHON="$(PYTHON)" tools/setup run

.venv/.ready-dev: .venv/.ready tools/setup
	tools/setup dev

.venv/.ready-browser: .venv/.ready-dev tools/setup
	tools/setup browser

demo: setup                    ## everything from nothing; ARGS="--no-serve" stops after writing
	$(BIN)/gridgeo demo $(ARGS)

test: .venv/.ready-browser     ## all tests, on a real PostGIS and a real browser
	$(BIN)/pytest $(ARGS)
	$(BIN)/pytest --doctest-modules --ignore gridgeo/store/migrations gridgeo $(ARGS)
	$(BIN)/pytest --nbmake notebooks $(ARGS)

check: .venv/.ready-dev        ## lint, format, types, floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

trial: .venv/.ready-browser    ## what is too long for every change: kills, long fuzz, large instances
	GRIDGEO_TRIAL=1 $(BIN)/pytest -m trial --timeout 3600 $(ARGS)
	HYPOTHESIS_PROFILE=trial $(BIN)/pytest tests/analysis tests/publish tests/ingest --timeout 3600 $(ARGS)

bench: .venv/.ready-dev        ## the tables of the targets, with peers; BENCH=name for one
	$(BIN)/python -m benchmarks $(BENCH)

clean:                         ## what make wrote, without the database
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
