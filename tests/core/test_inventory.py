"""The inventory's text becomes a complete cluster: levels, products, paths, secrets, selection."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from tasks.core.errors import UsageError
from tasks.core.inventory import parse
from tasks.core.model import (
    ByCommand,
    ByContainer,
    ByRest,
    BySystemd,
    Cluster,
    CommandSecret,
    EnvSecret,
    ExecFiles,
    FilesBy,
    FileSecret,
    HostFiles,
    KeyringSecret,
    Node,
    OwnGates,
    PromptSecret,
    SecretRef,
    Via,
    Volume,
)
from tasks.core.wanted_queues import WantedQueues

FILE = Path("/etc/amlen/inventory.yaml")
UNIT = BySystemd("imaserver.service")
EXAMPLE = Path(__file__).parents[2] / "inventory.yaml"


def cluster(text: str, *, name: str | None = None) -> Cluster:
    return parse(text, path=FILE, cluster=name, home=Path("/home/ops"))


def node(settings: str = "{}", *, defaults: str = "{}") -> Node:
    """Node `a` of a cluster of one, with settings on the cluster's level."""
    inner = settings[1:-1]
    text = f"defaults: {defaults}\nclusters: {{demo: {{members: {{a: {{host: h}}}}, {inner}}}}}"
    return cluster(text).node("a")


def test_the_least_inventory_is_filled_with_the_defaults() -> None:
    found = cluster("clusters: {demo: {members: {a: {host: 10.0.1.4}}}}")
    assert (found.key, found.cluster_name, found.observer, found.prefer) == (
        "demo",
        "demo",
        None,
        "no-partition",
    )
    assert found.credentials == Path("/etc/amlen/credentials/demo")
    assert found.runs_dir == Path("/etc/amlen/runs/demo")
    assert (found.retired, found.disposable, found.inventory) == (frozenset(), False, FILE)
    assert found.node("a").admin.host == found.node("a").host == "10.0.1.4"
    assert (found.node("a").restart_by, found.node("a").start_by) == (
        ByRest(),
        BySystemd("imaserver.service"),
    )


def test_queues_are_the_usual_ones_key_by_key() -> None:
    members = "members: {a: {host: h}}"
    assert cluster(f"clusters: {{demo: {{{members}}}}}").queues == WantedQueues(100, "report")
    said = cluster(f"clusters: {{demo: {{{members}, queues: {{margin: 0, discarded: stop}}}}}}").queues
    assert said == WantedQueues(0, "stop")
    assert cluster(f"clusters: {{demo: {{{members}, queues: {{discarded: stop}}}}}}").queues.margin == 100


def test_gates_of_ones_own_are_said_on_any_level_and_taken_back_by_null() -> None:
    found = cluster(
        "defaults: {gates: {before_restart: [./drain, x], limit_s: 5}}\n"
        "clusters: {d: {members: {a: {host: h1}, b: {host: h2, gates: {before_restart: null}}}}}"
    )
    gates = {node.name: node.gates for node in found.nodes}
    assert gates == {"a": OwnGates(("./drain", "x"), (), 5.0), "b": OwnGates((), (), 5.0)}


def test_members_keep_their_order_and_a_pair_is_one_member_of_two_nodes() -> None:
    found = cluster(
        "clusters: {d: {members: {z: {host: h1}, p: {pair: {p2: {host: h2}, p1: {host: h3}}}, a: {host: i}}}}"
    )
    assert [member.name for member in found.members] == ["z", "p", "a"]
    assert [(node.name, node.member) for node in found.member("p").nodes] == [("p2", "p"), ("p1", "p")]
    assert [member.is_pair for member in found.members] == [False, True, False]


def test_the_narrower_level_wins_key_by_key() -> None:
    text = """
defaults: {ssh: {user: from-defaults, port: 1, sudo: true}, limits: {sync_s: 5}}
clusters:
  demo:
    ssh: {user: from-cluster, port: 2}
    members:
      p:
        ssh: {user: from-member}
        pair: {p1: {host: h1, ssh: {user: from-node}}, p2: {host: h2}}
      s: {host: h3}
"""
    found = cluster(text)
    users = {node.name: node.ssh.user for node in found.nodes}
    assert users == {"p1": "from-node", "p2": "from-member", "s": "from-cluster"}
    assert {(node.ssh.port, node.ssh.sudo, node.limits.sync_s) for node in found.nodes} == {(2, True, 5.0)}


def test_null_takes_back_what_a_wider_level_says() -> None:
    wide = "{ssh: {gateway: jump@bastion}}"
    assert node(defaults=wide).ssh.gateway == "jump@bastion"
    assert node("{ssh: {gateway: ~}}", defaults=wide).ssh.gateway is None


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("{}", ("/var/lib/amlen-server/data/config/server.cfg", "/var/lib/amlen-server/diag/logs")),
        (
            "{product: messagesight}",
            ("/var/messagesight/data/config/server.cfg", "/var/messagesight/diag/logs"),
        ),
        ("{data_dir: /srv/a}", ("/srv/a/data/config/server.cfg", "/srv/a/diag/logs")),
        ("{data_dir: /srv/a, server_cfg: /etc/s.cfg}", ("/etc/s.cfg", "/srv/a/diag/logs")),
        ("{log_dir: /logs}", ("/var/lib/amlen-server/data/config/server.cfg", "/logs")),
    ],
    ids=["amlen", "messagesight", "data_dir moves both", "unless server_cfg is given", "log_dir alone"],
)
def test_paths_follow_product_and_data_dir_unless_they_are_given(
    settings: str, expected: tuple[str, str]
) -> None:
    paths = node(settings).paths
    assert (str(paths.server_cfg), str(paths.log_dir)) == expected
    assert (paths.keystore, paths.truststore) == (None, None)


def test_keystore_and_truststore_are_paths_on_the_node() -> None:
    paths = node("{keystore: /srv/key store, truststore: //srv/trust/}").paths
    assert (paths.keystore, paths.truststore) == (
        PurePosixPath("/srv/key store"),
        PurePosixPath("/srv/trust"),
    )


@pytest.mark.parametrize(
    ("service", "restart", "start"),
    [
        ("{restart: systemd}", BySystemd("imaserver.service"), BySystemd("imaserver.service")),
        ("{restart: rest, unit: my.service}", ByRest(), BySystemd("my.service")),
        ("{restart: rest, start: podman, container: IMA}", ByRest(), ByContainer("podman", "IMA")),
        ("{restart: docker, container: IMA}", ByContainer("docker", "IMA"), ByContainer("docker", "IMA")),
        ("{restart: podman, start: systemd, container: IMA}", ByContainer("podman", "IMA"), UNIT),
        ("{files: podman, container: IMA}", ByRest(), ByContainer("podman", "IMA")),
        ("{restart: systemd, files: podman, container: IMA}", UNIT, UNIT),
        ("{start: [/opt/start, '-x y']}", ByRest(), ByCommand(("/opt/start", "-x y"))),
    ],
    ids=[
        "systemd",
        "unit",
        "podman",
        "docker starts what it restarts",
        "unless said otherwise",
        "by the engine that has its files",
        "a unit that runs a container",
        "command",
    ],
)
def test_service_says_how_the_server_is_restarted_and_started(
    service: str, restart: object, start: object
) -> None:
    found = node(f"{{service: {service}}}")
    assert (found.restart_by, found.start_by) == (restart, start)


DATA = PurePosixPath("/var/lib/amlen-server")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("{}", HostFiles()),
        ("{service: {start: docker, container: IMA}}", HostFiles()),
        ("{service: {volume: {host: /mnt/amlen}}}", HostFiles(Volume(PurePosixPath("/mnt/amlen"), DATA))),
        (
            "{data_dir: /data/a, service: {volume: {host: /mnt, container: /data}}}",
            HostFiles(Volume(PurePosixPath("/mnt"), PurePosixPath("/data"))),
        ),
        ("{service: {files: podman, container: IMA}}", ExecFiles(ByContainer("podman", "IMA"))),
    ],
    ids=["host", "host of a container", "volume of the data directory", "volume that holds it", "exec"],
)
def test_service_says_where_the_servers_files_are_reached(settings: str, expected: FilesBy) -> None:
    assert node(settings).files_by == expected


def test_a_container_is_known_from_whoever_names_its_engine() -> None:
    container = ByContainer("podman", "IMA")
    for said in ("restart", "start", "files"):
        assert node(f"{{service: {{{said}: podman, container: IMA}}}}").container == container
    assert node("{service: {container: IMA}}").container is None


def test_the_unit_of_messagesight_is_its_own() -> None:
    assert node("{product: messagesight}").start_by == BySystemd("imaserver")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("{env: IMA_PASSWORD}", EnvSecret("IMA_PASSWORD")),
        ("{file: secret}", FileSecret(Path("/etc/amlen/secret"))),
        ("{file: ~/secret}", FileSecret(Path("/home/ops/secret"))),
        ("{command: [pass, show, ima]}", CommandSecret(("pass", "show", "ima"))),
        ("{keyring: amlen/prod/ops}", KeyringSecret("amlen/prod", "ops")),
        ("prompt", PromptSecret("clusters.demo.ssh.password")),
    ],
    ids=["env", "file beside the inventory", "file at home", "command", "keyring", "prompt"],
)
def test_a_secret_is_kept_as_the_reference_it_is(reference: str, expected: SecretRef) -> None:
    assert node(f"{{ssh: {{password: {reference}}}}}").ssh.password == expected


def test_a_prompt_in_the_defaults_is_one_question_for_all_nodes() -> None:
    found = cluster(
        "defaults: {ssh: {password: prompt}}\nclusters: {d: {members: {a: {host: h1}, b: {host: h2}}}}"
    )
    assert {node.ssh.password for node in found.nodes} == {PromptSecret("defaults.ssh.password")}


def test_paths_of_this_machine_start_in_the_inventorys_folder() -> None:
    ssh = node("{ssh: {key_file: id, known_hosts: ~/kh, config: /etc/c}}").ssh
    assert (ssh.key_file, ssh.known_hosts, ssh.config) == (
        Path("/etc/amlen/id"),
        Path("/home/ops/kh"),
        Path("/etc/c"),
    )


def test_admin_settings_arrive_and_the_rest_is_default() -> None:
    admin = node("{admin: {host: 127.0.0.1, port: 9090, user: u, password: {env: P}, via: exec}}").admin
    assert (admin.host, admin.port, admin.user, admin.password) == ("127.0.0.1", 9090, "u", EnvSecret("P"))
    assert (admin.via, admin.scheme, admin.verify, admin.ca) == (Via.EXEC, "https", True, None)


@pytest.mark.parametrize("host", ["gw-a", "10.0.1.4", "::1", "fe80::1%eth0", "gw_a.example.com"])
def test_hosts_may_be_names_addresses_and_aliases(host: str) -> None:
    assert cluster(f'clusters: {{d: {{members: {{a: {{host: "{host}"}}}}}}}}').node("a").host == host


def test_one_host_may_carry_two_servers_on_two_ports() -> None:
    text = "clusters: {d: {members: {a: {host: h, ssh: {port: 22}}, b: {host: h, ssh: {port: 23}}}}}"
    assert len(cluster(text).nodes) == 2


TWO = "clusters: {prod: {members: {a: {host: h}}}, test: {members: {a: {host: h}}}}"


def test_one_of_several_clusters_is_chosen_by_name() -> None:
    assert cluster(TWO, name="test").key == "test"


def test_several_clusters_and_none_asked_for_names_them() -> None:
    with pytest.raises(UsageError, match=r"several clusters.*: prod, test\n.*--cluster prod") as caught:
        cluster(TWO)
    assert caught.value.exit_code == 2


def test_an_unknown_cluster_gets_the_nearest_name() -> None:
    with pytest.raises(UsageError, match=r'no cluster "prd", only: prod, test\n.*--cluster prod\?'):
        cluster(TWO, name="prd")


def test_the_example_is_a_good_inventory() -> None:
    found = parse(EXAMPLE.read_text(), path=EXAMPLE, cluster=None)
    assert [member.name for member in found.members] == ["gw-a", "gw-b", "gw-c", "gw-d"]
    assert (found.observer, found.member("gw-d").is_pair) == ("gw-c", True)
    assert found.node("gw-b").paths.keystore == PurePosixPath("/srv/amlen/keystore")


def test_the_cas_folder_is_beside_the_inventory_unless_it_says_otherwise() -> None:
    plain = cluster("clusters: {d: {members: {a: {host: h}}}}")
    assert (plain.ca_folder, plain.ca_passphrase) == (Path("/etc/amlen/ca/d"), None)
    said = cluster(
        "clusters: {d: {ca: {folder: ~/cas/d, passphrase: {file: secret}}, members: {a: {host: h}}}}"
    )
    assert said.ca_folder == Path("/home/ops/cas/d")
    assert said.ca_passphrase == FileSecret(Path("/etc/amlen/secret"))
    asked = cluster("clusters: {d: {ca: {passphrase: prompt}, members: {a: {host: h}}}}")
    assert asked.ca_passphrase == PromptSecret("clusters.d.ca.passphrase")
