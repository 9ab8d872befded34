"""CA files that trust the built-in certificate: whoever has its key, and that is public, can join."""

from __future__ import annotations

from collections.abc import Iterator

from tasks.core.certificates import Certificate, is_builtin, named_cluster
from tasks.core.findings import Finding, Severity
from tasks.core.observed import ca_on_disk, serves_builtin
from tasks.core.pending import chain_on_disk, has_own_pair
from tasks.core.snapshot import NodeFiles, NodeSnapshot, Snapshot, Wire

TRUSTED = "builtin-trusted"


def builtin_trusted(snapshot: Snapshot) -> Iterator[Finding]:
    """A warning per node whose CA file holds the built-in certificate, or whose process has loaded one that does.

    So it is between the first and the last round of the strategy `bridge`, whoever ran it, and never at its end.
    """
    for seen in snapshot.nodes.values():
        if names := tuple(dict.fromkeys((*_on_disk(seen), *_loaded(seen)))):
            yield Finding(
                TRUSTED,
                Severity.WARNING,
                seen.node.name,
                f"its CA file trusts the BUILT-IN certificate ({', '.join(names)}), whose key is public: whoever "
                "has it can join the cluster",
                "the last round of the migration closes this: fab migrate-cluster (an open run: --resume)",
            )


def _on_disk(seen: NodeSnapshot) -> Iterator[str]:
    if not isinstance(seen.files, NodeFiles):
        return
    own = chain_on_disk(seen.files)[:1] if has_own_pair(seen.files) else ()
    for certificate in ca_on_disk(seen.files):
        if _is_that(certificate, own):
            yield certificate.sha256[:8]


def _is_that(certificate: Certificate, own: tuple[Certificate, ...]) -> bool:
    """One that is known; or one of that kind which is not the node's own."""
    return is_builtin(certificate) or (named_cluster(certificate) and certificate not in own)


def _loaded(seen: NodeSnapshot) -> Iterator[str]:
    """What the process names though it does not lie there any more: the subject is all that is seen of it."""
    if isinstance(seen.wire, Wire) and not serves_builtin(seen) and not any(_on_disk(seen)):
        yield from (name for name in seen.wire.client_cas if _is_its_name(name))


def _is_its_name(subject: str) -> bool:
    parts = set(subject.split(","))
    return "CN=cluster" in parts and bool(parts & {"OU=Amlen", "O=IBM"})
