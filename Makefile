# One word per chore. Everything happens in .venv, made by `make env`.
VENV := .venv
BIN := $(VENV)/bin
# The first Python from 3.11 on that is on the path; uv is used where it is.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

.PHONY: env demo test test-slow lint format bench lock clean

env: $(VENV)/.made

$(VENV)/.made: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed."; exit 1; }
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

demo: env
	@$(BIN)/call-coach demo

test: env
	$(BIN)/python -m pytest -q

lint: env
	$(BIN)/ruff format --check backend tests bench
	$(BIN)/ruff check backend tests bench
	$(BIN)/mypy

format: env
	$(BIN)/ruff format backend tests bench
	$(BIN)/ruff check --fix backend tests bench

bench: env
	$(BIN)/python -m bench

# The versions in requirements.lock, newly resolved. Needs uv.
lock:
	uv pip compile -q --universal --prerelease=if-necessary-or-explicit --group dev --extra postgres \
		--no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache
