"""Product and version: who can use credentials of its own, and whether the inventory fits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath

import pytest

from tasks.core.checks import check_cluster
from tasks.core.checks_products import product_checks
from tasks.core.findings import Severity
from tasks.core.model import Product
from tasks.core.snapshot import Snapshot
from tests.core.islands import apart
from tests.core.snapshots import DATA, alter_files, alter_node, alter_server, healthy, unreachable

Change = Callable[[Snapshot], Snapshot]


def test_a_node_that_fits_its_product_has_no_finding() -> None:
    assert list(product_checks(healthy())) == []
    assert list(product_checks(apart())) == []


@pytest.mark.parametrize(
    ("change", "finding", "seen", "remedy"),
    [
        pytest.param(
            lambda s: alter_server(s, "gw-c", version="2.0.0.1 20170101"),
            ("version", Severity.ERROR),
            "MessageSight 2.0 cannot use credentials of its own",
            "fab upgrade.plan",
            id="2.0",
        ),
        pytest.param(
            lambda s: alter_server(s, "gw-c", version="5.0.0.1 20190101"),
            ("version", Severity.ERROR),
            "5.0.0.1: credentials of its own need Message Gateway 5.0.0.2",
            "fab upgrade.plan",
            id="5.0.0.1",
        ),
        pytest.param(
            lambda s: alter_server(s, "gw-c", version="5.0 20180820-0334"),
            ("version-open", Severity.INFO),
            "names no fix pack",
            "rpm -q",
            id="5.0 alone",
        ),
        pytest.param(
            lambda s: alter_server(s, "gw-c", version="1.1dev x"),
            ("product", Severity.ERROR),
            "runs 1.1dev, which is Eclipse Amlen, but the inventory says `product: messagesight`",
            "set `product: amlen`",
            id="Amlen named as messagesight",
        ),
        pytest.param(
            lambda s: alter_node(s, "gw-c", product=Product.AMLEN),
            ("product", Severity.ERROR),
            "runs 5.0.0.2, which is Message Gateway, but the inventory says `product: amlen`",
            "set `product: messagesight`",
            id="Message Gateway named as amlen",
        ),
        pytest.param(
            lambda s: alter_server(s, "gw-c", version="7 x"),
            ("version-unknown", Severity.WARNING),
            "'7 x': neither Eclipse Amlen nor Message Gateway",
            "rehearsal",
            id="another product",
        ),
        pytest.param(
            lambda s: alter_node(s, "gw-c", ifix_confirmed=False),
            ("ifix-unconfirmed", Severity.ERROR),
            "REST does not tell the iFix",
            "`ifix_confirmed: true`",
            id="no confirmation",
        ),
    ],
)
def test_what_does_not_fit_is_one_finding_with_its_remedy(
    change: Change, finding: tuple[str, Severity], seen: str, remedy: str
) -> None:
    (found,) = product_checks(change(apart()))
    assert (found.name, found.severity, found.where) == (*finding, "gw-c")
    assert seen in found.problem
    assert remedy in found.remedy


def test_a_confirmation_does_not_help_a_version_that_is_too_old() -> None:
    old = alter_server(apart(confirmed=True), "gw-c", version="5.0.0.1 x")
    assert [f.name for f in product_checks(old)] == ["version"]


def test_the_confirmation_is_asked_for_even_of_a_node_that_does_not_answer() -> None:
    silent = unreachable(apart(confirmed=False), "gw-c")
    assert [(f.name, f.where) for f in product_checks(silent)] == [
        ("ifix-unconfirmed", "gw-c"),
        ("ifix-unconfirmed", "gw-d"),
    ]


def test_a_linked_data_directory_is_shown_once_with_where_it_leads() -> None:
    old, new = PurePosixPath("/var/messagesight/data"), DATA / "data"
    links = {old: new, old / "certificates/keystore": new / "certificates/keystore"}
    (found,) = product_checks(alter_files(healthy(), "gw-a", real={**links, DATA: DATA}))
    assert (found.name, found.severity) == ("real-paths", Severity.INFO)
    assert found.problem.endswith(f"links on the way: {old} is really {new}")


def test_a_link_below_a_link_is_shown_as_well() -> None:
    old, new, srv = PurePosixPath("/var/messagesight/data"), DATA / "data", PurePosixPath("/srv/keys")
    (found,) = product_checks(alter_files(healthy(), "gw-a", real={old: new, old / "certificates": srv}))
    assert f"{old}/certificates is really {srv}" in found.problem


def test_these_checks_are_among_all_checks() -> None:
    assert "ifix-unconfirmed" in {f.name for f in check_cluster(apart(confirmed=False))}
