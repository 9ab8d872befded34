"""A whole migration on a fresh lab, by any of the strategies."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tasks.core.course import Wish
from tasks.core.errors import UsageError
from tasks.core.model import Cluster
from tasks.core.nearest import one_of
from tasks.core.order import KINDS
from tasks.core.renewal import RenewalWish
from tasks.core.strategy_names import AUTO, OVERLAP, PRESCRIBED, RENEW, STRATEGIES
from tasks.effects.console import say, show_table
from tasks.effects.creation import Order, create_sets, created_table
from tasks.effects.inventory_file import open_inventory
from tasks.effects.operations import migrate, show_check
from tasks.effects.renewal import renew_sets
from tasks.effects.secrets import Secrets
from tasks.effects.sights import begin_sights
from tasks.effects.site import Site
from tasks.effects.status_shown import show_status
from tasks.effects.terms import Terms
from tasks.lab.commands import Request
from tasks.lab.layout import Lab
from tasks.lab.lifecycle import down, up

_ON_OWN_SETS = frozenset({RENEW, OVERLAP})  # the others start from the built-in pair, as the lab does


def run_rehearsal(directory: str, request: Request, *, kind: str, strategy: str, keep: bool) -> None:
    """Up, create, check, migrate, down; the lab goes away whatever happens, unless kept.

    What a strategy starts from is made first: for `renew` leafs of a CA, for `overlap` a shared set.

    Args:
        kind: Of the set that is migrated to; "" for what suits the strategy.
        strategy: One of STRATEGIES, or "auto".

    Raises:
        OperatorError: A part of it failed, as it would on a real cluster.
        UsageError: There is no such strategy, or it is not for this kind of set.
    """
    wanted = kind or ("ca" if strategy in _ON_OWN_SETS else "shared")
    _refuse_impossible(strategy, wanted)
    with _lab(directory, request, keep=keep) as lab:
        say(f"lab is up: {len(lab.nodes)} nodes in {lab.directory}")
        cluster = open_inventory(str(lab.inventory), None)
        secrets = Secrets()
        with Site(cluster, secrets=secrets.resolve) as site:
            if strategy in _ON_OWN_SETS:
                say("first, the lab gets credentials of its own, by the documented procedure")
                _make(cluster, "ca" if strategy == RENEW else "shared", secrets)
                migrate(site, Wish(PRESCRIBED), Terms(yes=True))
                say(f"now the rehearsal of {strategy}")
            if strategy == RENEW:
                renew_sets(cluster, RenewalWish(), secrets=secrets.resolve)
            else:
                _make(cluster, wanted, secrets)
            show_check(site, ignored=frozenset())
            show_status(site, begin_sights(site))
            migrate(site, Wish(strategy), Terms(yes=True))
    if not keep:
        say("the rehearsal cluster is gone, and all that was its -> fab lab.up keeps one to play with")


def _refuse_impossible(strategy: str, kind: str) -> None:
    if strategy not in (AUTO, *STRATEGIES):
        problem = f"--strategy {strategy} is unknown"
        raise UsageError(problem, remedy=one_of(strategy, (AUTO, *STRATEGIES)))
    if kind not in KINDS:
        raise UsageError(f"--kind {kind} is unknown", remedy=one_of(kind, KINDS))
    if strategy == RENEW and kind != "ca":
        raise UsageError(
            "--strategy renew is for leafs of a CA", remedy="fab rehearse --strategy renew --kind ca"
        )


def _make(cluster: Cluster, kind: str, secrets: Secrets) -> None:
    sets, _ = create_sets(cluster, Order(kind=kind), force=True, secrets=secrets.resolve)
    show_table(created_table(cluster, sets))


@contextmanager
def _lab(directory: str, request: Request, *, keep: bool) -> Iterator[Lab]:
    """A lab that ends with this process; `keep` leaves it running."""
    with tempfile.TemporaryDirectory(prefix="amlen-rehearsal-") as fresh:
        place = Path(directory) if directory else Path(".lab") if keep else Path(fresh) / "lab"
        lab = up(place, request.topology(), owner_pid=None if keep else os.getpid())
        try:
            yield lab
        finally:
            if keep:
                say(
                    f"the lab stays -> AMLEN_INVENTORY={lab.inventory} fab status; fab lab.down --dir {place}"
                )
            else:
                down(place)
