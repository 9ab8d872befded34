# Thin on purpose: the README shows the plain commands behind each target.
FAB = .venv/bin/fab
PYTEST = .venv/bin/python -m pytest
# The tests start Python hundreds of times: what was compiled once is kept, whatever the caller's shell says.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup rehearse test test-credentials test-rounds conformance
setup:
	@sh .ci/setup

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

# Only against disposable servers; see docs/conformance.md. CONFIRM=NAME answers the question.
conformance: setup
	@test -n "$(INVENTORY)" || { echo "usage: make conformance INVENTORY=FILE [CONFIRM=CLUSTER_NAME]"; exit 2; }
	CONFIRM="$(CONFIRM)" $(PYTEST) tests/conformance --conformance-inventory="$(INVENTORY)"
