# Countersign. `make` lists what there is. Needs Python >= 3.11 with pip, and make; everything else goes into this folder.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help up test long chaos bench lint lock clean

UV := .tools/bin/uv
VENV_PYTHON := .venv/bin/python
# Options for a test run (all of them run in two processes, some in one) or a start: make test ARGS="-k audit", make up ARGS="--port 9000"
ARGS ?=

# Any Python on this machine that is new enough; PYTHON=/path/to/python chooses one.
find_python = for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && break; python=; done; \
	if [ -z "$$python" ]; then echo "Python 3.11 or newer is needed and none was found (PYTHON=/path/to/python names one)." >&2; exit 1; fi

# uv doesn't read pip's configuration: where only pip knows the package index (or a certificate), tell uv.
pip_setting = $$("$$python" -m pip config get "global.$(1)" 2>/dev/null | tr '\n' ' ' | sed 's/ *$$//')
uv_environment = export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_COMPILE_BYTECODE=1; \
	index="$${PIP_INDEX_URL:-$(call pip_setting,index-url)}"; extra="$${PIP_EXTRA_INDEX_URL:-$(call pip_setting,extra-index-url)}"; \
	cert="$${PIP_CERT:-$(call pip_setting,cert)}"; \
	[ -z "$$index" ] || export UV_INDEX_URL="$${UV_INDEX_URL:-$$index}"; \
	[ -z "$$extra" ] || export UV_EXTRA_INDEX_URL="$${UV_EXTRA_INDEX_URL:-$$extra}" UV_INDEX_STRATEGY=unsafe-best-match; \
	[ -z "$$cert" ] || export SSL_CERT_FILE="$${SSL_CERT_FILE:-$$cert}"
# Every package must have the hash that is written in the file.
sync = $(find_python); $(uv_environment); $(UV) pip sync --quiet --require-hashes --python $(VENV_PYTHON)

help: ## list these commands
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '  make %-6s %s\n' "$$name" "$$what"; done
	@echo '  Options go in ARGS: make up ARGS="--port 9000 --no-demo", make test ARGS="-k refund"'

up: .venv/runtime.stamp ## install what is needed and run the product; Ctrl-C stops it
	@exec $(VENV_PYTHON) manage.py up $(ARGS)

test: .venv/dev.stamp ## install what is needed and run every test
	@if ! command -v chromium >/dev/null 2>&1; then \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
			echo "Installing chromium for the browser tests ..."; \
			{ apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium; } >.tools/chromium.log 2>&1 \
				|| { tail -n 20 .tools/chromium.log >&2; echo "apt-get couldn't install the package chromium." >&2; exit 1; }; \
		else echo "The browser tests need the package chromium on the PATH: install it (as root: apt-get install chromium)." >&2; exit 1; fi; fi
	@exec $(VENV_PYTHON) -m pytest $(or $(ARGS),-n 2 --dist loadfile --no-loadscope-reorder -m "not long")

long: .venv/dev.stamp ## run the tests that take minutes: every page in a browser, every way of starting
	@exec $(VENV_PYTHON) -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m long $(ARGS)

chaos: .venv/dev.stamp ## kill everything at random under 1000 runs and count what was lost or doubled (ARGS="--runs 1000 --seed 7")
	@exec $(VENV_PYTHON) -m tests.chaos $(ARGS)

bench: .venv/dev.stamp ## measure what has to stay fast; fails when a goal is missed
	@exec $(VENV_PYTHON) -m bench $(ARGS)

lint: .venv/dev.stamp ## check style and layers
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m ruff format --check .
	@.venv/bin/lint-imports

lock: $(UV) ## write the requirements anew from pyproject.toml (ARGS=--upgrade takes newer versions)
	@$(find_python); $(uv_environment); export UV_CUSTOM_COMPILE_COMMAND="make lock"; \
	compile="$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 $(ARGS)"; \
	$$compile pyproject.toml -o requirements/runtime.txt && \
	$$compile pyproject.toml -c requirements/runtime.txt --extra embedded -o requirements/embedded.txt && \
	$$compile pyproject.toml -c requirements/embedded.txt --extra embedded --group dev -o requirements/dev.txt && \
	echo uv | $$compile - -o requirements/bootstrap.txt

clean: ## delete what make installed; the data folder var/ stays
	rm -rf .venv .tools .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(UV): requirements/bootstrap.txt
	@$(find_python); "$$python" -m pip --version >/dev/null 2>&1 \
		|| { echo "$$python has no pip: install it (Debian: apt-get install python3-pip) and run make again." >&2; exit 1; }; \
	echo "Installing into .tools and .venv ..."; \
	"$$python" -m pip install --quiet --disable-pip-version-check --no-warn-script-location --root-user-action=ignore \
		--upgrade --target .tools --require-hashes -r requirements/bootstrap.txt
	@touch $@

# A link to a Python that was removed counts as missing, so the environment is made again.
$(VENV_PYTHON): | $(UV)
	@$(find_python); $(uv_environment); $(UV) venv --quiet --clear --no-project --python "$$python" .venv

# Tests need more than the product does. Once they have been run here, a start keeps their packages instead of removing them.
.venv/runtime.stamp: requirements/embedded.txt $(UV) $(VENV_PYTHON)
	@if [ -e .venv/dev.stamp ]; then $(sync) requirements/dev.txt; else $(sync) requirements/embedded.txt; fi
	@touch $@

.venv/dev.stamp: requirements/dev.txt $(UV) $(VENV_PYTHON)
	@$(sync) requirements/dev.txt
	@touch .venv/runtime.stamp $@
