"""Whether a revocation list does what it is meant to do where the accepting side has loaded it.

With a list in its truststore the accepting side wants one of the issuer of *every* client's certificate:
whoever is under another issuer is refused (AMLEN.md §2, T12). The side that dials looks at none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tasks.core.certificates import Certificate
from tasks.core.dataclass import dataclass
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.findings import Finding, Severity
from tasks.core.list_facts import NO_LIST, REVOKED
from tasks.core.peers import Peer, judge_peer
from tasks.core.revocation import RevocationList

EXPIRES_SOON = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Client:
    """A certificate that comes to the accepting side.

    Args:
        name: The member; of a pair's HA channel, the node.
        chain: Leaf first.
    """

    name: str
    chain: tuple[Certificate, ...]


@dataclass(frozen=True, slots=True)
class Acceptor:
    """A node that has the list, or is to get it.

    Args:
        trusted: Of its CA file.
        at: Now by its own clock.
    """

    node: str
    trusted: tuple[Certificate, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class _Words:
    prefix: str
    file: str
    apart: str  # what follows where nobody is accepted
    option: str  # of the task that makes and places lists

    @property
    def mend(self) -> str:
        return f"fab credentials.crl{self.option} makes a new one, --place puts it on the nodes, --remove takes it off"


def words_of(names: FileNames) -> _Words:
    """How findings about the list of this use are named, and what they say."""
    if names is HA:
        return _Words("ha-crl", HA.crl, "the nodes of a pair stay apart", " --use ha")
    return _Words("crl", CLUSTER.crl, "everybody is kept apart", "")


def judge_list(
    found: RevocationList, acceptor: Acceptor, clients: Iterable[Client], *, names: FileNames = CLUSTER
) -> tuple[Finding, ...]:
    """All that is wrong with the list on this node, dates first.

    Args:
        clients: Who connects to it; those that it refuses without a list, too, are left aside.
    """
    return (
        *_dates(found, acceptor, words_of(names)),
        *_several(found, acceptor, words_of(names)),
        *_clients(found, acceptor, tuple(clients), words_of(names)),
    )


def garbage(node: str, reason: str, *, names: FileNames = CLUSTER) -> Finding:
    """The finding for a file that holds no list."""
    words = words_of(names)
    text = f"{words.file} cannot be read: {reason}: a restart would listen on nothing (T1)"
    return _finding(words, "garbage", Severity.ERROR, node, text)


def refusal_of(
    chain: tuple[Certificate, ...], *, trusted: tuple[Certificate, ...], crl: RevocationList | None
) -> tuple[int, str]:
    """OpenSSL's verdict on a client, dates left aside: (0, "") if it is accepted.

    Args:
        crl: The list; None for an accepting side without one.
    """
    found = judge_peer(Peer(chain, "client"), trusted=trusted, at=None, crl=crl.der if crl else None)
    return found.code, found.reason


def _dates(found: RevocationList, acceptor: Acceptor, words: _Words) -> Iterator[Finding]:
    file, node, at = words.file, acceptor.node, acceptor.at
    if found.this_update > at:
        text = (
            f"{file} is valid from {found.this_update:%Y-%m-%d %H:%M} UTC on, by this node's clock not yet: "
        )
        yield _finding(words, "not-yet-valid", Severity.ERROR, node, f"{text}until then {words.apart}")
    if found.next_update is None:
        return
    ends = f"{found.next_update:%Y-%m-%d %H:%M} UTC"
    if found.next_update <= at:
        text = f"{file} has expired ({ends}): where it is loaded no new connection comes up, {words.apart}"
        yield _finding(words, "expired", Severity.ERROR, node, text)
    elif found.next_update - at < EXPIRES_SOON:
        days = (found.next_update - at).days
        text = (
            f"{file} expires in {days} days ({ends}): from then on {words.apart}; it is read at a start only"
        )
        remedy = f"fab credentials.crl{words.option} --days 90 --place, then restart every member in turn"
        yield Finding(f"{words.prefix}-expires", Severity.WARNING, node, text, remedy)


def _several(found: RevocationList, acceptor: Acceptor, words: _Words) -> Iterator[Finding]:
    if found.others:
        text = f"{words.file} holds {found.others + 1} lists, and the server reads the first one only"
        remedy = (
            "one list in one file; every member's certificate must be under the one issuer that signed it"
        )
        yield Finding(f"{words.prefix}-several", Severity.WARNING, acceptor.node, text, remedy)


def _clients(
    found: RevocationList, acceptor: Acceptor, clients: tuple[Client, ...], words: _Words
) -> Iterator[Finding]:
    known = (*acceptor.trusted, *(c for client in clients for c in client.chain[1:]))
    if not any(found.signed_by(certificate) for certificate in known):
        text = f"{words.file} is signed by {found.issuer}, and its CA file holds no such key: {words.apart}"
        yield _finding(words, "unknown-issuer", Severity.ERROR, acceptor.node, text)
        return
    refused: dict[tuple[int, str], dict[str, None]] = {}
    for client in clients:
        if refusal_of(client.chain, trusted=acceptor.trusted, crl=None)[0]:
            continue
        verdict = refusal_of(client.chain, trusted=acceptor.trusted, crl=found)
        refused.setdefault(verdict, {})[client.name] = None
    for (code, reason), members in refused.items():
        if code:
            yield from _refused(acceptor.node, code, reason, tuple(members), words)


def _refused(node: str, code: int, reason: str, members: tuple[str, ...], words: _Words) -> Iterator[Finding]:
    who, them = ", ".join(members), "them" if len(members) > 1 else "it"
    if code == NO_LIST:
        text = f"{words.file} is not of the issuer of {who}: with a list, clients of all other issuers are refused"
        yield _finding(words, "foreign", Severity.ERROR, node, f"{text}, {words.apart}")
    elif code != REVOKED:
        text = f"{words.file} makes this node refuse {who}: {reason}"
        yield _finding(words, "unusable", Severity.ERROR, node, text)
    elif words.prefix == "ha-crl":
        text = (
            f"{words.file} revokes the certificate of {who}, and a pair needs both directions: {words.apart}"
        )
        yield _finding(words, "revokes-pair", Severity.ERROR, node, text)
    else:
        text = f"{words.file} revokes the certificate of {who}: refused where it dials; still dialed by the others"
        remedy = f"a new certificate for {them}: fab credentials.renew; to shut {them} out, change the CA"
        yield Finding(
            "crl-revokes-member", Severity.WARNING, node, f"{text}, and shown connected (T12)", remedy
        )
        if len(members) > 1:
            text = f"{words.file} revokes {who}: with each other these have no direction left, and stay apart"
            yield _finding(words, "parts-members", Severity.ERROR, node, text)


def _finding(words: _Words, name: str, severity: Severity, node: str, text: str) -> Finding:
    return Finding(f"{words.prefix}-{name}", severity, node, text, words.mend)
