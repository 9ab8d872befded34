"""Make the revocation list of a cluster on this machine, signed by its own CA."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from tasks.core.certificates import Certificate, issued_by
from tasks.core.errors import Refused
from tasks.core.file_names import HA
from tasks.core.findings import Finding
from tasks.core.model import Cluster, SecretRef
from tasks.core.revocation import (
    RevocationList,
    Revoked,
    cannot_sign,
    next_list,
    serial_of,
)
from tasks.core.revocation_rules import Acceptor, Client, judge_list
from tasks.core.revocation_text import list_table, made_lines
from tasks.core.revocation_wish import USUAL_DAYS, ListWish, Meant, meant_by, refuse_strangers
from tasks.core.secret import SecretStr
from tasks.effects.authority import open_authority
from tasks.effects.console import say, show_table
from tasks.effects.credential_files import typed_path
from tasks.effects.list_files import certificate_in, chain_here, list_here, write_list
from tasks.effects.operations import show_findings

Chains = Mapping[str, tuple[Certificate, ...]]


def make_list(
    cluster: Cluster, wish: ListWish, *, secrets: Callable[[SecretRef], SecretStr], now: datetime
) -> RevocationList:
    """Make the next list, write it beside the credential sets, and say what is in it.

    Raises:
        UsageError: A WHAT that means nobody, or somebody of another CA; a list before that is broken.
        Refused: The set is a shared self-signed one, or the CA must not sign lists.
        OperatorError: The CA's key cannot be opened, or the list not be written.
    """
    path = cluster.credentials / wish.names.crl
    chains = _chains(cluster, wish)
    _refuse_self_signed(chains)
    revoke, unrevoke = (_meant(words, chains) for words in (wish.revoke, wish.unrevoke))
    before = list_here(path)
    issuer = open_authority(cluster, use=wish.use, from_ca=wish.from_ca, secrets=secrets).issuer
    _refuse_unfit(issuer.certificate)
    same = before if before is not None and before.signed_by(issuer.certificate) else None
    refuse_strangers(
        revoke,
        unrevoke,
        before=same,
        issuer=issuer.certificate.subject,
        issued=lambda certificate: issued_by(certificate, issuer.certificate),
    )
    made = next_list(
        issuer,
        before=same,
        add=[Revoked(one.serial, now, wish.reason) for one in revoke],
        drop={one.serial for one in unrevoke},
        days=wish.days or USUAL_DAYS,
        now=now,
    )
    write_list(path, made.pem())
    if made.revoked:
        show_table(list_table(made, who=_who(chains, revoke), title=f"{cluster.key}: {wish.names.crl}"))
    of_another = before.issuer if before is not None and same is None else ""
    for line in made_lines(made, path=path, at=now, wish=wish, of_another=of_another):
        say(line)
    show_findings(_judged_here(made, cluster, wish, chains, now=now))
    return made


def _who(chains: Chains, revoke: tuple[Meant, ...]) -> dict[int, str]:
    """The names that are known here, by serial number."""
    known = {one.serial: one.certificate.subject for one in revoke if one.certificate is not None}
    return known | {serial_of(chain[0]): name for name, chain in chains.items() if chain}


def _chains(cluster: Cluster, wish: ListWish) -> Chains:
    members = [member.name for member in cluster.members if member.is_pair or wish.names is not HA]
    return {name: chain_here(cluster.credentials, name, wish.names.cert) for name in members}


def _meant(words: tuple[str, ...], chains: Chains) -> tuple[Meant, ...]:
    return meant_by(words, members=chains, certificate_in=lambda word: certificate_in(typed_path(word)))


def _refuse_self_signed(chains: Chains) -> None:
    own = [name for name, chain in chains.items() if chain and chain[0].self_signed]
    if own:
        raise Refused(
            f"the certificate of {', '.join(own)} is self-signed: it is its own issuer, and a list that names it "
            "keeps everybody apart; no list of a CA says anything of it",
            remedy="lists are for leafs of a CA: fab credentials.create --kind ca makes them",
        )


def _refuse_unfit(issuer: Certificate) -> None:
    reason = cannot_sign(issuer)
    if reason is not None:
        raise Refused(
            f"{issuer.subject} must not sign revocation lists: {reason}; the servers would refuse everybody",
            remedy="a CA with keyUsage keyCertSign and cRLSign, and new leafs under it: fab credentials.create",
        )


def _judged_here(
    made: RevocationList, cluster: Cluster, wish: ListWish, chains: Chains, *, now: datetime
) -> tuple[Finding, ...]:
    """What it would do to the sets of this machine, wherever it were placed; the nodes are not asked."""
    clients = tuple(Client(name, chain) for name, chain in chains.items() if chain)
    if not clients:
        return ()
    trusted = (chain_here(cluster.credentials, client.name, wish.names.ca) for client in clients)
    acceptor = Acceptor("", tuple(dict.fromkeys(c for ca in trusted for c in ca)), now)
    return judge_list(made, acceptor, clients, names=wish.names)
