# Everything a developer or a first visitor needs, by name. `make help` lists it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

# Looked up when it is used, because the system packages may bring Python first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SET_UP := $(VENV)/.set-up

.PHONY: help setup system-packages demo test check format pictures clean
.DEFAULT_GOAL := help

help:  ## list what can be made
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)$$/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 26

setup: $(SET_UP)  ## make .venv with the package and everything for its tests (once)

system-packages:
	@scripts/install-system-packages.sh

$(SET_UP): pyproject.toml requirements/tested-versions.txt | system-packages
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "napari-unison needs Python 3.11 or newer; name one: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3.11" >&2; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --constraint requirements/tested-versions.txt \
	  --editable ".[gui]" --group test --group peer --group dev
	@touch $(SET_UP)

demo: setup  ## four simulated rats: train, embed, show in napari; run and figures in demo-output/
	$(BIN)/napari-unison demo --to demo-output

test: setup  ## run the tests, on all cores
	$(BIN)/pytest --numprocesses logical --dist loadfile --no-loadscope-reorder

check: setup  ## lint, types, walls between the rooms, napari's manifest
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/npe2 validate src/napari_unison/napari.yaml

format: setup  ## let ruff put the code in shape
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pictures: setup  ## take the pictures in docs/ again; those on real recordings need NAPARI_UNISON_TEST_DATA
	$(BIN)/python docs/make_tour.py
	$(BIN)/python docs/make_import_pictures.py
	$(BIN)/python docs/make_tutorials.py

clean:  ## remove what was made, except .venv
	rm -rf demo-output build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks -type d -name __pycache__ -prune -exec rm -rf {} +
