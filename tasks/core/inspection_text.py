"""`fab credentials.inspect` on a screen of 80 columns: chains as trees, then each certificate by its number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tasks.core.certificate_tree import MISSING, Role
from tasks.core.findings import Finding, Severity
from tasks.core.inspection import Group, Shown, ShownBranch
from tasks.core.outcomes import Outcome
from tasks.core.render import findings_lines
from tasks.core.revocation import T12
from tasks.core.shown_material import BOTH, ShownCertificate, ShownKey, ShownList, ShownRequest
from tasks.core.text_table import printable

_SOURCES = {"served": "served", "on disk": "on disk", "local": "here", "": ""}


def group_lines(group: Group) -> Iterator[str]:
    """One group: its title, the chain, then keys, requests, lists, troubles and the verdict."""
    yield _title(group)
    for branch in group.chain:
        yield from _branch_lines(branch)
    for key in group.keys:
        yield f"  {_key_text(key)}"
    for request in group.requests:
        yield f"  {_request_text(request)}"
    for one in group.lists:
        yield f"  {_list_text(one)}"
    if group.lists:
        yield f"  {T12}"
    yield from (f"  {trouble}" for trouble in group.troubles)
    yield from _verdict(group)


def _title(group: Group) -> str:
    """ "on disk, HA channel: gw-d1, gw-d2"; of a path the path."""
    what = ", ".join(text for text in (_SOURCES[group.source], group.use) if text)
    places = ", ".join(group.places)
    return f"{what}: {places}" if what else places


def _branch_lines(branch: ShownBranch) -> Iterator[str]:
    if branch.certificate is None:
        yield f"  {branch.stem}? {branch.subject} ({MISSING})"
        return
    mark = "  BUILT-IN" if branch.builtin else ""
    yield f"  {branch.stem}[{branch.certificate}] {branch.subject}{mark}"
    also = f"also issued by {', '.join(f'[{number}]' for number in branch.also)}" if branch.also else ""
    said = (_role(branch.role), _files(branch.files), _left(branch), also)
    yield f"  {branch.under}    {' · '.join(text for text in said if text)}"


def _files(files: tuple[str, ...]) -> str:
    """All of them where they are few: --json names every one."""
    return ", ".join(files) if len(files) < 3 else f"{files[0]} and {len(files) - 1} more files"


def _role(role: Role | None) -> str:
    if role is None:
        return ""
    return "unrelated: no leaf hangs on it" if role is Role.UNRELATED else role.value


def _left(branch: ShownBranch) -> str:
    if not branch.begun:
        return "NOT YET VALID"
    return days_text(branch.days_left)


def days_text(days: int | None) -> str:
    """ "824 days left", "EXPIRED 3 days ago"; of no end "does not end"."""
    if days is None:
        return "does not end"
    if days < 0:
        return f"EXPIRED {_days(-days - 1)} ago" if days < -1 else "EXPIRED"
    return f"{_days(days)} left"


def _days(number: int) -> str:
    return f"{number} day" if number == 1 else f"{number} days"


def _key_text(key: ShownKey) -> str:
    if key.kind == "encrypted":
        return f"{key.file}: private key, encrypted: as a CA's should be, and as no server can read it"
    if key.trouble:
        return f"{key.file}: private key, {key.trouble}"
    owned = [f"[{key.certificate}]"] if key.certificate else []
    owned += [f"the request {key.request}"] if key.request else []
    whose = f"the key of {' and '.join(owned)}" if owned else "of none of these certificates"
    return f"{key.file}: private key, {key.kind}, {whose}"


def _request_text(request: ShownRequest) -> str:
    names = f", {', '.join(request.names)}" if request.names else ""
    proof = "" if request.signed else "; its signature is WRONG"
    return f"{request.file}: request for {request.subject}{names}, {request.key_kind}{proof}"


def _list_text(one: ShownList) -> str:
    signer = f"signed by [{one.signer}]" if one.signer else "its issuer's certificate is not in the files"
    until = (
        f", next update {one.next_update:%Y-%m-%d} ({days_text(one.days_left)})" if one.next_update else ""
    )
    more = f"; {one.others} more in the file, which the server does not read" if one.others else ""
    return (
        f"{one.file}: revocation list of {one.issuer}, {signer}; of {one.this_update:%Y-%m-%d}{until}; "
        f"{one.revoked} revoked{more}"
    )


def _verdict(group: Group) -> Iterator[str]:
    if not group.judged:
        return
    yield from (f"  {line}" for line in findings_lines(group.findings))
    outcome = next((finding.outcome for finding in group.findings if finding.outcome), Outcome.CONNECTS)
    refused = any(finding.severity is Severity.ERROR for finding in group.findings)
    yield f"  verdict: {outcome}{'; NOT to be placed, see above' if refused else ''}"


def certificate_lines(found: Iterable[ShownCertificate]) -> Iterator[str]:
    """Everything about each certificate, a fact per line; no line but a long name passes 80 columns."""
    for one in found:
        yield f"[{one.number}] {one.subject}{'  BUILT-IN: its private key is public' if one.builtin else ''}"
        issuer = "itself" if one.self_signed else one.issuer
        yield f"    issuer   {issuer}"
        yield f"    key      {one.key_kind}{', CA' if one.is_ca else ', no CA'}, signed with {_hash(one)}"
        yield f"    EKU      {eku_text(one.eku)}"
        yield f"    names    {', '.join(one.names) or 'none'}"
        yield f"    valid    {one.not_before:%Y-%m-%d %H:%M:%S} to {one.not_after:%Y-%m-%d %H:%M:%S} UTC"
        yield f"    serial   {one.serial}"
        yield f"    SHA-256  {one.sha256}"


def _hash(one: ShownCertificate) -> str:
    return one.signature_hash or "no hash of its own"


def eku_text(eku: tuple[str, ...]) -> str:
    """One of the two alone is marked: the server refuses it."""
    if not eku:
        return "none (good)"
    if set(eku) >= BOTH:
        others = [usage for usage in eku if usage not in BOTH]
        return "both serverAuth and clientAuth" + (f", and {', '.join(others)}" if others else "")
    return f"{', '.join(eku)} ALONE: refused, both serverAuth and clientAuth are needed"


def shown_lines(found: Shown, findings: Sequence[Finding] = ()) -> Iterator[str]:
    """Every group, every certificate, and what is wrong."""
    return map(printable, _lines(found, findings))


def _lines(found: Shown, findings: Sequence[Finding]) -> Iterator[str]:
    for group in found.groups:
        yield from group_lines(group)
        yield ""
    yield from certificate_lines(found.certificates)
    if findings:
        yield ""
    yield from findings_lines(findings)
