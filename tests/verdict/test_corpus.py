"""The verdict says of every file what Debian's OpenSSL does with it; each rule of it matters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.core.server_rules import SERVER, ServerRules
from tests.verdict.comparing import disagreements, judged_corpus, outcome_seen
from tests.verdict.debian_openssl import version

BROKEN = {
    "a missing pair is no start at all": replace(SERVER, missing_pair_falls_back=False),
    "weak keys and signatures are taken": replace(SERVER, weak_is_refused=False),
    "an intermediate will do in place of the root": replace(SERVER, wants_root=False),
    "EKU and key usage do not matter": replace(SERVER, checks_purpose=False),
    "dates do not matter": replace(SERVER, checks_dates=False),
    "the dialer wants a known certificate": replace(SERVER, dialer_forgives_self_signed=False),
    "the acceptor looks at no list": replace(SERVER, acceptor_checks_list=False),
    "the dialer looks at the list, too": replace(SERVER, dialer_checks_list=True),
    "TLS 1.2 takes every key": replace(SERVER, tls12_wants_ecdsa=False),
    "the built-in pair accepts whom the CA file names": replace(SERVER, builtin_accepts_itself_only=False),
}
LEAST_VARIANTS = 280


def test_the_judge_is_the_openssl_of_the_servers() -> None:
    assert version().startswith("OpenSSL 3.0.")


def test_the_verdict_is_what_the_server_does_with_every_variant() -> None:
    ground = judged_corpus()
    assert len(ground.cases) >= LEAST_VARIANTS
    said = {name: disagreements(case, ground.builtin) for name, case in ground.cases.items()}
    assert {name: found for name, found in said.items() if found} == {}


def test_every_outcome_is_in_the_corpus_many_times() -> None:
    seen = [outcome_seen(case.judged) for case in judged_corpus().cases.values()]
    assert len(set(seen)) == 4
    assert min(seen.count(outcome) for outcome in set(seen)) >= 8


@pytest.mark.parametrize("rule", BROKEN)
def test_a_verdict_with_a_broken_rule_disagrees(rule: str) -> None:
    assert _disagree(BROKEN[rule])


def _disagree(rules: ServerRules) -> bool:
    ground = judged_corpus()
    return any(disagreements(case, ground.builtin, rules=rules) for case in ground.cases.values())
