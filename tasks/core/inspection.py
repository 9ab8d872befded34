"""`fab credentials.inspect` as data: groups of files with their chains, every certificate once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from tasks.core.certificate_tree import Branch, Forest, Role, tree
from tasks.core.certificates import Certificate, is_builtin
from tasks.core.dataclass import dataclass
from tasks.core.file_names import CLUSTER, HA, FileNames
from tasks.core.findings import Finding
from tasks.core.held import Held, Source
from tasks.core.local_files import LocalFiles, held_in, named
from tasks.core.shown_material import (
    ShownCertificate,
    ShownKey,
    ShownList,
    ShownRequest,
    shown_certificate,
    shown_key,
    shown_list,
    shown_request,
)


@dataclass(frozen=True, slots=True)
class ShownBranch:
    """One line of a chain.

    Args:
        stem, under: What is drawn before the line, and before what follows it.
        certificate: Its number; None where the issuer is not in the files.
        files: In which files of the group it is.
        days_left: By the clock of the place; negative when it has ended.
        begun: False before notBefore.
        also: Numbers of further issuers, of a cross-signed one.
    """

    stem: str
    under: str
    certificate: int | None
    subject: str
    role: Role | None
    builtin: bool = False
    files: tuple[str, ...] = ()
    days_left: int | None = None
    begun: bool = True
    also: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Files that belong together, at every place that holds the same.

    Args:
        places: Nodes, or the label of a set on this machine.
        source: "served", "on disk", "local", or "" of a path that was asked for.
        use: "HA channel", or "".
    """

    places: tuple[str, ...]
    source: str
    use: str
    chain: tuple[ShownBranch, ...] = ()
    keys: tuple[ShownKey, ...] = ()
    requests: tuple[ShownRequest, ...] = ()
    lists: tuple[ShownList, ...] = ()
    troubles: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    judged: bool = False  # whether there is a set in it, so that no finding means good


@dataclass(frozen=True, slots=True)
class Shown:
    """The groups, and every certificate that is named in them once, by number."""

    groups: tuple[Group, ...] = ()
    certificates: tuple[ShownCertificate, ...] = ()


@dataclass(frozen=True, slots=True)
class Bundle:
    """What is to become one group. `guess`: leafs are also what looks like one."""

    place: str
    source: str
    use: str
    held: tuple[Held, ...]
    at: datetime
    findings: tuple[Finding, ...] = ()
    judged: bool = False
    guess: bool = False

    @property
    def certificates(self) -> tuple[Certificate, ...]:
        return tuple(one for held in self.held for one in held.material.certificates)

    def chain(self) -> tuple[Branch, ...]:
        leafs = [
            held.material.certificates[0]
            for held in self.held
            if held.material.certificates and _presents(held)
        ]
        guessed = Forest.of(self.certificates).leafs() if self.guess else ()
        return tuple(tree(self.certificates, leafs=(*leafs, *guessed)))


def _presents(held: Held) -> bool:
    """Whether its first certificate is a leaf: a process serves it, or a certificate file holds it."""
    return held.source is Source.SERVED or any(named(held.file, names.cert) for names in (CLUSTER, HA))


def local_bundle(local: LocalFiles, *, at: datetime, guess: bool = False) -> Bundle:
    """Of a set, a CA's folder or a path; `guess` for a path."""
    use = "HA channel" if local.names is HA else ""
    source = "" if guess else Source.LOCAL.value
    judged = local.names is not None or any(
        named(path, names.cert) for path in local.files for names in (CLUSTER, HA)
    )
    return Bundle(local.label, source, use, held_in(local, at=at), at, local.findings, judged, guess)


def node_bundles(held: Iterable[Held], source: Source) -> Iterator[Bundle]:
    """Per node and use, of what was seen there; what could not be seen is no bundle."""
    by_place: dict[tuple[str, str], list[Held]] = {}
    for one in held:
        if one.source is source and one.file:
            by_place.setdefault((one.where, _use_of(one.file)), []).append(one)
    for (place, use), files in by_place.items():
        yield Bundle(place, source.value, use, tuple(files), files[0].at)


def _use_of(file: str) -> str:
    return "HA channel" if any(named(file, name) for name in _ha_names(HA)) else ""


def _ha_names(names: FileNames) -> tuple[str, ...]:
    return names.cert, names.ca, names.crl


def shown(bundles: Sequence[Bundle]) -> Shown:
    """Certificates are numbered in the order in which the chains name them."""
    chains = [bundle.chain() for bundle in bundles]
    order = dict.fromkeys(b.certificate for chain in chains for b in chain if b.certificate is not None)
    numbers = {certificate: number for number, certificate in enumerate(order, 1)}
    groups = (_group(bundle, chain, numbers) for bundle, chain in zip(bundles, chains, strict=True))
    certificates = tuple(shown_certificate(number, one) for one, number in numbers.items())
    return Shown(_together(groups), certificates)


def _together(groups: Iterable[Group]) -> tuple[Group, ...]:
    """Places that hold the same become one group, where the first of them stood."""
    found: dict[Group, list[str]] = {}
    for group in groups:
        found.setdefault(replace(group, places=()), []).extend(group.places)
    return tuple(replace(group, places=tuple(places)) for group, places in found.items())


def _group(bundle: Bundle, chain: Sequence[Branch], numbers: Mapping[Certificate, int]) -> Group:
    beside, held = bundle.certificates, bundle.held
    asked = {h.file: one.public_key_der for h in held for one in h.material.requests}
    return Group(
        places=(bundle.place,),
        source=bundle.source,
        use=bundle.use,
        chain=tuple(_branch(bundle, one, numbers) for one in chain),
        keys=tuple(
            shown_key(h.file, key, numbers, beside, asked=asked) for h in held for key in h.material.keys
        ),
        requests=tuple(shown_request(h.file, one) for h in held for one in h.material.requests),
        lists=tuple(
            shown_list(h.file, one, numbers, beside, at=h.at) for h in held for one in h.material.lists
        ),
        troubles=tuple(_troubles(held)),
        findings=bundle.findings,
        judged=bundle.judged,
    )


def _troubles(held: Iterable[Held]) -> Iterator[str]:
    for one in held:
        if one.trouble is not None:
            yield one.trouble.problem
        yield from (f"{one.file}: {fault}" for fault in one.material.faults)


def _branch(bundle: Bundle, branch: Branch, numbers: Mapping[Certificate, int]) -> ShownBranch:
    one = branch.certificate
    if one is None:
        return ShownBranch(branch.stem, branch.under, None, branch.subject, None)
    return ShownBranch(
        stem=branch.stem,
        under=branch.under,
        certificate=numbers[one],
        subject=branch.subject,
        role=branch.role,
        builtin=is_builtin(one),
        files=tuple(dict.fromkeys(h.file for h in bundle.held if one in h.material.certificates)),
        days_left=(one.not_after - bundle.at).days,
        begun=bundle.at >= one.not_before,
        also=tuple(numbers[other] for other in branch.also),
    )
