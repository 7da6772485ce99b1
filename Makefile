# make demo    a comparison on real data, in an environment of its own
# make test    everything that CI checks
# make check   lint, format, types and import directions alone
# make bench   seconds per network against others, growth: docs/training.md (8 minutes)
# make claims  measure the claims anew: docs/claims.md (2 minutes)
# make facts   derive the catalogue's facts anew

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt
# One thread inside an operation: results then do not depend on how work is divided.
export OMP_NUM_THREADS ?= 1

.PHONY: demo test check bench claims facts clean

demo: .venv/.installed
	@$(BIN)/actscope compare sklearn:digits --seeds 10 --hidden 64,64

test: check
	$(BIN)/python -m pytest -n auto

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --cache-dir .venv/.import-linter
	$(BIN)/pyright

bench: .venv/.installed-bench
	$(BIN)/python benchmarks/train.py --shape all --repeats 5 --markdown
	$(BIN)/python benchmarks/growth.py --markdown

claims: .venv/.installed
	$(BIN)/actscope claims --out docs

facts: .venv/.installed-dev
	$(BIN)/python -m actscope.catalogue

# torch first and by its pin: a range would bring a newer build with gigabytes of CUDA.
.venv/.installed: pyproject.toml constraints.txt
	@echo "Setting up .venv (a minute or two, once) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(PIP) "$$(grep '^torch==' constraints.txt)"
	@$(PIP) -e .
	@touch $@

.venv/.installed-dev: .venv/.installed
	@$(PIP) -e '.[dev]'
	@touch $@

.venv/.installed-bench: .venv/.installed-dev
	@$(PIP) -e '.[bench]'
	@touch $@

clean:
	rm -rf .venv build .pytest_cache .ruff_cache .hypothesis src/*.egg-info
