"""What each of several rounds places on a node, and where; and what is staged again once it was lost."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import cast

import pytest

from tasks.core.errors import RemoteError
from tasks.core.issuing import Subject, shared_self_signed
from tasks.core.journal import Entry
from tasks.core.model import Node
from tasks.core.plan import Edit, Plan, PlanRound, Step, Target
from tasks.core.server_cfg import edit
from tasks.core.step_kinds import StepKind
from tasks.effects.placing import place, swap
from tasks.effects.remote import Remote
from tasks.effects.run import Run
from tasks.effects.site import Site
from tests.effects.node_tree import CA, CERT, KEY, Tree, sha256, tree
from tests.effects.test_placing import NOW, OLD, SHARED, live, migration, plan_with

FORMER = shared_self_signed(Subject("former"), days=365, now=NOW)
BOTH = FORMER.ca_pem + SHARED.ca_pem
NEW = SHARED.files()
FILES = (  # what lies on a node after each round of an overlap; 0 is before the first
    OLD,
    {**OLD, CA: BOTH},
    {**NEW, CA: BOTH},
    NEW,
)


@pytest.fixture
def node() -> Iterator[Tree]:
    with tree() as made:
        yield made


def rounds_of(*, edits: dict[str, Edit] | None = None, bundles: dict[str, str] | None = None) -> Plan:
    """Three rounds of overlap, of which server.cfg is edited in the second."""
    base = plan_with(edits or {}, SHARED)
    after = [target({name: sha256(content) for name, content in files.items()}) for files in FILES[1:]]
    return base.model_copy(
        update={
            "rounds": tuple(
                PlanRound(what="-", targets={"gw": one}, accepts={"gw": ()}, moving=("gw",)) for one in after
            ),
            "edit_rounds": dict.fromkeys(base.edits, 2),
            "bundles": {sha256(BOTH): BOTH.decode()} if bundles is None else bundles,
        }
    )


def target(files: dict[str, str]) -> Target:
    return Target(files=files, leaf_sha256="A", leaf_subject="CN=x", not_after="2027")


def moved(node: Tree, *, keystore: Path, truststore: Path) -> Edit:
    old = node.cfg.read_text()
    places = {"keystore": str(keystore), "truststore": str(truststore)}
    new = edit(old, keystore=PurePosixPath(keystore), truststore=PurePosixPath(truststore))
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in (old, new)]
    return Edit(path=str(node.cfg), **places, old_sha256=hashes[0], new_sha256=hashes[1], diff="", carried=())


def place_step(number: int, target: str = "gw-a") -> Step:
    return Step(kind=StepKind.PLACE, target=target, expected={}, round=number)


def swap_step(number: int) -> Step:
    return Step(kind=StepKind.SWAP, target="gw", expected={}, round=number)


def carry_out(run: Run, number: int) -> str:
    """What the placing says of itself, once all is swapped in."""
    said = [place(run, place_step(number, one.name)) for one in run.site.cluster.nodes]
    for one in run.site.cluster.nodes:
        run.record.append(Entry(at=NOW, event="done", step=place_step(number, one.name).id))
    swap(run, swap_step(number))
    return said[0].partition(" ")[0]


def test_each_round_places_just_what_changes_in_it_and_key_and_certificate_together(node: Tree) -> None:
    run = migration(node, plan=rounds_of())
    for number, how_many in ((1, "1"), (2, "2"), (3, "1")):
        assert carry_out(run, number) == how_many
        assert live(node) == FILES[number]
    backup = node.data / ".fab-tls" / run.record.id / "backup"
    assert {name: (backup / name).read_bytes() for name in OLD} == OLD  # of the start, for the way back


def test_a_certificate_that_is_new_to_an_old_key_brings_its_key_along(node: Tree) -> None:
    """The two are swapped in together: a key is never left without its certificate (T1)."""
    node.write(node.truststore / CA, BOTH)
    node.write(node.keystore / KEY, NEW[KEY])
    run = migration(node, plan=rounds_of())
    place(run, place_step(2))
    stage = node.data / ".fab-tls" / run.record.id / "stage"
    assert {path.name for path in stage.iterdir()} == {CERT, KEY}


def test_an_edit_of_server_cfg_waits_for_the_round_of_the_new_pair(node: Tree) -> None:
    """Round 1 places where server.cfg leads now, round 2 all three files in the new place, round 3 goes on there."""
    before = node.cfg.read_text()
    keystore, truststore = node.root / "amlen" / "keys", node.root / "amlen" / "trust"
    run = migration(
        node, plan=rounds_of(edits={"gw-a": moved(node, keystore=keystore, truststore=truststore)})
    )

    def there() -> dict[str, bytes]:
        paths = {CA: truststore / CA, CERT: keystore / CERT, KEY: keystore / KEY}
        return {name: path.read_bytes() for name, path in paths.items() if path.exists()}

    assert carry_out(run, 1) == "1"
    assert live(node) == FILES[1]
    assert (there(), node.cfg.read_text()) == ({}, before)
    assert carry_out(run, 2) == "4"
    assert there() == FILES[2]
    assert f"KeyStore = {keystore}\nTrustedCertificateDir = {truststore}\n" in node.cfg.read_text()
    assert live(node) == FILES[1]
    assert carry_out(run, 3) == "1"
    assert there() == FILES[3]
    assert live(node) == FILES[1]


def test_a_file_that_the_plan_was_not_made_from_is_neither_kept_nor_invented(node: Tree) -> None:
    """The certificate stays in round 1; the node has another one, which the tool does not have."""
    run = migration(node, plan=rounds_of())
    node.write(node.keystore / CERT, b"changed since")
    with pytest.raises(
        RemoteError, match=r"\[gw-a\] Cluster_cert.pem on the node is not the one that the plan"
    ):
        place(run, place_step(1))
    assert live(node) == {**OLD, CERT: b"changed since"}


def test_a_ca_file_that_is_no_bundle_of_the_plan_is_refused_just_so(node: Tree) -> None:
    run = migration(node, plan=rounds_of(bundles={}))
    with pytest.raises(RemoteError, match=r"Cluster_cafile\.pem on the node is not the one") as stopped:
        place(run, place_step(1))
    assert stopped.value.remedy.endswith("fab migrate-cluster --resume")


def test_what_was_never_placed_is_not_staged_by_the_swap(node: Tree) -> None:
    run = migration(node, plan=rounds_of())
    with pytest.raises(RemoteError, match="reads back as"):
        swap(run, swap_step(1))
    assert live(node) == OLD


def test_a_node_of_a_pair_that_was_given_the_others_files_meanwhile_stops_the_line_and_gets_its_own_staged_again() -> (
    None
):
    """T7: the primary goes down between the two halves of the swap, and comes back with the standby's files."""
    with ExitStack() as stack:
        standby, primary = (stack.enter_context(tree(name=name)) for name in ("one", "two"))
        named = dataclasses.replace(primary.remote.node, name="gw-b")
        primary = dataclasses.replace(primary, remote=dataclasses.replace(primary.remote, node=named))
        run = migration(standby, primary, plan=rounds_of())
        for name in ("gw-a", "gw-b"):
            place(run, place_step(1, name))
            run.record.append(Entry(at=NOW, event="done", step=place_step(1, name).id))
        with pytest.raises(RemoteError, match=r"\[gw-b\] .*Cluster_cafile.pem has SHA-256"):
            swap(losing(run, primary, when="gw-a"), swap_step(1))
        swap(run, swap_step(1))
        assert live(standby) == live(primary) == FILES[1]


def losing(run: Run, node: Tree, *, when: str) -> Run:
    """The node gets its old CA file back as soon as that other one is turned to."""

    def remote(of: Node) -> Remote:
        if of.name == when:
            node.write(node.truststore / CA, OLD[CA])
        return run.site.remote(of)

    site = SimpleNamespace(cluster=run.site.cluster, remote=remote)
    return dataclasses.replace(run, site=cast("Site", site))
