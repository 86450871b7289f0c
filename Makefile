# Two commands: `make run` builds the marts and shows them, `make test` proves them.
# uv is taken from the PATH, else fetched into .uv/ inside this checkout.
PYTHON ?= python3
UV := $(shell command -v uv || echo .uv/bin/uv)

.PHONY: run test lint lint-sql lint-python lint-project seeds docs screenshots clean
.DEFAULT_GOAL := run

run: $(filter .uv/%,$(UV))
	$(UV) run --frozen --no-dev tributary run

# Three processes, though CI has two cores: tests wait for other processes and for clocks.
test: lint
	$(UV) run --frozen --all-extras pytest -n 3 --dist loadfile --no-loadscope-reorder

# Linting SQL takes as long as all the rest: the three run side by side.
lint: $(filter .uv/%,$(UV))
	$(UV) sync --frozen --all-extras
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint-sql lint-python lint-project

lint-sql:
	$(UV) run --frozen --all-extras sqlfluff lint --disable-progress-bar --processes 2 models tests analyses

lint-python:
	$(UV) run --frozen --all-extras ruff check .
	$(UV) run --frozen --all-extras ruff format --check .
	$(UV) run --frozen --all-extras mypy

lint-project:
	$(UV) run --frozen --all-extras python -m tributary.portability
	$(UV) run --frozen --all-extras dbt --quiet parse --target lint --target-path target/lint
	$(UV) run --frozen --all-extras dbt-bouncer --config-file dbt-bouncer.yml

# The committed seeds are what the simulator writes with its defaults.
seeds: $(filter .uv/%,$(UV))
	$(UV) run --frozen tributary simulate --out seeds --force

# The models with their lineage, and the pages that read them, as one file that asks nothing of the network.
docs: $(filter .uv/%,$(UV))
	$(UV) run --frozen --no-dev tributary run
	$(UV) run --frozen --no-dev dbt --quiet docs generate --static --target-path target/docs
	cp target/docs/static_index.html target/docs.html

# The README's pictures of the pages, of what the checkout's own warehouse has published.
screenshots: $(filter .uv/%,$(UV))
	$(UV) run --frozen python -m tributary.dashboard.screenshots

clean:
	rm -rf target logs warehouse/build.duckdb* warehouse/spill

.uv/bin/uv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
