"""The `notify` section: levels, references, and every fault with its line and without its secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.core.inventory import parse
from tasks.core.inventory_faults import InventoryFaults
from tasks.core.model import Cluster, EnvSecret, FileSecret
from tasks.core.wanted_notify import SILENT, Webhook

FILE = Path("/etc/amlen/inventory.yaml")


def cluster(notify: str, *, defaults: str = "{}") -> Cluster:
    text = f"""\
defaults: {defaults}
clusters:
  demo:
    members: {{a: {{host: h}}}}
    notify: {notify}
"""
    return parse(text, path=FILE, cluster=None, home=Path("/home/ops"))


def faults(notify: str) -> list[str]:
    with pytest.raises(InventoryFaults, match=r"inventory.yaml:5 ") as caught:
        cluster(notify)
    return [fault.render("") for fault in caught.value.faults]


def test_nothing_said_is_nobody_told() -> None:
    found = parse("clusters: {demo: {members: {a: {host: h}}}}", path=FILE, cluster=None).notify
    assert found.is_silent
    assert (found.limit_s, found.waiting_long_s) == (SILENT.limit_s, SILENT.waiting_long_s) == (10, 120)


def test_commands_are_taken_as_they_are_and_run_in_the_inventorys_folder() -> None:
    found = cluster(
        "{on: {start: [./silence, demo], failed: [page]}, limit_s: 3, waiting_long_s: 60.5}"
    ).notify
    assert found.hooks == (("start", ("./silence", "demo")), ("failed", ("page",)))
    assert (found.limit_s, found.waiting_long_s, found.folder) == (3, 60.5, Path("/etc/amlen"))
    assert not found.is_silent


def test_a_webhook_has_its_secrets_by_reference_and_its_paths_whole() -> None:
    found = cluster("{webhook: {url: {file: ~/hook}, ca: ca.pem, headers: {X-Token: {env: T}}}}").notify
    assert found.webhook == Webhook(
        url=FileSecret(Path("/home/ops/hook")),
        on=frozenset({"failed", "done"}),
        ca=Path("/etc/amlen/ca.pem"),
        headers=(("X-Token", EnvSecret("T")),),
    )
    assert cluster("{webhook: {url: 'http://h:8080/x', on: [start]}}").notify.webhook == Webhook(
        "http://h:8080/x", frozenset({"start"})
    )
    nothing = cluster("{webhook: {url: https://h/x, on: []}}").notify.webhook
    assert nothing is not None
    assert nothing.on == frozenset()


def test_the_cluster_goes_over_the_defaults_key_by_key_and_takes_back_with_null() -> None:
    defaults = "{notify: {on: {start: [a], done: [b]}, limit_s: 5, webhook: {url: https://h/x}}}"
    found = cluster("{on: {done: [c]}, webhook: ~}", defaults=defaults).notify
    assert dict(found.hooks) == {"start": ("a",), "done": ("c",)}
    assert (found.limit_s, found.webhook) == (5, None)
    assert dict(cluster("{on: {start: ~}}", defaults=defaults).notify.hooks) == {"done": ("b",)}


@pytest.mark.parametrize(
    ("notify", "said"),
    [
        ("{on: {begin: [a]}}", "notify.on.begin: unknown key -> known: start, step, waiting_long"),
        ("{on: {stert: [a]}}", "notify.on.stert: unknown key -> did you mean `start`?"),
        ("{on: {start: page me}}", "notify.on.start: must be a list of text, the program first"),
        ("{on: {start: []}}", "notify.on.start: must be a list of text, the program first"),
        ("{limit_s: 0}", "notify.limit_s: must be more than 0 seconds, got 0"),
        ("{webhook: {}}", "notify.webhook.url: no URL -> write url: https://HOST/PATH"),
        ("{webhook: {url: hooks.example.com}}", "notify.webhook.url: must be a URL"),
        ("{webhook: {url: 'https://'}}", "notify.webhook.url: must be a URL"),
        ("{webhook: {url: 'https://h:x/'}}", "notify.webhook.url: must be a URL"),
        ("{webhook: {url: 'ftp://h/'}}", "notify.webhook.url: must be a URL"),
        ("{webhook: {url: 'https://ops:s3cret@h/'}}", "a URL with a user or password is a secret"),
        ("{webhook: {url: prompt}}", "nobody can be asked while a run is going on -> write {env: NAME}"),
        ("{webhook: {url: https://h, on: [begun]}}", "must be start or step or waiting_long or failed"),
        ("{webhook: {url: https://h, headers: {A: s3cret}}}", "a secret must be a reference"),
        ("{webhook: {url: https://h, headers: {A: prompt}}}", "nobody can be asked"),
        ("{webhook: {url: https://h, headers: {'A B': {env: T}}}}", "is not the name of a header"),
        ("{webhook: {url: https://h, headers: {Host: {env: T}}}}", "Host is set by the tool itself"),
        ("{webhook: {url: 'http://h/', headers: {A: {env: T}}}}", "would send them in clear text"),
    ],
)
def test_a_fault_is_named_with_its_place_and_never_with_a_secret(notify: str, said: str) -> None:
    (found,) = faults(notify)
    assert said in found
    assert ":5 clusters.demo.notify." in found
    assert "s3cret" not in found


def test_all_faults_are_named_at_once() -> None:
    found = faults("{on: {begin: [a]}, limit_s: x, webhook: {url: ftp, headers: {A: x}}}")
    assert len(found) == 4


def test_headers_may_go_in_clear_text_to_this_machine() -> None:
    found = cluster("{webhook: {url: 'http://127.0.0.1:9/', headers: {A: {env: T}}}}").notify.webhook
    assert found is not None
    assert found.headers == (("A", EnvSecret("T")),)


def test_a_members_settings_have_no_notify() -> None:
    text = "clusters: {demo: {members: {a: {host: h, notify: {}}}}}"
    with pytest.raises(InventoryFaults, match=r"members\.a\.notify: unknown key"):
        parse(text, path=FILE, cluster=None)
