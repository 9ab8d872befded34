"""The table of `fab config.show`: a row per setting and value, with the nodes that have it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath

from tasks.core.config_shown import NOTABLE, ShownNode, ShownPlace
from tasks.core.keystore_wish import DATA
from tasks.core.text_table import TextTable

Value = Callable[[ShownNode], str]


def config_table(cluster: str, shown: Sequence[ShownNode]) -> TextTable:
    """All nodes side by side: nodes that agree share a row, where they do not each row says DIFFERENT.

    Paths below a data directory count as the same where they are the same below it; if the data
    directories differ they are written DATA/..., as `config.keystore` takes them.
    """
    short = len({node.data_dir for node in shown}) > 1
    rows = []
    if short:
        rows += [(DATA, node.node, node.data_dir, "") for node in shown]
    for setting, value in _settings(short=short):
        groups = _groups(shown, value)
        for text, names in groups:
            mark = "DIFFERENT" if len(groups) > 1 else ""
            nodes = "all" if len(groups) == 1 and len(shown) > 1 else ", ".join(names)
            rows.append((setting, nodes, text, mark))
    return TextTable(f"{cluster}: server.cfg", ("SETTING", "NODES", "VALUE", ""), tuple(rows))


def _groups(shown: Sequence[ShownNode], value: Value) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found: dict[str, list[str]] = {}
    for node in shown:
        found.setdefault(value(node), []).append(node.node)
    return tuple((text, tuple(names)) for text, names in found.items())


def _settings(*, short: bool) -> tuple[tuple[str, Value], ...]:
    def path(node: ShownNode, text: str) -> str:
        return _short(node, text) if short else text

    def place(node: ShownNode, at: ShownPlace) -> str:
        if not at.path:
            return "none is set (T11)"
        leads = f" -> {path(node, at.real)}" if at.real != at.path else ""
        return f"{path(node, at.path)}{leads} (line {at.line}: {at.key})"

    def cfg(node: ShownNode) -> str:
        leads = f" -> {path(node, node.server_cfg_real)}" if node.server_cfg_real != node.server_cfg else ""
        return path(node, node.server_cfg) + leads

    return (
        ("server.cfg", cfg),
        ("keystore", lambda node: place(node, node.keystore)),
        ("  directory", lambda node: _directory(node.keystore)),
        ("  holds", lambda node: _names(node.keystore.names)),
        ("truststore", lambda node: place(node, node.truststore)),
        ("  directory", lambda node: _directory(node.truststore)),
        ("  holds", lambda node: _names(node.truststore.names)),
        ("control TLS", lambda node: _policy(node.control_tls_policy)),
        ("process", _loaded),
    )


def _short(node: ShownNode, text: str) -> str:
    found = PurePosixPath(text)
    return f"{DATA}/{found.relative_to(node.data_dir)}" if found.is_relative_to(node.data_dir) else text


def _directory(at: ShownPlace) -> str:
    if at.state != "directory":
        return "absent" if at.state == "absent" else f"{at.state}: cannot be looked into"
    synced = (
        "in data/certificates: HA sync covers it" if at.synced else "outside of data/certificates: not synced"
    )
    unread = "" if at.readable else "; NOT READABLE by the service user"
    return f"owner {at.owner}, mode {at.mode}; {synced}{unread}"


def _names(names: Iterable[str]) -> str:
    """Those that somebody is known to read by name first, each kind marked."""
    left, parts = list(names), []
    for prefix, label in zip(NOTABLE, ("admin", "cluster", "HA"), strict=True):
        mine = [name for name in left if name.startswith(prefix)]
        left = [name for name in left if name not in mine]
        parts += [f"{label}: {', '.join(mine)}"] if mine else []
    parts += [f"other: {', '.join(left)}"] if left else []
    return "; ".join(parts) or "nothing"


def _policy(policy: int) -> str:
    return {1: "1 (always)", 2: "2 (OFF: credentials are unused)", 3: "3 (as MessagingUseTLS)"}[policy]


def _loaded(node: ShownNode) -> str:
    if node.pending is None:
        return "no answer: not known what it has loaded"
    return (
        "PENDING: server.cfg was changed after its start"
        if node.pending
        else "started after server.cfg was written"
    )
