"""`fab credentials.*`: make, request, import and renew credential sets on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.context import Context

from tasks.boundary import making_task

if TYPE_CHECKING:
    from tasks.core.credential_set import CredentialSet
    from tasks.core.model import Cluster
    from tasks.core.results import Done

_COMMON = {
    "use": "cluster: of the members (Cluster_*.pem); ha: of the pairs' HA channel (HA_*.pem), a set per pair",
    "organization": "O of every subject",
}
CREATE = {
    **_COMMON,
    "kind": "shared: one self-signed set for all members; ca: a CA and a leaf per member",
    "days": "validity of the shared certificate or the leafs",
    "ca-days": "validity of the CA",
    "intermediate": "with --kind ca: a root, and under it a CA that signs the leafs",
    "from-ca": "with --kind ca: a folder with the key and certificate of the CA that is to sign",
    "member": "with --from-ca: a leaf for this member only; may be repeated",
    "plain-ca-key": "leave the CA's keys unencrypted",
    "force": "overwrite sets that are there, and the CA, which is kept beside the new one",
}
REQUEST = {
    **_COMMON,
    "kind": "member: a key and a request per member; shared: one for all members",
    "force": "replace requests that are under way: what the PKI makes of the former ones is of no use then",
}
IMPORT = {
    "use": _COMMON["use"],
    "path": "a file of certificates (PEM, DER, PKCS#7), or a folder of such files",
    "also": "one more; may be repeated, in any order",
    "force": "overwrite sets that are there; they are kept beside",
}
RENEW = {
    "use": _COMMON["use"],
    "days": "validity of the new leafs",
    "member": "only this member's; may be repeated",
    "from-ca": "a folder with the key and certificate of the CA, if it is not the cluster's own",
}


@making_task(help=CREATE)
def create(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    kind: str = "shared",
    days: int = 825,
    ca_days: int = 3650,
    organization: str = "",
    use: str = "cluster",
    intermediate: bool = False,
    from_ca: str = "",
    member: tuple[str, ...] = (),
    plain_ca_key: bool = False,
    force: bool = False,
) -> Done:
    """Make key, certificate and CA file for every member, 0600, on this machine only."""
    from tasks.core.created_text import created_lines
    from tasks.core.order import Order
    from tasks.core.results import Done, made_sets
    from tasks.effects.console import say, show_table
    from tasks.effects.creation import create_sets, created_table
    from tasks.effects.inventory_file import open_inventory
    from tasks.effects.open_run import refuse_during_run
    from tasks.effects.secrets import Secrets

    chosen = open_inventory(inventory or None, cluster or None)
    order = Order(kind, days, ca_days, organization, use, intermediate, from_ca, tuple(member), plain_ca_key)
    refuse_during_run(chosen)
    sets, written = create_sets(chosen, order, force=force, secrets=Secrets().resolve)
    show_table(created_table(chosen, sets))
    for line in created_lines(sets, order, written):
        say(line)
    verdict = f"{len(written)} files written"
    return Done(cluster=chosen.key, sets=made_sets(sets), verdict=verdict, paths=tuple(map(str, written)))


@making_task(help=REQUEST)
def request(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    kind: str = "member",
    organization: str = "",
    use: str = "cluster",
    force: bool = False,
) -> Done:
    """Make keys here, and requests (CSR) for a PKI to sign; credentials.import takes its answer."""
    from tasks.core.results import Done
    from tasks.core.signing_requests import RequestWish, words_for_the_pki
    from tasks.effects.console import say, show_table
    from tasks.effects.inventory_file import open_inventory
    from tasks.effects.requesting import make_requests, request_places

    chosen = open_inventory(inventory or None, cluster or None)
    show_table(make_requests(chosen, RequestWish(kind, use, organization), force=force))
    for line in words_for_the_pki(use):
        say(line)
    folders = tuple(str(path) for path in request_places(chosen, use).values() if path.is_dir())
    return Done(cluster=chosen.key, verdict="requests are made", paths=folders)


@making_task(name="import", positional=["path"], help=IMPORT)
def import_(
    c: Context,
    path: str,
    also: tuple[str, ...] = (),
    inventory: str = "",
    cluster: str = "",
    use: str = "cluster",
    force: bool = False,
) -> Done:
    """Sort what the PKI sent, in any order and form, into sets; refuse all of it if one would not work."""
    from tasks.core.created_text import next_command
    from tasks.effects.console import say, show_table
    from tasks.effects.creation import created_table
    from tasks.effects.importing import import_sets
    from tasks.effects.inventory_file import open_inventory
    from tasks.effects.open_run import refuse_during_run

    chosen = open_inventory(inventory or None, cluster or None)
    refuse_during_run(chosen)
    sets = import_sets(chosen, (path, *also), use=use, force=force)
    show_table(created_table(chosen, sets))
    say(f"imported: {len(sets)}, and their requests are done -> {next_command(use)}")
    return _on_sets(chosen, sets, f"imported: {len(sets)}")


@making_task(help=RENEW)
def renew(
    c: Context,
    inventory: str = "",
    cluster: str = "",
    days: int = 825,
    member: tuple[str, ...] = (),
    from_ca: str = "",
    use: str = "cluster",
) -> Done:
    """Make new leafs with new keys of the same CA; subjects, names and CA files stay as they are."""
    from tasks.core.created_text import next_command
    from tasks.core.renewal import RenewalWish
    from tasks.effects.console import say, show_table
    from tasks.effects.creation import created_table
    from tasks.effects.inventory_file import open_inventory
    from tasks.effects.open_run import refuse_during_run
    from tasks.effects.renewal import renew_sets
    from tasks.effects.secrets import Secrets

    chosen = open_inventory(inventory or None, cluster or None)
    refuse_during_run(chosen)
    sets = renew_sets(chosen, RenewalWish(days, tuple(member), from_ca, use), secrets=Secrets().resolve)
    show_table(created_table(chosen, sets))
    say(f"renewed: {len(sets)} -> {next_command(use)}")
    return _on_sets(chosen, sets, f"renewed: {len(sets)}")


def _on_sets(cluster: Cluster, sets: Mapping[str, CredentialSet], verdict: str) -> Done:
    from tasks.core.results import Done, made_sets

    return Done(cluster=cluster.key, sets=made_sets(sets), verdict=verdict, paths=(str(cluster.credentials),))


ns = Collection("credentials")
for task in (create, request, import_, renew):
    ns.add_task(task)
