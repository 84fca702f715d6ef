SHELL := /bin/bash
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
DATA ?= ../shared/data/uk-food-hygiene-2015.parquet
DEMO := .goodstanding/demo
PORT ?= 8000
FAULTS ?= 500
export PYTHON

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo demo-reset demo-stop real bench bench-policy bench-kernel bench-real bench-ledger bench-linkage bench-wrong-person bench-constructs bench-planted bench-lookup faults tamper test test-long test-spark check docs wheel sbom release clean

# A virtual environment does not survive a move: forget that it was set up when the checkout lies elsewhere.
ifneq ($(shell cat .venv/place 2>/dev/null),$(shell pwd))
$(shell rm -f .venv/ready .venv/ready-dev .venv/ready-spark)
endif

help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' Makefile

setup: .venv/ready ## make .venv with what running needs, each file checked against its hash

.venv/ready: requirements.txt pyproject.toml scripts/venv
	scripts/venv
	$(PIP) --require-hashes -r requirements.txt
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

setup-dev: .venv/ready-dev ## add what tests and checks need

.venv/ready-dev: .venv/ready requirements-dev.txt
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

demo: setup ## make a synthetic city and serve its pages; what is there already is kept
	$(BIN)/goodstanding demo --folder $(DEMO) --port $(PORT)

demo-reset: setup ## make the synthetic city anew and serve its pages
	$(BIN)/goodstanding demo --folder $(DEMO) --port $(PORT) --reset

demo-stop: setup ## stop the demo's database
	$(BIN)/python -c "from pathlib import Path; from goodstanding.register.store.embedded import stop; \
	  stop(Path('$(DEMO)/postgresql'))"

real: setup ## rate the real food inspections in DATA=file
	$(BIN)/python benchmarks/real.py $(DATA)

MEASURED = bench-policy bench-kernel bench-real bench-ledger bench-linkage bench-constructs bench-planted bench-lookup tamper faults
bench: ## measure everything, beside others where there are any; a target that is missed fails in the end, not at once
	@$(MAKE) --no-print-directory --keep-going $(MEASURED)

bench-policy: setup-dev .venv-peers/ready ## measure policies beside rules engines: OpenFisca, ZEN, CEL, plain Python
	$(BIN)/python benchmarks/policy.py

.venv-peers/ready: benchmarks/peers/requirements.txt benchmarks/peers/lookup.txt scripts/peers | .venv/ready
	scripts/peers

bench-constructs: setup-dev ## print which constructs of the language, and pairs of them, generated policies reach
	$(BIN)/python -m tests.engine.constructs

bench-planted: setup-dev ## plant 31 errors in the compiled form, one by one, and time how soon each is found
	$(BIN)/python -m tests.engine.planted

bench-ledger: setup-dev .venv-peers/ready ## measure deliveries, reading the ledger, single acts and the log, beside a bare COPY and frictionless
	@missed=0; for one in ledger acts log verify; do $(BIN)/python -m benchmarks.$$one || missed=1; done; exit $$missed

bench-linkage: setup-dev .venv-peers/ready bench-wrong-person ## measure linkage beside Splink: quality, millions of records, a delivery; LINKAGE="--sizes 1000000 --subjects 0"
	$(BIN)/python -m benchmarks.linkage $(LINKAGE)

bench-wrong-person: setup-dev ## measure whom adverse records reach in a simulated nation, by three rules; NATION="--people 100000 --seeds 2"
	$(BIN)/python -m benchmarks.wrong_person $(NATION)

bench-lookup: setup-dev .venv-peers/ready ## measure looking up names among a million, beside nomenklatura; PAIRS=file compares labelled pairs
	$(BIN)/python benchmarks/lookup.py $(if $(PAIRS),--pairs $(PAIRS))

bench-kernel: setup-dev ## measure the kernels
	$(BIN)/python benchmarks/kernel.py

tamper: setup-dev ## edit a register behind its back, as a superuser without the key: what is not found? EDITS=1000
	$(BIN)/python benchmarks/tamper.py $(EDITS)

faults: setup-dev ## kill services and servers, fill disks, set clocks, restore backups: what is lost? FAULTS=500 runs, SEED=number
	$(BIN)/python -m benchmarks.faults $(FAULTS) $(SEED)

bench-real: setup ## measure on real data, DATA=file
	set -o pipefail; $(BIN)/python benchmarks/real.py $(DATA) | tee benchmarks/results/real.txt

test: setup-dev ## run all tests; without Chromium the browser tests are left out
	@scripts/chromium
	$(BIN)/python -m pytest -n 2

test-long: setup-dev ## many generated policies, and every planted error: half an hour
	$(BIN)/python -m pytest -n 2 -m long

test-spark: .venv/ready-spark ## run the tests of linking on a cluster; needs Java, and downloads Spark (450 MB)
	$(BIN)/python -m pytest tests/linkage/test_cluster.py

.venv/ready-spark: .venv/ready-dev requirements-spark.txt
	$(PIP) --require-hashes -r requirements-spark.txt
	@touch $@

check: setup-dev ## format, lint, types, imports, and whether generated pages are current
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/python -m mypy
	$(BIN)/python -m mypy docs/build.py
	$(BIN)/lint-imports
	$(BIN)/python docs/build.py --check

docs: setup ## write the pages of docs/reference that follow from the code
	$(BIN)/python docs/build.py

wheel: setup ## build dist/*.whl
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -w dist .

sbom: setup-dev ## write dist/sbom.json: every package of requirements.txt, with its hashes, as CycloneDX
	@mkdir -p dist
	$(BIN)/cyclonedx-py requirements requirements.txt --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --output-format JSON --output-file dist/sbom.json

release: setup-dev ## build the wheel and the SBOM, with hashes and a signed statement of where they are from; KEY=file
	@test -n "$(KEY)" || { echo "release: name the file of the release key: make release KEY=FILE" >&2; exit 1; }
	rm -rf dist
	$(MAKE) --no-print-directory wheel sbom
	$(BIN)/python scripts/release.py $(KEY)

clean: ## remove what builds, tests and checks leave; not .venv, not the demo
	rm -rf build dist site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests benchmarks docs -name __pycache__ -type d -prune -exec rm -rf {} +
