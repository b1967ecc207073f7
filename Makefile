# `make run` serves the portal, `make test` checks everything; `make help` lists the rest.

VENV ?= .venv
HOST ?= 127.0.0.1
PORT ?= 8000
DOCS_PORT ?= 8001
BIN := $(VENV)/bin

# An installation is named by the content of what it was made from, so that it is made again when that changes and
# only then.
stamp = $(VENV)/.$(1)-$(shell cat pyproject.toml breadth/pyproject.toml requirements/$(1).txt | cksum | tr ' ' '-')
RUN := $(call stamp,run)
TEST := $(call stamp,test)
DOCS := $(call stamp,docs)
# What looks at the locks has an environment of its own, with nothing of the portal.
SUPPLY := $(VENV)/supply/.$(shell cat requirements/supply.txt | cksum | tr ' ' '-')
# Environments with the oldest and the newest versions that breadth supports, and nothing of the portal.
LIBRARY := breadth/pyproject.toml --extra strawberry --group breadth/pyproject.toml:test
VERSIONS := oldest newest
VERSION_STAMPS := $(foreach version,$(VERSIONS),$(VENV)/$(version)/.$(shell cat requirements/breadth-$(version).txt \
	| cksum | tr ' ' '-'))
# What tests run on Node, each with a lock of its own; npm writes that file last.
NODE_TESTS := tests/audit tests/typescript
NODE_MODULES := $(NODE_TESTS:%=%/node_modules/.package-lock.json)

# GraphiQL likewise. Where it can't be built, the API runs without it.
FRONTEND := server/graphiql
PAGE := $(FRONTEND)/dist/.built-from-$(shell cat $(FRONTEND)/.npmrc $(wildcard $(FRONTEND)/*.* $(FRONTEND)/src/*) \
	| cksum | tr ' ' '-')

# A server that compiles its modules each time it starts takes half as long again, and the tests start dozens.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run test lint types test-portal test-versions $(VERSIONS:%=test-%) torture attack sbom package audit page \
	on-node docs docs-serve bench format lock clean
.SILENT:

help:
	echo "make run     install, migrate, fill an empty database with demo data, and serve (PORT, HOST, DATABASE_URL)"
	echo "make test    install, then lint, types, architecture and tests with coverage, on SQLite and PostgreSQL"
	echo "             (the API's answers are compared with those of stock execution)"
	echo "make test-versions"
	echo "             run the tests of breadth with the oldest and the newest versions that it supports; test does it too,"
	echo "             as the portal itself has the newest"
	echo "make torture kill server processes and PostgreSQL again and again, for an hour, under all mutations, 200"
	echo "             followers of events and 20 webhooks; simulate 10,000 histories of processes that are killed"
	echo "make attack  attack the real server with more cases than test does: 2,000 of schemathesis, 50,000 documents"
	echo "make sbom    write what the portal is made of, and its licences, to build/sbom (CycloneDX)"
	echo "make package build the wheels of the portal and of its executor into build/package, with what sbom writes"
	echo "make audit   compare the locks with the known vulnerabilities of PyPI and npm, where these can be reached"
	echo "make page    build GraphiQL into $(FRONTEND)/dist, with the machine's Node or one of its own; run and test do it too"
	echo "make docs    build the documentation site into build/docs, where broken links fail; docs-serve shows it (DOCS_PORT)"
	echo "make bench   measure the server beside others; needs wrk and Node (QUICK=1: ten minutes instead of an hour)"
	echo "make format  format the code and sort its imports"
	echo "make lock    choose the versions in requirements/ anew from pyproject.toml (UPGRADE=1: the newest ones)"
	echo "make clean   remove the virtual environment and what tests leave behind; data/ stays"

run: export DEMO ?= true
run: $(RUN)
	$(MAKE) --no-print-directory page || echo "GraphiQL could not be built; the API runs without it."
	$(BIN)/portal migrate
	$(BIN)/portal demo --if-empty
	exec $(BIN)/portal serve --host "$(HOST)" --port "$(PORT)"

# How many processes run tests; a number instead of “auto”, which is one more than there are cores.
TEST_PROCESSES ?= auto

# Settings by which these processes have their 400 MB in pages of 2 MB, where glibc's malloc (2.35 or newer) and the system
# have such: in pages of 4 KB, the tests take up to a third more processor time. tests/memory.py has the same names.
LARGE_PAGES = $(shell test -z "$$GLIBC_TUNABLES$$PYTHONMALLOC" && \
	grep -qsE '\[(always|madvise)\]' /sys/kernel/mm/transparent_hugepage/enabled && \
	getconf GNU_LIBC_VERSION 2> /dev/null | awk -F '[ .]' '$$2 > 2 || $$3 >= 35 { \
		print "GLIBC_TUNABLES=glibc.malloc.hugetlb=1 PYTHONMALLOC=malloc" }')

test: $(TEST)
	# Before the checks, which read what is installed.
	$(MAKE) --no-print-directory $(DOCS)
	# Each of these uses about one core. With an empty cache, the first two take half a minute each.
	$(TWO_AT_ONCE) types on-node
	$(TWO_AT_ONCE) lint docs
	# The tests of the portal often wait, while those of breadth compute. The portal has the newest versions itself.
	$(MAKE) --no-print-directory --jobs=2 test-portal test-oldest

TWO_AT_ONCE = $(MAKE) --no-print-directory --jobs=2 $(filter --output-sync,$(.FEATURES:%=--%))

on-node:
	$(MAKE) --no-print-directory page || echo "GraphiQL could not be built; the tests in tests/browser say what becomes of them."
	# After the page, which brings Node where the machine has none.
	$(MAKE) --no-print-directory $(NODE_MODULES)

# Each process gets tests that follow each other, which share what a module or an engine needs.
test-portal: $(TEST)
	$(LARGE_PAGES) $(BIN)/python -m pytest -n "$(TEST_PROCESSES)" --dist worksteal -p tests.measured

types: $(TEST)
	$(BIN)/mypy

lint: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/deptry .

# They import neither the portal nor its conftest.py; the other runs of them have many more examples. They print when
# they end, as other tests print at the same time.
test-versions: $(VERSIONS:%=test-%)

$(VERSIONS:%=test-%): test-%: $(VERSION_STAMPS)
	printed=$$($(VENV)/$*/bin/python -m pytest -q --confcutdir=tests/breadth --hypothesis-profile=few tests/breadth 2>&1) \
		|| { echo "$$printed"; exit 1; }; \
	echo "breadth with its $* versions: $$(echo "$$printed" | tail -n 1)"

torture: $(TEST)
	LIVE_KILLS=40 LIVE_FOLLOWERS=200 LIVE_WEBHOOKS=20 SIMULATED_HISTORIES=10000 CHANGE_KILLS=800 CHANGE_MINUTES=25 \
		$(BIN)/pytest -s --timeout=7200 tests/durability

attack: $(TEST)
	ATTACK_CASES=2000 ATTACK_DOCUMENTS=50000 ATTACK_ROUNDS=400 ATTACK_COPIES=34 $(BIN)/pytest -s --timeout=3600 \
		tests/security/test_schemathesis.py tests/security/test_dearest.py tests/security/test_documents.py \
		tests/security/test_filters.py

sbom: $(TEST)
	mkdir -p build/sbom
	# A package may have brought Node.
	cd $(FRONTEND) && PATH="$$PATH:$(abspath $(BIN))" npm sbom --sbom-format cyclonedx --omit dev --package-lock-only \
		--legacy-peer-deps > $(abspath build)/sbom/graphiql.cdx.json
	$(BIN)/python -m tests.supply.sbom build/sbom
	echo "build/sbom has what the portal and GraphiQL are made of, and licences.txt."

package: $(TEST) page sbom
	$(BIN)/python -m pip wheel -qq --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir build/package \
		. ./breadth
	cp build/sbom/* build/package
	echo "build/package has the wheels of the portal and of its executor, what they are made of, and the licences."

audit: $(SUPPLY) $(TEST)
	$(BIN)/python -m tests.supply.audit $(VENV)/supply/bin/pip-audit

page: $(PAGE)

docs: $(DOCS)
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --builder html --doctree-dir build/doctrees docs build/docs
	echo "The documentation is in build/docs; “make docs-serve” shows it."

docs-serve: docs
	$(BIN)/python -m http.server --bind "$(HOST)" --directory build/docs "$(DOCS_PORT)"

bench: $(RUN)
	$(BIN)/python -m benchmarks $(if $(QUICK),--connections 16 --seconds 3 --rounds 1,--into benchmarks)

format: $(TEST)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(BIN)/python
	$(BIN)/python -m pip install --quiet 'uv>=0.13,<0.14'
	for set in "run:pyproject.toml --group build" \
			"test:pyproject.toml --group build --group test --constraint requirements/run.txt" \
			"node:--group pyproject.toml:node" \
			"supply:--group pyproject.toml:supply" \
			"docs:--group pyproject.toml:docs --constraint requirements/test.txt" \
			"breadth-oldest:$(LIBRARY) --resolution lowest-direct" \
			"breadth-newest:$(LIBRARY)"; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
			--no-emit-package breadth \
			$(if $(UPGRADE),--upgrade) $${set#*:} --output-file "requirements/$${set%%:*}.txt" || exit 1; \
	done

clean:
	rm -rf $(VENV) $(FRONTEND)/node_modules $(FRONTEND)/dist $(NODE_TESTS:%=%/node_modules) build docs/reference \
		.hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache

# A lock names every package, so nothing is resolved: pip would look for newer ones where a requirement has an extra.
$(RUN) $(TEST): $(VENV)/.%: $(BIN)/python
	set=$*; set=$${set%%-*}; \
	echo "Installing what requirements/$$set.txt pins into $(VENV) …"; \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/$$set.txt && \
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation \
		--editable . --editable breadth && \
	$(BIN)/python -m pip check --disable-pip-version-check > /dev/null && \
	rm -f $(VENV)/.$$set-* && touch $@

$(VERSION_STAMPS): | $(BIN)/python
	version=$(notdir $(@D)); \
	echo "Installing what requirements/breadth-$$version.txt pins into $(@D) …"; \
	$(BIN)/python -m venv --clear $(@D) && \
	$(@D)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/breadth-$$version.txt && \
	$(@D)/bin/python -m pip check --disable-pip-version-check > /dev/null && touch $@

$(SUPPLY): | $(BIN)/python
	echo "Installing what requirements/supply.txt pins into $(@D) …"
	$(BIN)/python -m venv --clear $(@D)
	$(@D)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/supply.txt
	touch $@

# Its versions are those of test.txt where both have a package, so that both can share an environment.
$(DOCS): | $(BIN)/python
	echo "Installing what requirements/docs.txt pins into $(VENV) …"
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements/docs.txt
	rm -f $(VENV)/.docs-* && touch $@

# Vite needs Node 20.19 or 22.12; where the machine has none or an older one, a package brings it.
$(PAGE): | $(BIN)/python
	enough='const [a, b] = process.versions.node.split("."); process.exit(a > 22 || (a == 22 ? b >= 12 : a == 20 && b >= 19) ? 0 : 1)'; \
	if ! { command -v npm && node -e "$$enough"; } > /dev/null 2>&1; then \
		echo "Installing the Node that requirements/node.txt pins into $(VENV) …"; \
		$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes \
			-r requirements/node.txt || exit 1; \
		PATH="$(abspath $(BIN)):$$PATH"; \
	fi; \
	echo "Building GraphiQL into $(FRONTEND)/dist …"; \
	cd $(FRONTEND) && npm ci --ignore-scripts --loglevel=error > /dev/null && npm run --silent build && touch $(abspath $@)

# Where there is no npm, these tests are skipped, but in CI they fail.
$(NODE_MODULES): %/node_modules/.package-lock.json: %/package-lock.json | $(TEST)
	PATH="$$PATH:$(abspath $(BIN))"; \
	if command -v npm > /dev/null; then \
		echo "Installing what $< pins into $* …"; \
		npm ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null && touch $@; \
	else \
		echo "There is no npm, so the tests that need $* are left out." >&2; \
	fi

# A Python that is named is taken as it is; otherwise it is the fastest of the machine, if that is faster by a tenth.
$(BIN)/python:
	for python in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			if [ "$$python" != "$(PYTHON)" ]; then python="$$("$$python" benchmarks/pythons.py || echo "$$python")"; fi; \
			echo "Making $(VENV) with $$python …"; \
			exec "$$python" -m venv --clear $(VENV); \
		fi; \
	done; \
	echo "Python 3.11 or newer is needed, with its venv module (on Debian: apt install python3-venv)." >&2; \
	echo "If it is not on the PATH, name it: make PYTHON=/where/it/is/python3.12 …" >&2; \
	exit 1
