"""`fab status --watch`: look after look, drawn in place, or told as what changed, until Ctrl-C."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict

from tasks.core.dataclass import dataclass
from tasks.core.health import StatusReport, report
from tasks.core.lock_text import lock_lines
from tasks.core.model import Node
from tasks.core.screens import draws
from tasks.core.snapshot import NodeSnapshot, Snapshot, Unseen
from tasks.core.status import NodeStatus
from tasks.core.watch import MARK, Watched, block, no_answer, watch_view, watched
from tasks.effects.area import Area, screen_of
from tasks.effects.console import say
from tasks.effects.drawing import drawn
from tasks.effects.eyes import Eyes
from tasks.effects.sights import Held, sight
from tasks.effects.site import Site
from tasks.effects.status_shown import open_run_of, present

FIRST_S = 5.0  # for the first table: a cluster answers sooner, and what does not is shown as such
STALE_S = 5.0  # what was seen so long before the look is no answer any more


@dataclass(frozen=True, slots=True)
class _Sight:
    """What was seen of one node, and when its look began and ended, by the monotonic clock."""

    snapshot: NodeSnapshot
    held: Held
    at_s: float


Show = Callable[[Watched | None, Watched], bool]  # whether somebody still looks


def watch_status(site: Site, *, interval_s: float, json_wanted: bool, plain: bool) -> StatusReport:
    """Look until the operator ends it with Ctrl-C, or nobody reads any more.

    Returns:
        The last look.

    Raises:
        KeyboardInterrupt: Before the first one was complete.
    """
    area = Area(sys.stdout)
    in_place = not plain and not json_wanted and draws(screen_of(sys.stdout), os.environ)
    show: Show = _as_json if json_wanted else _in(area, interval_s) if in_place else _as_lines
    last: Watched | None = None
    with closing(_Watcher(site)) as watcher, area.shared():
        try:
            for now in watcher.looks(interval_s):
                before, last = last, now
                if not show(before, now):
                    break
        except KeyboardInterrupt:
            if last is None:
                raise
    if in_place and last is not None:
        area.draw(())
        present(last.report, last.notes)
    return last.report  # type: ignore[union-attr]


class _Watcher:
    """Keeps the last sight of every node."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._eyes = Eyes(site.cluster.nodes, self._see)
        self._sights: dict[str, _Sight] = {}
        self._answered_s: dict[str, float] = {}

    def looks(self, interval_s: float) -> Iterator[Watched]:
        """One every so many seconds, without end."""
        began = time.monotonic()
        self._answered_s = dict.fromkeys((node.name for node in self._site.cluster.nodes), began)
        limit_s = FIRST_S
        last: Watched | None = None
        while True:
            self._look(limit_s)
            last = self._watched(last, stale_s=interval_s + STALE_S)
            yield last
            time.sleep(max(0.0, began + interval_s - time.monotonic()))
            began, limit_s = time.monotonic(), interval_s

    def close(self) -> None:
        self._eyes.close()

    def _see(self, node: Node) -> _Sight:
        return _Sight(*sight(self._site, node), time.monotonic())

    def _look(self, limit_s: float) -> None:
        self._sights |= self._eyes.look(limit_s=limit_s)
        for name, seen in self._sights.items():
            if isinstance(seen.snapshot.status, NodeStatus):
                self._answered_s[name] = seen.at_s

    def _watched(self, last: Watched | None, *, stale_s: float) -> Watched:
        site, now_s = self._site, time.monotonic()
        run = open_run_of(site)
        fresh = {name: sight for name, sight in self._sights.items() if now_s - sight.at_s <= stale_s}
        nodes = {
            node.name: fresh[node.name].snapshot if node.name in fresh else self._unseen(node, now_s)
            for node in site.cluster.nodes
        }
        held = {name: one for sight in fresh.values() for name, one in sight.held.items()}
        locks = lock_lines(held, nodes=len(site.cluster.nodes), own=run.id if run else "")
        return watched(
            last,
            report(Snapshot(site.cluster, site.clock.now(), nodes), run=run),
            silent_s=self._silent_s(nodes, now_s),
            notes=(*((run.line,) if run else ()), *locks),
        )

    def _unseen(self, node: Node, now_s: float) -> NodeSnapshot:
        """One that hangs."""
        why = no_answer(now_s - self._answered_s[node.name])
        return NodeSnapshot(node, "", why, why, why, None, None, sshd=why)

    def _silent_s(self, nodes: Mapping[str, NodeSnapshot], now_s: float) -> dict[str, float]:
        return {
            name: now_s - self._answered_s[name]
            for name, seen in nodes.items()
            if isinstance(seen.status, Unseen)
        }


def _as_json(before: Watched | None, now: Watched) -> bool:
    return say(json.dumps(asdict(now.report), default=str), verbatim=True)


def _as_lines(before: Watched | None, now: Watched) -> bool:
    """The whole table once, then what changes."""
    if before is None:
        return present(now.report, now.notes)
    lines = block(before, now)
    return say("\n".join(lines)) if lines else True


def _in(area: Area, interval_s: float) -> Show:
    def show(before: Watched | None, now: Watched) -> bool:
        screen = area.screen()
        view = watch_view(now, width=screen.columns, height=screen.lines, every_s=interval_s)
        area.draw(drawn(view.table, view.lines, columns=screen.columns, style=_style, cut="ON DISK"))
        return screen_of(sys.stdout).terminal

    return show


def _style(number: int, cell: str) -> str:
    if cell.endswith(MARK):
        return "bold reverse"
    return "bold red" if cell.startswith("no answer") or "BUILT-IN" in cell else ""
