"""`fab credentials.crl`."""

from __future__ import annotations

from tasks.boundary import Acting, acting_task

HELP = {
    "revoke": "a member (its certificate here), a file, or a serial number in hex (0x1A2B, 1A:2B); may be repeated",
    "unrevoke": "the same, to be taken out of the list again",
    "reason": "of what is revoked: keyCompromise, superseded, cessationOfOperation, ...",
    "days": "validity of the list in days (default: 90); from its end on nobody connects where it is loaded",
    "from-ca": "a folder with the key and certificate of another CA than the cluster's own",
    "use": "cluster: Cluster_crl/crl.pem on all nodes; ha: HA_crl/crl.pem on those of pairs",
    "place": "put the list on the nodes; restarts nothing",
    "remove": "take the lists off the nodes; restarts nothing",
}


@acting_task(stop_after=False, help=HELP)
def crl(
    acting: Acting,
    revoke: tuple[str, ...] = (),
    unrevoke: tuple[str, ...] = (),
    reason: str = "",
    days: int = 0,
    from_ca: str = "",
    use: str = "cluster",
    place: bool = False,
    remove: bool = False,
) -> None:
    """Make a revocation list of the cluster's CA, place it, or remove it; it does not keep a member out (T12).

    With --place or --remove alone nothing is made; without --revoke and --unrevoke a list is renewed.
    """
    from tasks.core.revocation_wish import ListWish
    from tasks.effects.list_journey import tend_list

    wish = ListWish(tuple(revoke), tuple(unrevoke), reason, days, from_ca, use, place, remove)
    with acting.opened() as site:
        tend_list(site, wish, acting.terms, again=acting.again, break_lock_of=acting.break_lock_of)
