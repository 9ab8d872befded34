# Thin on purpose: the README shows the plain commands behind each target.
FAB = .venv/bin/fab
PYTEST = .venv/bin/python -m pytest

.PHONY: setup rehearse test conformance
setup:
	@sh .ci/setup

rehearse: setup
	$(FAB) rehearse

test: setup
	$(PYTEST) -n 3 tests

# Only against disposable servers; see docs/conformance.md. CONFIRM=NAME answers the question.
conformance: setup
	@test -n "$(INVENTORY)" || { echo "usage: make conformance INVENTORY=FILE [CONFIRM=CLUSTER_NAME]"; exit 2; }
	CONFIRM="$(CONFIRM)" $(PYTEST) tests/conformance --conformance-inventory="$(INVENTORY)"
