"""The table of a migration from built-in to user credentials, A, B and C restarted in turn."""

from __future__ import annotations

from tests.conformance import sets
from tests.conformance.target import Target


def test_the_cluster_splits_into_two_halves_and_meets_again(target: Target) -> None:
    """Counts of A, B, C: 2/0 2/0 2/0 at the start and after placing; 0/2 1/1 1/1 after A;
    1/1 1/1 0/2 after B; 2/0 2/0 2/0 after C.
    """
    a, b, c = target.singles[:3]
    uids = _uids(target)
    leaf = sets.shared()
    target.place(dict.fromkeys((a, b, c), sets.files(leaf, ca=leaf.cert_pem)))
    target.expect(target.together, firmly=True)
    assert target.wire(a).leaf == target.builtin, "placing files changes nothing"
    target.load(a)
    target.expect(target.halves([a.name]), firmly=True)
    remotes = target.site.admin(c).remotes() or ()
    assert [remote.status for remote in remotes].count("Active") == len(target.names) - 2
    target.load(b)
    target.expect(target.halves([a.name, b.name]), firmly=True)
    target.load(c)
    target.expect(target.halves([a.name, b.name, c.name]), firmly=True)
    assert {target.served(node) for node in (a, b, c)} == {leaf.fingerprint}
    assert {target.wire(n, target.messaging(n)).leaf.sha256.lower() for n in (a, b, c)} == {leaf.fingerprint}
    assert _uids(target) == uids


def test_the_numbers_of_three_members_are_those_of_the_table(target: Target) -> None:
    a, b, c = (node.name for node in target.singles[:3])
    assert {name: len(found) for name, found in target.halves([a]).items() if name in (a, b, c)} == {
        a: 0,
        b: len(target.names) - 2,
        c: len(target.names) - 2,
    }
    assert [len(target.halves([a, b])[name]) for name in (a, b)] == [1, 1]


def _uids(target: Target) -> list[str]:
    seen = [target.status(node) for node in target.singles]
    return [status.server.uid for status in seen if status is not None]
