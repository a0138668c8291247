# make demo: the fictional client, from extracts to report.  make test: every check there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SPARK := .venv-spark
# without byte code each notebook's kernel would compile the package anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test test-spark lint messages fix bench lock clean

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 12

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

test-spark: $(SPARK)/.installed  ## that Spark counts what DuckDB counts, bit for bit; needs Java 17 or 21
	SEGKIT_MEMORY_MB=1024 JDK_JAVA_OPTIONS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" \
	  $(SPARK)/bin/python -m pytest tests/spark

# Spark and its translator beside what .venv has: one lock for each, and nothing installed twice
$(SPARK)/.installed: requirements-spark.lock $(VENV)/.installed
	$(PYTHON) -m venv $(SPARK)
	$(SPARK)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-spark.lock
	$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' > "$$($(SPARK)/bin/python -c 'import site; print(site.getsitepackages()[0])')/base.pth"
	@touch $@

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
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["spark"], sep="\n")' | \
	  uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	  --no-header --no-annotate --no-strip-extras - -o requirements-spark.lock

clean:  ## forget the environment and every report
	rm -rf $(VENV) $(SPARK) reports/*/ .mypy_cache .ruff_cache .hypothesis
