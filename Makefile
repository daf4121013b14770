# Everything runs in .venv, from the lock, against the built wheel.
PYTHON ?= python3.11
HOST ?= fastapi
UV ?= uv
BIN := .venv/bin
# Compiled once, whatever the environment says: the tests' modules are read by every worker and by the programs that tests start.
export PYTHONDONTWRITEBYTECODE :=
# -P keeps the checkout off the path: `import ctsec` finds the installed wheel only.
PYTEST := CTSEC_TEST_INSTALLED=1 $(BIN)/python -P -m pytest -p no:cacheprovider -n 3 --dist loadgroup
SOURCES := $(shell find src -type f -not -path '*/__pycache__/*' 2>/dev/null)
EXTRAS := bcrypt fast fastapi flask postgres mariadb redis sqlite migrations aws pkcs11 parquet passkeys saml scim sso timestamps testing

.PHONY: demo serve test check mypy pyright rows laws bench soak twin sbom lock install clean help
.DELETE_ON_ERROR:

help:
	@echo "demo serve (HOST=fastapi|flask), test, check, rows, laws, bench, soak, twin, sbom, lock, clean"

install: .venv/.wheel .venv/.node

.venv/.lock: requirements/lock.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install -qq --require-hashes -r requirements/lock.txt
	touch $@

.venv/.wheel: .venv/.lock pyproject.toml README.md LICENSE $(SOURCES)
	rm -rf dist
	$(BIN)/python -m build --wheel --no-isolation --outdir dist . > .venv/build.log 2>&1 || { cat .venv/build.log; exit 1; }
	$(BIN)/python -m pip install -qq --no-index --no-deps --force-reinstall dist/ctsec-*.whl
	touch $@

# Independent programs of Node.js for the tests; a machine without npm does without them, and the tests' header says so.
.venv/.node: tests/node/package-lock.json .venv/.lock
	rm -rf .venv/node
	mkdir .venv/node
	cp tests/node/package.json tests/node/package-lock.json tests/node/.npmrc .venv/node/
	if command -v npm > /dev/null; then npm ci --prefix .venv/node --silent; fi
	touch $@

demo: install
	$(BIN)/python -P examples/demo.py --host $(HOST)

serve: install
	$(BIN)/python -P examples/demo.py --host $(HOST) --serve

# Other libraries of SAML for a second opinion; without this the tests' header says that they are missing.
.venv/saml/.lock: requirements/saml.txt .venv/.lock
	test -x .venv/saml/bin/python || $(PYTHON) -m venv .venv/saml
	.venv/saml/bin/python -m pip install -qq --require-hashes -r requirements/saml.txt
	touch $@

test: install $(if $(CTSEC_TEST_REQUIRE),.venv/saml/.lock)
	rm -f .rows.json
	$(PYTEST) tests

# These tests wait for nothing, so that a third process would only collect them once more.
check: install $(if $(CTSEC_TEST_REQUIRE),.venv/saml/.lock)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/twin.py --check
	$(MAKE) --no-print-directory -j 2 mypy pyright
	$(PYTEST) -n 2 tests/unit tests/architecture

mypy: install
	$(BIN)/mypy

pyright: install
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(BIN)/pyright --pythonpath $(BIN)/python

rows: install
	$(BIN)/python tools/rows.py

laws: install
	PYTHONPATH=. $(BIN)/python -P -m tests.laws

.venv/peers/.lock: requirements/peers.txt .venv/.lock
	test -x .venv/peers/bin/python || $(PYTHON) -m venv .venv/peers
	.venv/peers/bin/python -m pip install -qq --require-hashes -r requirements/peers.txt
	touch $@

bench: install .venv/peers/.lock .venv/saml/.lock
	PYTHONPATH=. $(BIN)/python -P -m benchmarks

soak: install .venv/saml/.lock
	CTSEC_SOAK=1 $(PYTEST) -m slow tests

sbom: .venv/.lock
	mkdir -p dist
	$(BIN)/python tools/sbom.py > dist/ctsec.cdx.json

twin: .venv/.lock
	$(BIN)/python tools/twin.py

lock:
	$(UV) pip compile pyproject.toml requirements/dev.in $(addprefix --extra ,$(EXTRAS)) --generate-hashes --universal --no-header --no-annotate \
		--no-emit-package ctsec --python-version 3.11 --quiet --output-file requirements/lock.txt
	$(UV) pip compile requirements/peers.in --generate-hashes --universal --no-header --no-annotate --python-version 3.11 --quiet \
		--output-file requirements/peers.txt
	$(UV) pip compile requirements/saml.in --generate-hashes --universal --no-header --no-annotate --python-version 3.11 --quiet \
		--output-file requirements/saml.txt
	sed -i -E '/^--(index|extra-index|find-links)/d' requirements/lock.txt requirements/peers.txt requirements/saml.txt

clean:
	rm -rf .venv dist build .rows.json .hypothesis .mypy_cache .ruff_cache .pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
