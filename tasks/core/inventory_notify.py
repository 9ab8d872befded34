"""The `notify` section: what a cluster says, over what the defaults say."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tasks.core.inventory_faults import Fault, YamlPath, shown
from tasks.core.inventory_given import keys_of
from tasks.core.model import FileSecret, SecretRef
from tasks.core.wanted_notify import WantedNotify, Webhook

if TYPE_CHECKING:
    from tasks.core.inventory_notify_shape import NotifyShape, WebhookShape
    from tasks.core.inventory_schema import InventoryShape

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}")
_OURS = frozenset({"host", "content-type", "content-length", "transfer-encoding", "connection"})
Whole = Callable[[Path], Path]


def notify_of(inventory: InventoryShape, key: str, *, folder: Path, whole: Whole) -> WantedNotify:
    """What is said of a cluster, key by key.

    Args:
        folder: The inventory's.
        whole: Makes a path of this machine whole.
    """
    levels = [level for _, level in _levels(inventory, key)]
    hooks = {kind: _said([level.on for level in levels], kind) for kind in keys_of(levels[0].on)}
    webhook = _said(levels, "webhook")
    limits = {name: _said(levels, name) for name in ("limit_s", "waiting_long_s")}
    return WantedNotify(
        hooks=tuple((kind, argv) for kind, argv in hooks.items() if argv is not None),
        webhook=_webhook(webhook, whole) if webhook is not None else None,
        folder=folder,
        **{name: value for name, value in limits.items() if value is not None},
    )


def _levels(inventory: InventoryShape, key: str) -> tuple[tuple[YamlPath, NotifyShape], ...]:
    """The narrower first."""
    return (
        (("clusters", key, "notify"), inventory.clusters[key].notify),
        (("defaults", "notify"), inventory.defaults.notify),
    )


def _said(levels: list[Any], name: str) -> Any:
    """What the narrowest says; an explicit null takes back what a wider one said."""
    return next((getattr(level, name) for level in levels if name in level.model_fields_set), None)


def _webhook(shape: WebhookShape, whole: Whole) -> Webhook:
    found = Webhook(
        url=_reference(shape.url or "", whole),
        ca=whole(shape.ca) if shape.ca else None,
        headers=tuple((name, _whole_secret(ref, whole)) for name, ref in shape.headers.items()),
    )
    return replace(found, on=frozenset(shape.on)) if shape.on is not None else found


def _reference(url: str | SecretRef, whole: Whole) -> str | SecretRef:
    return url if isinstance(url, str) else _whole_secret(url, whole)


def _whole_secret(ref: SecretRef, whole: Whole) -> SecretRef:
    return FileSecret(whole(ref.path)) if isinstance(ref, FileSecret) else ref


def notify_faults(inventory: InventoryShape, key: str) -> Iterator[Fault]:
    """What a webhook must name, and that its headers are ones that may be given, and are sent encrypted."""
    for path, level in _levels(inventory, key):
        webhook = level.webhook
        if webhook is None:
            continue
        if webhook.url is None:
            yield Fault((*path, "webhook", "url"), "no URL", "write url: https://HOST/PATH, or a reference")
        for name in webhook.headers:
            yield from _header(name, (*path, "webhook", "headers", name))
        if webhook.headers and isinstance(webhook.url, str) and not is_private(webhook.url):
            problem = "headers are secrets, and this URL would send them in clear text"
            yield Fault((*path, "webhook", "url"), problem, "use https://")


def _header(name: str, path: YamlPath) -> Iterator[Fault]:
    if not _TOKEN.fullmatch(name):
        yield Fault(path, f"{shown(name)} is not the name of a header", "e.g. Authorization")
    elif name.lower() in _OURS:
        yield Fault(path, f"{name} is set by the tool itself", "remove it")


def is_private(url: str) -> bool:
    """Whether nobody on the network reads along."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in ("127.0.0.1", "::1", "localhost")
