"""A plan as a document: what it says of the plan, and that a shell can take what it gives."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest

from tasks.core.model import ByCommand, ByContainer, BySystemd, ExecFiles, HostFiles, Ssh, Volume
from tasks.core.plan import Step
from tasks.core.runbook import is_ours, runbook
from tasks.core.runbook_markdown import command, there
from tasks.core.runbook_reach import ssh_words
from tasks.core.step_kinds import LAST_RESTARTS, StepKind
from tests.core.runbooks import setting, shapes, text_of, with_nodes
from tests.core.snapshots import DATA, THREE, WITH_PAIR, healthy, single
from tests.runbook_reading import blocks, read_steps, section

ALL = pytest.mark.parametrize("name", sorted(shapes()))
ROOMY = 110  # columns; a longer line is a path that cannot be broken


def unfolded(text: str) -> str:
    """With every command on one line."""
    return text.replace(" \\\n   ", "")


@ALL
def test_every_step_is_there_once_in_its_order_with_the_counts_of_the_plan(name: str) -> None:
    plan = shapes()[name].plan
    now, *steps = read_steps(text_of(name))
    assert now.counts == {member: str(counts) for member, counts in plan.baseline.items()}
    numbers = [number for step in steps for number in range(step.first, step.last + 1)]
    assert numbers == list(range(1, len(plan.steps) + 1))
    for step in steps:
        expected = plan.steps[step.last - 1].expected
        assert step.counts == {member: str(counts) for member, counts in expected.items()}


@ALL
def test_what_each_member_serves_follows_from_its_own_last_restart(name: str) -> None:
    plan = shapes()[name].plan
    now, *steps = read_steps(text_of(name))
    for member in plan.targets:
        shown = now.serves[member]
        for step in steps:
            last = plan.steps[step.last - 1]
            if last.target == member and last.kind in LAST_RESTARTS:
                shown = plan.target_after(member, round=last.round).leaf_sha256[:8]
            assert step.serves[member] == shown
        assert shown == plan.targets[member].leaf_sha256[:8]


@ALL
def test_a_shell_can_read_every_block_and_no_line_is_long(name: str) -> None:
    text = text_of(name)
    script = "\n".join(blocks(text))
    done = subprocess.run(("bash", "-n"), input=script, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line for line in text.splitlines() if len(line) > ROOMY] == []


@ALL
def test_neither_a_key_nor_an_empty_part_is_in_it_and_it_is_the_same_each_time(name: str) -> None:
    text = text_of(name)
    assert "PRIVATE KEY" not in text
    assert "```sh\n```" not in text
    assert runbook(shapes()[name]) == text
    assert is_ours(text.splitlines()[0])


@ALL
def test_every_link_leads_to_a_heading(name: str) -> None:
    text = text_of(name)
    headings = {
        re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) <= headings


def test_a_block_that_no_shell_can_read_would_be_noticed() -> None:
    assert subprocess.run(
        ("bash", "-n"), input="if true", capture_output=True, text=True, check=False
    ).returncode


def test_the_head_says_what_is_done_to_whom_why_and_for_how_long() -> None:
    one = shapes()["bridge"]
    head = text_of("bridge").split("\n## ", 1)[0]
    flat = " ".join(head.split())
    assert f"`fab migrate-cluster --strategy bridge --approve {one.plan.fingerprint}`" in flat
    assert "gw-c, a single member before a pair" in flat
    assert "4 of 4 members, 5 nodes" in flat
    assert "2 rounds, 10 restarts of servers (2 of each member)" in flat
    assert "never, apart from the one that restarts" in flat
    assert "about 2 minutes by the tool; messages between the halves" in " ".join(
        text_of("prescribed, with a pair").split()
    )


def test_the_observer_is_explained_as_it_came_about() -> None:
    asked = setting(healthy(), observer="gw-a")
    said = setting(healthy(replace(THREE, observer="gw-b")))
    assert "gw-a, as asked for" in runbook(asked)
    assert "gw-b, as the inventory says" in runbook(said)


def test_the_commands_of_the_tool_end_where_the_steps_do() -> None:
    text = text_of("bridge")
    begin = f"fab migrate-cluster --strategy bridge --approve {shapes()['bridge'].plan.fingerprint}"
    assert (
        f"### Steps 6-7: round 1: swap in gw-a; restart gw-a\n\n**By the tool:** `{begin} --stop-after 1`"
        in text
    )
    assert "`fab migrate-cluster --resume --stop-after 5`" in text
    assert "`fab migrate-cluster --resume --until 2`" in text
    assert "**By the tool:** the command of step 12 does it on its way." in text


def test_the_primarys_files_go_first_and_the_roles_of_the_next_round_are_the_others() -> None:
    first, second = re.findall(
        r"### Steps [\d-]+: round \d: swap in gw-d.*?(?=### )", text_of("bridge"), re.DOTALL
    )
    nodes = [re.findall(r"^ssh (gw-d\d) sh -s", part, re.MULTILINE) for part in (first, second)]
    assert nodes == [["gw-d1", "gw-d2"], ["gw-d2", "gw-d1"]]
    assert "Restart gw-d2, only if it is at State 10" in first
    assert "Restart gw-d1, only if it is at State 10" in second


def test_each_round_places_only_what_is_new_in_it_key_and_certificate_together() -> None:
    placed = [
        re.findall(r"^ln -sfn (\S+) (\S+)$", body, re.MULTILINE)
        for body in re.findall(r"place on 3 nodes.*?(?=### )", text_of("overlap"), re.DOTALL)
    ]
    first, second, third = placed
    assert [target for _, target in first] == ["round-1-1/Cluster_cafile.pem"]
    assert first[0][0].startswith("../ca-")
    assert ("/sets/gw-b/Cluster_key.pem", "round-2-2/Cluster_key.pem") in second
    assert len(second) == 6
    assert {name for name, _ in third} == {f"/sets/{m}/Cluster_cafile.pem" for m in ("gw-a", "gw-b", "gw-c")}


def test_a_ca_file_for_some_rounds_only_is_in_the_document() -> None:
    (pem,) = shapes()["bridge"].plan.bundles.values()
    assert pem.strip() in text_of("bridge")
    assert "BEGIN CERTIFICATE" not in text_of("prescribed, three singles")


def test_another_keystore_is_filled_before_its_files_are_swapped_in_and_named_after() -> None:
    text = text_of("another keystore")
    step = text[text.index("swap in gw-b") : text.index("swap in gw-c")]
    carried, swapped, edited = (
        step.index(word) for word in ("< carry.sh", "< swap-in.sh", "its SHA-256 must then be")
    )
    assert carried < swapped < edited
    assert "+KeyStore = /srv/amlen/keystore" in section(text, "server.cfg")
    assert "AdminDefaultCert.pem, AdminDefaultKey.pem" in section(text, "server.cfg")
    assert "before-round-1/server.cfg" in section(text, "Rollback")
    assert "carry.sh" not in text_of("bridge")


def test_back_goes_the_last_restarted_first_each_to_what_it_had_before_that_round() -> None:
    row = r"^\| (Steps? \S+) +\| (\S+) +\|.*\| (before-\S+) +\| (.+?) +\|$"
    rows = re.findall(row, text_of("bridge"), re.MULTILINE)
    assert [member for _, member, _, _ in rows] == ["gw-c", "gw-d", "gw-b", "gw-a"] * 2
    assert [folder for *_, folder, _ in rows] == ["before-round-2"] * 4 + ["before-round-1"] * 4
    assert rows[-1] == ("Steps 6-7", "gw-a", "before-round-1", "Steps 1-5")


def test_a_pair_whose_standby_went_long_before_goes_back_by_the_lines_of_that_step() -> None:
    assert re.search(
        r"^\| Step 12 +\| gw-d +\| Steps 6-7 +\| before-round-1 +\| Steps 10-11 +\|$",
        text_of("prescribed, with a pair"),
        re.MULTILINE,
    )


def test_login_gateway_port_and_sudo_are_those_of_the_inventory() -> None:
    text = unfolded(text_of("by a jump host"))
    assert "ssh -J jump@bastion.example.com -p 2201 ops@gw-a sudo -n sh -s -- " in text.replace(
        " \\\n   ", ""
    )
    assert "'sudo -n' ssh -J jump@bastion.example.com -p 2201 ops@gw-a" in text


def test_a_gateway_gets_the_nodes_own_key_and_known_hosts() -> None:
    ssh = Ssh(user="ops", gateway="j@one:22,two", key_file=THREE.inventory.with_name("id"))
    (member,) = with_nodes(replace(THREE, members=(single("gw-a"),)), ssh=ssh).members
    words = " ".join(ssh_words(member.nodes[0]))
    assert "ProxyCommand=ssh -i id -p 22 -W two:22 j@one" in words.replace("'\"'\"'", "").replace("%%", "%")
    assert "-W [%h]:%p two" in words
    assert words.endswith("ops@gw-a")


@pytest.mark.parametrize(
    ("name", "curl"),
    [
        ("direct", "curl -q -K rest.conf -d"),
        ("by exec", "ops@gw-a curl -q -K - -d"),
        ("prescribed, three singles", "curl -q -K rest.conf --unix-socket gw-a.admin -d"),
    ],
)
def test_the_admin_endpoint_is_reached_as_the_tool_does_and_the_password_is_in_no_argument(
    name: str, curl: str
) -> None:
    text = unfolded(text_of(name))
    assert curl in text
    assert "IFS= read -rsp 'password of admin: ' secret" in text
    assert not re.search(r"curl[^\n]* (-u|--user)\b", text)
    assert ("ssh -fNM" in text) == (name == "prescribed, three singles")


@pytest.mark.parametrize(
    ("by", "state", "start"),
    [
        (
            BySystemd("imaserver.service"),
            "systemctl is-active imaserver.service",
            "systemctl start imaserver.service",
        ),
        (ByContainer("podman", "IMA"), "podman inspect", "podman start IMA"),
    ],
)
def test_where_a_manager_starts_it_rest_stops_it_first(
    by: BySystemd | ByContainer, state: str, start: str
) -> None:
    text = unfolded(runbook(setting(healthy(with_nodes(THREE, restart_by=by, start_by=by)))))
    step = text[text.index("Restart gw-a") : text.index("gw-a must serve")]
    order = [step.index(word) for word in ("service/stop", state, "Never a second stop", start)]
    assert order == sorted(order)
    assert "service/restart" not in step


def test_a_command_of_ones_own_restarts_where_the_inventory_says_so() -> None:
    by = ByCommand(("/opt/x", "again; rm"))
    text = runbook(setting(healthy(with_nodes(THREE, restart_by=by))))
    assert "ssh gw-a /opt/x ''\"'\"'again; rm'\"'\"''" in text


def test_files_of_a_container_are_worked_on_inside_it_or_in_its_volume() -> None:
    inside = with_nodes(THREE, files_by=ExecFiles(ByContainer("docker", "IMA")))
    beside = with_nodes(THREE, files_by=HostFiles(Volume(DATA.parent / "volumes/ima", DATA)))
    in_it, in_volume = (unfolded(runbook(setting(healthy(one)))) for one in (inside, beside))
    assert "ssh gw-a docker exec -i --user 0:0 IMA sh -s -- /var/lib/amlen-server/data/.by-hand-" in in_it
    assert "'docker exec -i --user 0:0 IMA' ssh gw-a" in in_it
    assert "ssh gw-a sh -s -- /var/lib/volumes/ima/data/.by-hand-" in in_volume
    assert "/var/lib/amlen-server/" not in in_volume


def test_own_gates_notes_and_limits_are_told() -> None:
    one = shapes()["bridge"]
    gates = {"gw-a": "before each restart: ./drain.sh gw-a (within 60 s)"}
    text = runbook(replace(one, plan=one.plan.model_copy(update={"gates": gates})))
    assert "- gates of gw-a: before each restart: ./drain.sh gw-a (within 60 s)" in text
    assert "Your own gates, with `0` as their exit status, before each restart: ./drain.sh" in text
    assert "whoever has the built-in key, which is public, can still join" in " ".join(text.split())
    assert "State 1 in 900 s" in text


def test_a_step_of_another_task_is_left_to_the_tool() -> None:
    one = shapes()["prescribed, three singles"]
    step = Step(kind=StepKind.CONFIGURE, target="gw-a", expected=one.plan.baseline)
    plan = one.plan.model_copy(update={"steps": (step, *one.plan.steps), "task": "cluster.join"})
    text = runbook(replace(one, plan=plan))
    assert "There is no way by hand for this step in a runbook" in text
    assert "`fab cluster.join --resume" in text


def test_names_of_strangers_end_no_cell_and_steer_no_terminal() -> None:
    one = shapes()["prescribed, three singles"]
    target = one.plan.targets["gw-a"].model_copy(update={"leaf_subject": "CN=a|b\x1b[2J`"})
    text = runbook(
        replace(one, plan=one.plan.model_copy(update={"targets": {**one.plan.targets, "gw-a": target}}))
    )
    assert r"CN=a\|b?[2J" in text
    assert "\x1b" not in text


def test_a_word_is_quoted_for_both_shells_that_read_it() -> None:
    odd = "/srv/a b'$x"
    line = "".join(command(("printf", "%s", there(odd))))
    once = subprocess.run(("sh", "-c", line), capture_output=True, text=True, check=True).stdout
    twice = subprocess.run(
        ("sh", "-c", f"printf %s {once}"), capture_output=True, text=True, check=True
    ).stdout
    assert twice == odd


def test_without_a_look_at_the_nodes_the_paths_are_the_inventorys() -> None:
    one = replace(shapes()["prescribed, with a pair"], grounds={}, sets={})
    text = runbook(one)
    assert "/var/lib/amlen-server/data/certificates/keystore" in text
    assert "credentials/production/Cluster_key.pem" in text
    assert WITH_PAIR.key in text
