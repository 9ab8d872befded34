"""Make the credential sets of a cluster on this machine, and say what was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tasks.core.credential_set import CredentialSet
from tasks.core.errors import UsageError
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.issuing import OwnCa, ca_with_leafs, leaf_set, shared_self_signed
from tasks.core.model import Cluster
from tasks.core.order import Order as Order
from tasks.core.order import leaf_name, owners, subject
from tasks.core.subjects import Subject
from tasks.core.text_table import TextTable
from tasks.effects.authority import Authority, Resolve, open_authority
from tasks.effects.ca_files import ca_contents, look_into, made_here, own_folder, refuse_among_sets
from tasks.effects.credential_writing import (
    member_contents,
    refuse_overwriting,
    remove,
    set_aside,
    shared_contents,
    write,
)
from tasks.effects.judging import refuse_bad_sets
from tasks.effects.passphrase import new_passphrase

Sets = Mapping[str, CredentialSet]
Made = tuple[Sets, tuple[Path, ...]]

_UNFIT = "a CA that may issue such leafs: fab credentials.create --kind ca, or --from-ca DIR"


def create_sets(cluster: Cluster, order: Order, *, force: bool, secrets: Resolve) -> Made:
    """Make and write the sets of every member; nothing is overwritten without `force`.

    A CA that is overwritten is kept beside the new one: what it signed may still be in use.

    Args:
        secrets: Asked for the passphrase of the CA's keys, where a CA is made or one is taken.

    Returns:
        The sets by label, and the files written.

    Raises:
        UsageError: An impossible order, files that are there already, or a CA that cannot issue.
        Refused: The sets would not work; every finding was shown.
    """
    order.refuse_impossible(cluster)
    now = datetime.now(UTC)
    if order.kind == "shared":
        return _shared(cluster, order, now=now, force=force)
    if order.from_ca:
        return _under_a_ca(cluster, order, now=now, force=force, secrets=secrets)
    return _with_a_ca(cluster, order, now=now, force=force, secrets=secrets)


def _shared(cluster: Cluster, order: Order, *, now: datetime, force: bool) -> Made:
    """One set for all members; of the HA channels one per pair, so that none trusts another one's nodes."""
    if order.use == "ha":
        made = {
            name: replace(shared_self_signed(who, days=order.days, now=now), label=name, names=HA)
            for name, who in _leafs(cluster, order).items()
        }
        return made, write(member_contents(cluster.credentials, made), force=force)
    who = subject(cluster.cluster_name, order.organization)
    one = shared_self_signed(who, days=order.days, now=now)
    return {"shared": one}, write(shared_contents(cluster.credentials, one), force=force)


def _with_a_ca(cluster: Cluster, order: Order, *, now: datetime, force: bool, secrets: Resolve) -> Made:
    """A new CA in its own folder, and a leaf of it for everybody."""
    folder = own_folder(cluster, order.use)
    refuse_among_sets(folder, cluster)
    if not force:
        _refuse_second_ca(folder, order)
        refuse_overwriting(_places(cluster, order))
    passphrase = None if order.plain_ca_key else new_passphrase(cluster, secrets)
    own = _own_ca(cluster, order, now=now)
    refuse_bad_sets(own.sets, at=now, remedy=_UNFIT)
    former = made_here(folder)
    set_aside(former, below=folder, at=now)
    authority = ca_contents(folder, own, passphrase)
    written = write({**authority, **member_contents(cluster.credentials, own.sets)}, force=force)
    remove(path for path in former if path not in authority)
    return own.sets, written


def _under_a_ca(cluster: Cluster, order: Order, *, now: datetime, force: bool, secrets: Resolve) -> Made:
    """Leafs of a CA that is there already."""
    if not force:
        refuse_overwriting(_places(cluster, order))
    authority = open_authority(cluster, use=order.use, from_ca=order.from_ca, secrets=secrets)
    _refuse_rootless(authority)
    sets = {
        name: replace(
            leaf_set(name, authority.issuer, subject=who, days=order.days, now=now, above=authority.above),
            names=_names(order),
        )
        for name, who in _leafs(cluster, order).items()
    }
    refuse_bad_sets(sets, at=now, remedy=_UNFIT)
    return sets, write(member_contents(cluster.credentials, sets), force=force)


def _own_ca(cluster: Cluster, order: Order, *, now: datetime) -> OwnCa:
    what = "HA" if order.use == "ha" else "cluster"
    made = ca_with_leafs(
        subject(f"{cluster.cluster_name} {what} CA", order.organization),
        members=_leafs(cluster, order),
        days=order.days,
        ca_days=order.ca_days,
        now=now,
        intermediate=subject(f"{cluster.cluster_name} {what} issuing CA", order.organization)
        if order.intermediate
        else None,
    )
    return replace(made, sets={name: replace(one, names=_names(order)) for name, one in made.sets.items()})


def _leafs(cluster: Cluster, order: Order) -> Mapping[str, Subject]:
    """The subject of everybody who is to get a leaf."""
    return {
        name: subject(leaf_name(cluster, name, order.use), order.organization)
        for name in order.members or owners(cluster, order.use)
    }


def _names(order: Order) -> FileNames:
    return HA if order.use == "ha" else CLUSTER


def _places(cluster: Cluster, order: Order) -> list[Path]:
    """Where the leafs' files will lie: looked at before anybody is asked for a passphrase."""
    return [
        cluster.credentials / who / name for who in _leafs(cluster, order) for name in _names(order).in_order
    ]


def _refuse_second_ca(folder: Path, order: Order) -> None:
    if made_here(folder) or look_into(folder).keys:
        use = " --use ha" if order.use == "ha" else ""
        raise UsageError(
            f"a CA lies in {folder}; another one in its place would be trusted by no member",
            remedy=f"new leafs of it: fab credentials.renew{use}; first leafs: fab credentials.create --kind ca"
            f"{use} --from-ca {folder}; a new CA all the same: repeat with --force",
        )


def _refuse_rootless(authority: Authority) -> None:
    top = authority.chain[-1]
    if not top.self_signed:
        raise UsageError(
            f"the root above {top.subject} is not in {authority.folder} (it is {top.issuer}); the CA file must "
            "reach a self-signed root, else no member connects",
            remedy=f"put the root's certificate into {authority.folder}, then repeat the command",
        )


def created_table(cluster: Cluster, sets: Sets) -> TextTable:
    """What was made: subjects, validity, fingerprints. Never a key."""
    rows = tuple(
        (label, one.leaf.subject, one.leaf.key_kind, f"{one.leaf.not_after:%Y-%m-%d}", one.leaf.sha256[:16])
        for label, one in sets.items()
    )
    header = ("SET", "SUBJECT", "KEY", "VALID UNTIL", "SHA-256")
    return TextTable(f"{cluster.key}: {cluster.credentials}", header, rows)
