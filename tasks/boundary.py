"""The one way from a task to the outside: errors become exit codes, `-H` is refused.

Here and in the tasks' modules what works is imported where a task runs: `fab --list` and `fab --help` import
every task, and are to come at once.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit
from invoke.tasks import Task

from tasks.core.dataclass import dataclass
from tasks.core.errors import OperatorError, UsageError
from tasks.words import OperatorTask

if TYPE_CHECKING:
    from tasks.core.model import Cluster
    from tasks.core.plan import Plan
    from tasks.core.results import Done
    from tasks.effects.account import Account
    from tasks.effects.journey import Journey
    from tasks.effects.prepare import Prepared
    from tasks.effects.site import Site
    from tasks.effects.terms import Terms

# What cryptography thinks of odd certificates: findings say what matters of it.
warnings.filterwarnings("ignore", category=UserWarning, module=r"tasks\.")


def operator_task(
    *, acting: bool = False, **options: Any
) -> Callable[[Callable[..., int | None]], Task[Callable[..., None]]]:
    """Make a Fabric task of a function; `options` are Invoke's, but a `positional` with a default may be left out.

    Every foreseen error is printed with its remedy, on stderr, and ends with its own exit code. A task
    with an option `nagios` may return a plugin's exit code; under it an error is one line on stdout, and 3.
    Under an option `json` stdout holds one JSON text, whatever happens.

    Args:
        acting: The function takes an `account`, too, and with `json` that is what is printed.
    """

    def make(body: Callable[..., int | None]) -> Task[Callable[..., None]]:
        @functools.wraps(body)
        def guarded(context: Context, *args: Any, **kwargs: Any) -> None:
            from tasks.effects.answering import answer

            account = _new_account() if acting else None
            given = kwargs | {"account": account} if acting else kwargs

            def checked() -> int | None:
                _refuse_hosts(context)
                return body(context, *args, **given)

            if code := answer(task.said_as, checked, kwargs, account):
                raise Exit(code=code)

        task = OperatorTask(guarded, auto_shortflags=False, **options)
        return task

    return make


def _new_account() -> Account:
    from tasks.effects.account import Account

    return Account()


def _refuse_hosts(context: Context) -> None:
    """`fab -H a,b task` would run the whole task once per host."""
    if getattr(context, "host", None):
        raise UsageError(
            "-H/--hosts is not for these tasks: the nodes come from the inventory, and each task "
            "works on the whole cluster once",
            remedy="name the cluster instead: fab TASK --inventory FILE --cluster NAME",
        )


@contextmanager
def opened(
    inventory: str, cluster: str, *, seen_as: Callable[[Cluster], Cluster] | None = None
) -> Iterator[Site]:
    """The cluster of the inventory, ready to be asked; closes every connection at the end.

    Args:
        seen_as: What the inventory is taken to say, where a task is about to change that.
    """
    from tasks.effects.inventory_file import open_inventory
    from tasks.effects.secrets import Secrets
    from tasks.effects.site import Site

    chosen = open_inventory(inventory or None, cluster or None)
    secrets = Secrets()
    with Site(seen_as(chosen) if seen_as else chosen, secrets=secrets.resolve) as site:
        try:
            yield site
        except OperatorError as error:
            error.cluster = chosen.key
            raise


@dataclass(frozen=True, slots=True)
class Acting:
    """What an acting task is told beside its own wishes; the same for all of them."""

    inventory: str
    cluster: str
    terms: Terms
    again: bool  # --resume
    break_lock_of: str

    @property
    def on_open_run(self) -> bool:
        """Whether it is about a run that is open already, and not about a new one."""
        return self.again or bool(self.break_lock_of)

    @contextmanager
    def opened(self, *, seen_as: Callable[[Cluster], Cluster] | None = None) -> Iterator[Site]:
        with opened(self.inventory, self.cluster, seen_as=seen_as) as site:
            self.terms.account.at(site.cluster)
            yield site

    def run(self, site: Site, journey: Journey, make: Callable[[Prepared], Plan]) -> None:
        from tasks.effects.journey import run_task

        run_task(site, journey, make, self.terms, again=self.again, break_lock_of=self.break_lock_of)


# The options of every acting task: default, and what --help says.
_ACTING: Mapping[str, tuple[Any, str]] = {
    "inventory": ("", "the inventory (default: AMLEN_INVENTORY, or inventory.yaml)"),
    "cluster": ("", "its cluster, if there are several"),
    "plan": (False, "show the plan and end"),
    "yes": (False, "do not ask"),
    "approve": ("", "run only the plan with this fingerprint"),
    "resume": (False, "go on with the interrupted run"),
    "stop_after": (0, "stop when this many members have been restarted"),
    "until": (0, "stop when this round is complete; the run stays open"),
    "not_after": ("", "HH:MM here: no restart begins later; it stops at a safe point that the plan names"),
    "ignore": ((), "a finding's name; it stays visible and does not stop"),
    "progress": ("auto", "auto | plain | json: how what happens is told, on stderr"),
    "plain": (False, "timestamped lines: --progress plain"),
    "break_lock": ("", "give up this run and free its lock on every node"),
    "json": (False, "one JSON object on stdout: how it ended; the rest on stderr"),
}
_MAKING: Mapping[str, tuple[Any, str]] = {"json": _ACTING["json"]}


def acting_task(
    *, help: Mapping[str, str], stop_after: bool = True, rounds: bool = False, **options: Any
) -> Callable[[Callable[..., None]], Task[Callable[..., None]]]:
    """Make an acting task of a function that takes an `Acting`, then its own wishes.

    Args:
        help: What its own options mean; or, for one of the common ones, what it means here.
        stop_after: Whether it restarts several members.
        rounds: Whether it may do so in several rounds.
    """
    left_out = {name for name, taken in (("stop_after", stop_after), ("until", rounds)) if not taken}
    common = {name: said for name, said in _ACTING.items() if name not in left_out}
    texts = {name.replace("_", "-"): text for name, (_, text) in common.items()} | dict(help)

    def make(body: Callable[..., None]) -> Task[Callable[..., None]]:
        def told(context: Context, account: Account, **given: Any) -> None:
            body(_acting({name: given.pop(name) for name in common}, account), **given)

        return operator_task(acting=True, iterable=["ignore"], help=texts, **options)(_as(body, told, common))

    return make


def making_task(
    *, help: Mapping[str, str] = MappingProxyType({}), **options: Any
) -> Callable[[Callable[..., Done]], Task[Callable[..., None]]]:
    """Make a task of a function that changes something without a run, and gives back what it came to.

    One that asks somebody takes `asks`, a keyword: whether there is anybody, and not a machine.
    """
    texts = dict(help) | {name: text for name, (_, text) in _MAKING.items()}

    def make(body: Callable[..., Done]) -> Task[Callable[..., None]]:
        def told(context: Context, account: Account, json: bool = False, **given: Any) -> None:
            asking = {"asks": not json} if "asks" in inspect.signature(body).parameters else {}
            account.comes_to(body(context, **given, **asking))

        return operator_task(acting=True, help=texts, **options)(_as(body, told, _MAKING))

    return make


def _as(
    body: Callable[..., Any], told: Callable[..., None], common: Mapping[str, tuple[Any, str]]
) -> Callable[..., None]:
    """With the name, the words and the options of the body, and the common ones."""
    told.__name__, told.__doc__ = body.__name__, body.__doc__
    told.__signature__ = _signature(body, common)  # type: ignore[attr-defined]
    return told


def _acting(given: Mapping[str, Any], account: Account) -> Acting:
    from tasks.core.safe_points import deadline
    from tasks.effects.reporters import AUTO, PLAIN
    from tasks.effects.terms import Terms

    return Acting(
        inventory=given["inventory"],
        cluster=given["cluster"],
        terms=Terms(
            yes=given["yes"],
            approved=given["approve"],
            plan_only=given["plan"],
            ignored=frozenset(given["ignore"]),
            stop_after=given.get("stop_after") or None,
            until=given.get("until") or None,
            not_after=deadline(given["not_after"], now=datetime.now().astimezone())
            if given["not_after"]
            else None,
            progress=PLAIN if given["plain"] and given["progress"] == AUTO else given["progress"],
            asks=not given["json"],
            account=account,
        ),
        again=given["resume"],
        break_lock_of=given["break_lock"],
    )


def _signature(body: Callable[..., None], common: Mapping[str, tuple[Any, str]]) -> inspect.Signature:
    """What Invoke reads a task's options from: the context, the body's own, the common ones."""
    _, *own = inspect.signature(body).parameters.values()
    context = inspect.Parameter("c", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    own = [one for one in own if one.kind is not inspect.Parameter.KEYWORD_ONLY]
    shared = (
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
        for name, (default, _) in common.items()
    )
    return inspect.Signature([context, *own, *shared])
