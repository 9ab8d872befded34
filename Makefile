# Thin on purpose: the README shows the plain commands behind each target.
FAB = .venv/bin/fab
PYTEST = .venv/bin/python -m pytest
# The tests start Python hundreds of times: what was compiled once is kept, whatever the caller's shell says.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup schemas rehearse test test-credentials test-rounds test-pages conformance torture torture-controls torture-parsers report-pages docs screens audit bundle test-bundle bench
setup:
	@sh .ci/setup

# What is generated from the code: the JSON Schemas of the inventory and of what --json prints, and the inventory's
# shapes as they are read by.
schemas: setup
	.venv/bin/python -m tasks.effects.inventory_file > docs/inventory.schema.json
	.venv/bin/python -m tests.schemas
	.venv/bin/python -m tests.compiled

rehearse: setup
	$(FAB) rehearse

# The last ones wait for servers most of the time: more of them at once. The others have limits of two seconds.
test: setup
	$(PYTEST) -n 3 tests --ignore=tests/e2e
	$(PYTEST) -n 5 --no-loadscope-reorder tests/e2e

# What the real server would do with any credential file, held against real handshakes.
test-credentials: setup
	@.venv/bin/python -m tests.verdict

# A run of each strategy with several rounds, killed at every line of its journal while servers restart.
test-rounds: setup
	$(PYTEST) -s --timeout=3600 tests/e2e/test_rounds_killed.py --every-line

# The commands of every page of docs/, in their order, and the longest tests; make test runs the shorter ones.
test-pages: setup
	$(PYTEST) -n 4 tests/e2e/test_journeys.py tests/e2e/test_ha_credentials.py --all-pages

# Every fault at every step of a migration: writes docs/faults.md. TORTURE='--only ssh-cut --steps "overlap swap"' for
# a part of it.
torture: setup
	@.venv/bin/python -m tests.torture $(TORTURE)

# The same matrix with faults seeded into the tool: it has to notice each of them.
torture-controls: setup
	@.venv/bin/python -m tests.torture.controls

# Every parser against this many mutants of real input; see docs/testing.md.
PARSER_EXAMPLES ?= 100000
torture-parsers: setup
	PARSER_EXAMPLES="$(PARSER_EXAMPLES)" PARSER_SEED="$(or $(PARSER_SEED),0)" \
		$(PYTEST) -n 2 --dist=load --timeout=14400 tests/properties

# The page of fab runs.report in a real browser, with pictures to look at: build/report-pages/*.png.
report-pages: setup
	@sh .ci/chromium
	REPORT_PAGES="$(CURDIR)/build/report-pages" $(PYTEST) tests/effects/test_report_page.py

# What is generated from the code: the schemas, and docs/troubleshooting.md.
docs: schemas
	.venv/bin/python -m tests.symptoms

# The pictures of docs/screens, recorded from a real run on a rehearsal cluster in /tmp/lab.
screens: setup
	.venv/bin/python -m tests.screens

# One file that runs offline, and a wheelhouse, into dist/; asks the package index. See docs/bastion.md.
MACHINE ?= $(shell uname -m)
bundle: setup
	@PYTHONPATH=.ci .venv/bin/python -m bundle --machine "$(MACHINE)"

# Both of them, without network, without this clone, with every Python of theirs that is here; as root.
test-bundle: bundle
	$(PYTEST) --timeout=900 tests/bundle --bundle=dist

# How fast the tool is, beside OpenSSH, Ansible, pyinfra and parallel-ssh on the same nodes; writes docs/benchmarks.md.
# BENCH='status place' for parts of it, BENCH=--quick for a look in three minutes that writes nothing.
bench: setup
	@.venv/bin/python -m tests.bench $(BENCH)

# Known weaknesses of what requirements.txt names; asks the package index. Where that cannot say, it fails.
audit:
	@sh .ci/audit

# Only against disposable servers; see docs/conformance.md. CONFIRM=NAME answers the question.
conformance: setup
	@test -n "$(INVENTORY)" || { echo "usage: make conformance INVENTORY=FILE [CONFIRM=CLUSTER_NAME]"; exit 2; }
	CONFIRM="$(CONFIRM)" $(PYTEST) tests/conformance --conformance-inventory="$(INVENTORY)"
