# make sync    sync every connector against the local sandbox, or one for real: CONNECTOR=… CONFIG=… [DB=…] [STREAMS=…]
# make test    lint, types, unit and integration tests
# make bench   measure this project beside other ways to build it; the table goes into the README (15 minutes)
# make format  let the formatter and the linter mend what they can
# make clean   remove what the other targets made

SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help sync test bench format clean

# Python 3.11 or 3.12 runs everything; 3.13 all but `make sync`, since PyAirbyte does not run there yet.
PYTHON ?= $(shell for p in python3.12 python3.11 python3 python3.13 python; do \
	"$$p" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& "$$p" -c 'import sys; print(sys.executable)' && break; done)

UV_VERSION := 0.13.8
UV := .cache/uv-$(UV_VERSION)/bin/uv
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := .venv

# Where packages begin, for mypy.
EMPTY :=
BASES = $(subst $(EMPTY) ,:,$(strip shared $(wildcard source-*)))

help:
	@sed -n 's/^# //p' Makefile | head -5

# No telemetry and no look-up of any registry of connectors.
sync: .venv/.synced
	@AIRBYTE_OFFLINE_MODE=1 DO_NOT_TRACK=1 AIRBYTE_LOGGING_ROOT=.cache/logs PYTHONWARNINGS=ignore .venv/bin/python -m sync \
		$(if $(CONNECTOR),--connector "$(CONNECTOR)") $(if $(CONFIG),--config "$(CONFIG)") \
		$(if $(DB),--db "$(DB)") $(if $(STREAMS),--streams "$(STREAMS)")

test: .venv/.synced
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	MYPYPATH=$(BASES) .venv/bin/mypy shared integration_tests sync benchmarks
	for vendor in source-*; do MYPYPATH=shared:$$vendor .venv/bin/mypy $$vendor || exit; done
	.venv/bin/pytest -n 2 --dist loadgroup

# Contenders that cannot live in the workspace have environments of their own, with exact pins.
BENCHED := $(patsubst benchmarks/requirements/%.txt,.cache/benchmarks/%/.synced,$(wildcard benchmarks/requirements/*.txt))

bench: .venv/.synced $(BENCHED)
	.venv/bin/python -m benchmarks

.cache/benchmarks/%/.synced: benchmarks/requirements/%.txt $(UV)
	$(UV) venv --quiet --clear --python "$(PYTHON)" ".cache/benchmarks/$*"
	$(UV) pip install --quiet --compile-bytecode --python ".cache/benchmarks/$*/bin/python" --requirement "$<"
	@touch $@

format: .venv/.synced
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(UV):
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, with venv and pip." >&2; exit 1; }
	"$(PYTHON)" -m venv ".cache/uv-$(UV_VERSION)"
	".cache/uv-$(UV_VERSION)/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"

.venv/.synced: $(UV) uv.lock pyproject.toml shared/pyproject.toml $(wildcard source-*/pyproject.toml)
	$(UV) sync --locked --all-packages --all-groups --python "$(PYTHON)" --compile-bytecode --quiet
	@touch $@
