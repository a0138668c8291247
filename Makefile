# make demo: the fictional client, from extracts to report.  make test: every check there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# without byte code each notebook's kernel would compile the package anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test lint messages fix bench lock clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

install: $(VENV)/.installed  ## build .venv from the lock

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "segkit needs Python 3.11 or newer, this is %d.%d.\nFix: make PYTHON=python3.12 ..., with a newer Python" % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q segkit
	@touch $@

demo: install  ## write the fictional client's extracts, run the notebooks, print where the report is
	$(BIN)/segkit demo
	$(BIN)/segkit run engagements/demo

test: install  ## every test: code, types, imports, notebooks, the chain on demo and real data
	$(BIN)/segkit demo
	$(BIN)/python -m pytest -n 2 --dist loadfile --cov --cov-report= tests segkit

lint: install  ## ruff, mypy and import-linter alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

messages: install  ## bring the catalogues of segkit/locale up to date with the code and notebooks
	$(BIN)/python -m segkit.locale

fix: install  ## mend what ruff can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install  ## the ratios of benchmarks/, in one run
	$(BIN)/python -m benchmarks

lock:  ## resolve pyproject.toml anew for Linux, macOS and Windows; needs uv
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --no-strip-extras --extra dev --extra database pyproject.toml -o requirements.lock

clean:  ## forget the environment and every report
	rm -rf $(VENV) reports/*/ .mypy_cache .ruff_cache .hypothesis
