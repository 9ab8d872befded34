"""`fab credentials.inspect` and `fab credentials.expiry`: what is here, on disk and served; nothing changes."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.lab.layout import CLUSTER_KEY
from tests.core.test_expiry_prometheus import parse
from tests.e2e.labs import FAB, PROJECT, Ran, Rig
from tests.e2e.sights import fingerprint, served
from tests.e2e.test_consent import untouched
from tests.forked_fab import shim

INSPECT, EXPIRY = "credentials.inspect", "credentials.expiry"


@pytest.fixture(autouse=True)
def _only_looks(quiet: Rig) -> Iterator[None]:
    with untouched(quiet):
        yield


@pytest.fixture(scope="module")
def one_dead(quiet: Rig) -> Path:
    """An inventory with a third member, at an address where nobody answers."""

    def add(document: dict[str, Any]) -> None:
        document["clusters"]["rehearsal"]["members"]["gw-x"] = {"host": "127.9.9.9"}

    return quiet.changed_inventory("one-dead", add)


def test_the_three_places_are_compared_member_by_member(quiet: Rig) -> None:
    own = fingerprint(quiet.credentials / "Cluster_cert.pem")
    text = quiet.fab(INSPECT).ok().stdout
    for node in ("gw-a", "gw-b"):
        (row,) = (
            line.split() for line in text.splitlines() if line.startswith(f"{node} ") and own[:8] in line
        )
        assert row == [node, "Cluster_cert", own[:8], "none", "BUILT-IN", "DIFFERENT"]
    assert "served: gw-a, gw-b\n" in text
    assert f"    SHA-256  {served(quiet.lab, 'gw-a')}\n" in text
    assert "  Cluster_key.pem: private key, EC P-256, the key of [1]\n" in text
    secret = (quiet.credentials / "Cluster_key.pem").read_text().splitlines()[1]
    assert secret not in text


def test_a_dead_node_is_named_and_the_others_are_shown(quiet: Rig, one_dead: Path) -> None:
    ran = quiet.fab(INSPECT, "--served", "--json", inventory=one_dead)
    assert (ran.code, ran.stderr.splitlines()[0]) == (4, "no look at gw-x")
    found = json.loads(ran.stdout)
    assert found["unseen"] == ["gw-x"]
    shown = {one["node"]: one for one in found["processes"]}
    assert shown["gw-a"]["sha256"] == served(quiet.lab, "gw-a")
    assert shown["gw-x"]["note"] == "could not be seen"
    assert (found["files"], found["compared"]) == ([], [])


def test_a_path_needs_no_inventory(quiet: Rig) -> None:
    ran = quiet.run((str(FAB), INSPECT, str(quiet.credentials))).ok()
    assert "leaf, own root · Cluster_cafile.pem, Cluster_cert.pem" in ran.stdout
    assert "  verdict: connects\n" in ran.stdout
    refused = quiet.run((str(FAB), INSPECT, str(quiet.credentials), "--nodes"))
    assert refused.code == 2
    assert "--nodes and --served are about the cluster" in refused.stderr
    unread = quiet.run((str(FAB), INSPECT, "/dev/null"))
    assert (unread.code, unread.stderr.splitlines()[0]) == (4, "/dev/null cannot be read: not a regular file")


def test_a_dead_node_is_unknown_in_every_form_and_the_others_are_judged(
    quiet: Rig, one_dead: Path, tmp_path: Path
) -> None:
    ran = quiet.fab(EXPIRY, inventory=one_dead)
    assert ran.code == 6
    assert "all nodes" not in ran.stdout
    assert "UNKNOWN: [gw-x] " in ran.stdout
    plugin = quiet.fab(EXPIRY, "--nagios", inventory=one_dead)
    assert (plugin.code, plugin.stderr) == (3, "")
    assert plugin.stdout.startswith("UNKNOWN - rehearsal: gw-x: ")
    assert re.search(r"'gw-a served days'=\d{4};30:;7:;; ", plugin.stdout)
    written = tmp_path / "amlen.prom"
    quiet.fab(EXPIRY, "--prometheus", "--output", str(written), inventory=one_dead).ok()
    up = parse(written.read_text())["amlen_tls_node_up"].samples
    assert {dict(key)["node"]: value for key, value in up.items()} == {
        "gw-a": 1,
        "gw-b": 1,
        "gw-x": 0,
        "here": 1,
    }
    assert [path.name for path in tmp_path.iterdir()] == ["amlen.prom"]
    assert written.stat().st_mode & 0o777 == 0o644


def test_good_is_exit_0_and_critical_is_6_or_the_plugins_2(quiet: Rig) -> None:
    good = json.loads(quiet.fab(EXPIRY, "--json").ok().stdout)
    assert {row["state"] for row in good["rows"]} == {"OK"}
    assert {(row["where"], row["source"]) for row in good["rows"]} == {
        ("gw-a", "served"),
        ("gw-b", "served"),
        ("here", "local"),
    }
    late = ("--warn", "9999", "--crit", "9000")
    assert quiet.fab(EXPIRY, *late).code == 6
    plugin = quiet.fab(EXPIRY, "--nagios", *late)
    assert (plugin.code, plugin.stdout.split(" ", 1)[0]) == (2, "CRITICAL")


def test_what_cannot_be_asked_is_usage_and_for_a_plugin_unknown(quiet: Rig, tmp_path: Path) -> None:
    ran = quiet.fab(EXPIRY, "--warn", "7", "--crit", "30")
    assert ran.code == 2
    assert "--warn '7' and --crit '30'" in ran.stderr
    for more in (("--json", "--nagios"), ("--output", str(tmp_path / "x"))):
        assert quiet.fab(EXPIRY, *more).code in (2, 3)
    lost = quiet.fab(EXPIRY, "--prometheus", "--output", str(tmp_path / "absent" / "x.prom"))
    assert (lost.code, lost.stdout) == (4, "")
    assert "x.prom: No such file or directory" in lost.stderr
    plugin = quiet.fab(EXPIRY, "--nagios", inventory=tmp_path / "absent.yaml")
    assert (plugin.code, plugin.stderr) == (3, "")
    assert plugin.stdout.startswith("UNKNOWN - no inventory at ")
    assert len(plugin.stdout.splitlines()) == 1


@pytest.fixture
def cron(quiet: Rig, tmp_path: Path) -> Callable[[int, Path], Ran]:
    """Runs a job of docs/integration/crontab, by its number, as cron does: by sh, without a terminal."""
    text = (PROJECT / "docs" / "integration" / "crontab").read_text()
    jobs = [line.split(" amlen ", 1)[1] for line in text.splitlines() if line[:1] in "*0123456789" and line]
    shim(tmp_path)

    def run(number: int, inventory: Path) -> Ran:
        job = jobs[number].replace("production", CLUSTER_KEY).replace("/var/lib/node_exporter", str(tmp_path))
        path = f"{tmp_path}:/usr/bin:/bin"
        done = subprocess.run(
            ("/bin/sh", "-c", job), cwd=PROJECT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
            env={"PATH": path, "HOME": str(quiet.home), "AMLEN_INVENTORY": str(inventory)},
        )  # fmt: skip
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


def test_a_cron_job_says_nothing_of_a_healthy_cluster_and_all_of_another(
    quiet: Rig, one_dead: Path, cron: Callable[[int, Path], Ran]
) -> None:
    assert cron(0, quiet.inventory) == Ran(0, "", "")
    mail = cron(0, one_dead).stdout
    assert mail.startswith("exit code 6: rehearsal at ")
    assert "gw-x" in mail
    assert "-> fab check names all remedies" in mail


def test_a_cron_job_writes_what_prometheus_reads(
    quiet: Rig, tmp_path: Path, cron: Callable[[int, Path], Ran]
) -> None:
    assert cron(2, quiet.inventory) == Ran(0, "", "")
    assert parse((tmp_path / f"amlen_{CLUSTER_KEY}.prom").read_text())
