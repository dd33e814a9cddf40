# make sync           a demo: sync every connector's sandbox; for a real account: CONNECTOR=… CONFIG=… [DB=…] [SCHEMA=…] [STREAMS=…]
# make verify         check what a connector assumes about its vendor with your account: CONNECTOR=… CONFIG=… [REPORT=…]
# make models         build models over the rows (sessions, pages, users, retention …): [DB=…] [VARS=…]; see models/README.md
# make lint           ruff and mypy
# make test           lint, types, unit and integration tests (about six minutes)
# make test-all       the same and the slow tests: make sync, databases, builds, benchmarks, examples; CI runs it
# make test-models    build the models from every loader's tables, in two databases, and break each on purpose (15 minutes)
# make soak           the random tests with many more cases: data, faults, kills, bad input, load (a quarter of an hour)
# make bench          measure this project beside other ways to build it; the headline goes into the README (15 minutes)
# make test-packages  install the wheels with pip elsewhere and run them against the sandboxes
# make test-images    build all images and run them against the sandboxes
# make images         build the images of all connectors: [BASE_IMAGE=…] [DOCKER=…]
# make image          build the image of one connector: CONNECTOR=… [BASE_IMAGE=…] [DOCKER=…]
# make pyairbyte      install what examples/pyairbyte needs into .cache/pyairbyte (Python 3.11 or 3.12)
# make release-check  say whether a version could be tagged
# make dist           build the wheels and their bills of materials (SBOM) into dist/
# make lock           write uv.lock and all pinned requirements anew, after a pyproject.toml changed
# make manifests      write manifest.yaml and CLOUD.md of each connector, for Airbyte Cloud, after a connector changed (minutes)
# make licenses       write LICENSES.md anew, after uv.lock changed
# make docs           write the generated parts of the pages anew, after a spec, schema, command or target changed
# make format         fix what the formatter and the linter can fix
# make clean          remove what the other targets made
# make help           this list

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help sync verify models lint test test-all test-models soak bench test-packages test-images image images pyairbyte \
	release-check dist lock licenses docs manifests format clean

# 3.13 runs everything but `make pyairbyte`.
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python3.13 python; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& "$$p" -c 'import sys; print(sys.executable)' && break; done)

# Tools are pinned with their hashes in release/requirements.
UV_VERSION := $(shell sed -n 's/^uv==\([^ ]*\).*/\1/p' release/requirements/uv.txt)
UV := .cache/uv-$(UV_VERSION)/bin/uv
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv
# Behind a company's proxy the certificates are in the system's store.
export UV_SYSTEM_CERTS := true

# Where packages begin, for mypy.
EMPTY :=
BASES = $(subst $(EMPTY) ,:,$(strip shared $(wildcard source-*)))

help:
	@sed -n 's/^# make/make/p' Makefile

# Only options on the command line of make count: an exported DB may belong to another program.
given = $(if $(findstring command,$(origin $1)),--$2 '$(subst ','\'',$($1))')

# A database's URL may hold a password, and every user of the machine can see a command line: it stays out of it.
sync models: export SESSION_SYNC_DB = $(if $(findstring command,$(origin DB)),$(DB))

# What DB is: a file, a URL, or @FILE, where a file has the URL.
scheme = $(if $(filter @%,$(DB)),$(shell head -c 8 '$(subst ','\'',$(patsubst @%,%,$(DB)))' 2>/dev/null),$(DB))

sync: $(if $(wildcard .venv/.synced),.venv/.synced,.venv/.light) $(if $(findstring postgres,$(scheme)),$(if $(wildcard .venv/.synced),,.venv/.postgres))
	@env -u PYTHONDONTWRITEBYTECODE .venv/bin/python -m sync $(call given,CONNECTOR,connector) $(call given,CONFIG,config) \
		$(call given,SCHEMA,schema) $(call given,STREAMS,streams)

verify: $(if $(wildcard .venv/.synced),.venv/.synced,.venv/.light)
	@test -n "$(CONNECTOR)" -a -n "$(CONFIG)" || \
		{ echo "Say which: make verify CONNECTOR=source-uxcam CONFIG=secrets/uxcam.json [REPORT=report.json]" >&2; exit 2; }
	@.venv/bin/$(CONNECTOR) verify --config '$(subst ','\'',$(CONFIG))' $(call given,REPORT,report)

models: $(if $(wildcard .venv/.synced),.venv/.synced,.venv/.light) .cache/models/.synced \
		$(if $(findstring postgres,$(scheme)),$(if $(wildcard .venv/.synced),,.venv/.postgres))
	@.venv/bin/python -m sync.models $(call given,VARS,vars)

lint: .venv/.synced
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	MYPYPATH=$(BASES) .venv/bin/mypy shared integration_tests sync release examples benchmarks
	for vendor in source-*; do MYPYPATH=shared:$$vendor .venv/bin/mypy $$vendor || exit; done

# Many tests wait for a server: twice as many workers as cores. All of them import what the first one compiled.
PYTEST = env -u PYTHONDONTWRITEBYTECODE .venv/bin/pytest -n 4 --dist loadgroup

test: lint .cache/node/.synced
	$(PYTEST)

test-all: lint .cache/node/.synced .cache/models/.synced
	$(PYTEST) -m "not long and not models and not images and not packages"

# Every test of the models: three loaders' tables, two databases, each model broken on purpose, two more dialects.
test-models: .venv/.synced .cache/models/.synced .cache/models-compile/.synced
	.venv/bin/pytest -m "models or slow" sync/integration_tests/test_models.py

# The figures are printed whatever came of the tests. SEED=… repeats the random cases of a run.
soak: export SEED ?= $(shell od -An -N3 -tu4 /dev/urandom | tr -d ' ')
soak: export EXAMPLES ?= 25
soak: export KILLS ?= 9
soak: export WAREHOUSE_KILLS ?= 30
soak: export SESSIONS ?= 1000000
soak: export FIGURES := .cache/figures
soak: .venv/.synced
	@rm -f $(FIGURES)
	@echo "SEED=$$SEED"; .venv/bin/pytest -n 3 --timeout 3000 -m "soak or long"; status=$$?; \
		.venv/bin/python -m integration_tests.figures $(FIGURES); exit $$status

# Contenders that cannot live in the workspace have environments of their own, with exact pins.
BENCHED := $(patsubst benchmarks/requirements/%.txt,.cache/benchmarks/%/.synced,$(wildcard benchmarks/requirements/*.txt))

bench: .venv/.synced $(BENCHED)
	.venv/bin/python -m benchmarks

.cache/benchmarks/%/.synced: benchmarks/requirements/%.txt $(UV)
	$(UV) venv --quiet --clear --python "$(PYTHON)" ".cache/benchmarks/$*"
	$(UV) pip install --quiet --compile-bytecode --python ".cache/benchmarks/$*/bin/python" --requirement "$<"
	@touch $@

test-packages: .venv/.synced
	.venv/bin/pytest integration_tests/artifacts -m packages

# Where there is no container engine this says why and succeeds, but for CI=true.
test-images: .venv/.synced
	@.ci/with-engine sh -c '.venv/bin/python -m release.images && \
		.venv/bin/pytest -n 2 integration_tests/artifacts -m images && \
		.ci/with-podman .venv/bin/pytest -m images examples/integration_tests/test_pod.py'

# What these may be given is read from the environment: DOCKER, BASE_IMAGE, BUILD_OPTIONS.
image: $(if $(wildcard .venv/.synced),.venv/.synced,.venv/.light)
	@test -n "$(CONNECTOR)" || { echo "Say which: make image CONNECTOR=source-uxcam" >&2; exit 1; }
	@.venv/bin/python -m release.images "$(CONNECTOR)"

images: $(if $(wildcard .venv/.synced),.venv/.synced,.venv/.light)
	@.venv/bin/python -m release.images

release-check: .venv/.synced
	@.venv/bin/python -m release.check

format: .venv/.synced
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

# What is installed outside of the workspace: uv, what builds wheels, and the loader's DuckDB.
PINNED := $(wildcard release/requirements/*.in sync/*.in models/*.in)

lock: $(UV)
	$(UV) lock --quiet
	for tools in $(PINNED:.in=); do $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-annotate --output-file $$tools.txt $$tools.in || exit; done

# One wheel and one bill of materials for each distribution, as a release publishes them.
dist: .venv/.synced
	@.venv/bin/python -m release.dist

licenses: .venv/.synced
	@.venv/bin/python -m release.licenses > LICENSES.md

manifests: .venv/.synced
	@.venv/bin/python -m release.manifests
	@.venv/bin/python -m integration_tests.cloud

docs: .venv/.synced
	@.venv/bin/python -m release.docs

clean:
	rm -rf .venv .cache build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Node and npm themselves come from the lock.
.cache/node/.synced: .venv/.synced integration_tests/node/package-lock.json
	@mkdir -p .cache/node && cp integration_tests/node/package.json integration_tests/node/package-lock.json .cache/node
	.venv/bin/npm ci --prefix .cache/node --ignore-scripts --no-audit --no-fund --silent
	@touch $@

$(UV):
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, with venv and pip." >&2; exit 1; }
	"$(PYTHON)" -m venv ".cache/uv-$(UV_VERSION)"
	".cache/uv-$(UV_VERSION)/bin/python" -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement release/requirements/uv.txt

# What the CDK needs for connectors that read files or vectors, and no connector here imports: 160 MB.
UNUSED := google-api-core google-auth google-cloud-secret-manager googleapis-common-protos grpc-google-iam-v1 grpcio \
	grpcio-status joblib nltk numpy pandas proto-plus protobuf rapidfuzz regex unidecode
LOCKED := $(UV) uv.lock pyproject.toml shared/pyproject.toml $(wildcard source-*/pyproject.toml)

# Only what `make sync` runs. Bytecode is written as it is imported, by all processes of a sync.
.venv/.light: $(LOCKED)
	@echo "Installing what make sync needs into .venv, once: 390 MB, a minute or less on a fast line."
	@$(UV) sync --locked --inexact --all-packages --group sync $(UNUSED:%=--no-install-package %) --python "$(PYTHON)" --quiet
	@touch $@

.venv/.postgres: $(LOCKED)
	@$(UV) sync --locked --inexact --all-packages --group sync --group postgres $(UNUSED:%=--no-install-package %) \
		--python "$(PYTHON)" --quiet
	@touch $@

.venv/.synced: $(LOCKED)
	$(UV) sync --locked --all-packages --group dev --group sync --group postgres --group tools --python "$(PYTHON)" --compile-bytecode --quiet
	@touch $@

pyairbyte: .cache/pyairbyte/.synced

.cache/pyairbyte/.synced: export UV_PROJECT_ENVIRONMENT := .cache/pyairbyte
.cache/pyairbyte/.synced: $(LOCKED)
	$(UV) sync --locked --all-packages --group pyairbyte --python "$(PYTHON)" --quiet
	@touch $@

# dbt in an environment of its own: `make sync` does not need it.
.cache/models/.synced: export UV_PROJECT_ENVIRONMENT := .cache/models
.cache/models/.synced: $(LOCKED)
	@echo "Installing dbt into .cache/models, once."
	@$(UV) sync --locked --only-group models --python "$(PYTHON)" --compile-bytecode --quiet
	@touch $@

# The adapters of the warehouses that the models are only compiled for.
.cache/models-compile/.synced: models/compile.txt $(UV)
	$(UV) venv --quiet --clear --python "$(PYTHON)" .cache/models-compile
	$(UV) pip install --quiet --python .cache/models-compile/bin/python --require-hashes --requirement "$<"
	@touch $@
