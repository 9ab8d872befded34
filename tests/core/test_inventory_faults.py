"""What is wrong with an inventory is said at once, with line, path and remedy, and without secrets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasks.core.inventory import parse
from tasks.core.inventory_faults import InventoryFaults

FILE = Path("/etc/amlen/inventory.yaml")


def faults(text: str) -> InventoryFaults:
    with pytest.raises(InventoryFaults, match=r"inventory\.yaml:\d+") as caught:
        parse(text, path=FILE, cluster=None)
    return caught.value


def member(settings: str) -> str:
    """An inventory with these settings of member `a`, in line 4."""
    return f"clusters:\n  demo:\n    members:\n      a: {{host: h, {settings}}}\n"


def demo(settings: str) -> str:
    """An inventory with these settings of the cluster, from line 3 on."""
    return f"clusters:\n  demo:\n    {settings}\n    members: {{a: {{host: h}}}}\n"


AT_A = "inventory.yaml:4 clusters.demo.members.a"
AT_DEMO = "inventory.yaml:3 clusters.demo"

VALUES = [
    ("ssh: {port: 70000}", "ssh.port: must be 1..65535, got 70000 -> write a port number"),
    ("ssh: {port: 0}", "ssh.port: must be 1..65535, got 0 -> write a port number"),
    ('ssh: {port: "22"}', 'ssh.port: must be a whole number, got "22" -> write it without quotes'),
    ("ssh: {port: true}", "ssh.port: must be a whole number, got true -> write it without quotes"),
    ("ssh: {port: 2.5}", "ssh.port: must be a whole number, got 2.5 -> "),
    ("ssh: {port: 022}", "ssh.port: a number of an unusual form -> write plain digits"),
    ("ssh: {port: 0x16}", "ssh.port: a number of an unusual form -> "),
    ("ssh: {sudo: yes}", 'ssh.sudo: must be true or false, got "yes" -> write true'),
    ("ssh: {sudo: 1}", "ssh.sudo: must be true or false, got 1 -> "),
    ("ssh: {user: 1000}", "ssh.user: must be text, got the number 1000 -> put it in quotes"),
    ("ssh: {user: -oX}", 'ssh.user: must be a login name, got "-oX" -> '),
    ("ssh: {key_file: ~bob/id}", 'ssh.key_file: ~ can only stand for your own home, got "~bob/id" -> '),
    ("ssh: 5", "ssh: must be a mapping, got 5 -> "),
    ("ssh: ~", "ssh: must be a mapping, got nothing -> "),
    ("ssh: {gateway: 'a b'}", "ssh.gateway: a hop of the gateway is not of the form [user@]host[:port] -> "),
    ("ssh: {gateway: 'a,,b'}", "ssh.gateway: a hop of the gateway is not of the form"),
    ("ssh: {gateway: 'h:99999'}", "ssh.gateway: a port of the gateway must be 1..65535, got 99999 -> "),
    ("ssh: {password: {evn: X}}", "a secret must be exactly one reference -> did you mean `env`?"),
    ("ssh: {password: {env: A, file: B}}", "a secret must be exactly one reference -> write {env"),
    ("ssh: {password: {env: $X}}", "ssh.password: {env: NAME} takes the name of a variable -> "),
    ("ssh: {password: {command: pass x}}", "ssh.password: must be a list of text, the program first -> "),
    ("ssh: {password: {keyring: x}}", "ssh.password: {keyring: SERVICE/USER} needs both parts -> "),
    ("admin: {scheme: htps}", 'admin.scheme: must be http or https, got "htps" -> did you mean `https`?'),
    ("admin: {via: tunel}", 'got "tunel" -> did you mean `tunnel`?'),
    ("admin: {user: u}", "admin.user: a user without a password -> give `password` beside it"),
    ("admin: {password: prompt}", "admin.password: a password without a user -> give `user` beside it"),
    ("product: amlem", 'product: must be amlen or messagesight, got "amlem" -> did you mean `amlen`?'),
    ("keystore: srv/k", 'keystore: must be an absolute path on the node, got "srv/k" -> begin it with /'),
    ("keystore: /srv/../k", "keystore: must be a path without .. and not / itself"),
    ("data_dir: /", "data_dir: must be a path without .. and not / itself"),
    ("log_dir: 5", "log_dir: must be text, got 5 -> "),
    ("limits: {sync_s: 0}", "limits.sync_s: must be more than 0 seconds, got 0 -> "),
    ("limits: {sync_s: 1e9}", "limits.sync_s: must be 604800 seconds at most, got 1000000000.0 -> "),
    ("limits: {sync_s: .inf}", "limits.sync_s: a number of an unusual form -> "),
    ("limits: {sync_s: 30s}", 'limits.sync_s: must be a number of seconds, got "30s" -> '),
    ("service: {restart: dokcer}", 'got "dokcer" -> did you mean `docker`?'),
    ("service: {start: rest}", '.start: must be systemd, docker, podman or a list [PROGRAM, ARGUMENT], got'),
    ("service: {start: []}", "service.start: must be a list of text, the program first -> "),
    ("service: {start: podman}", "service.start: podman needs the container's name -> give `container:"),
    ("service: {files: docker}", "service.files: docker needs the container's name -> give `container:"),
    (
        "service: {start: podman, files: docker, container: IMA}",
        "service.files: one container has one engine, not podman and docker -> keep one of them",
    ),
    ("service: {files: exec}", 'service.files: must be host or docker or podman, got "exec" -> '),
    ("service: {volume: {container: /v}}", "service.volume.host: no directory of the host -> write volume:"),
    ("service: {volume: {host: /v, contaner: /w}}", "volume.contaner: unknown key -> did you mean `container`"),
    ("service: {volume: /v}", "service.volume: must be a mapping, got text -> "),
    (
        "service: {files: docker, container: IMA, volume: {host: /v}}",
        "service.volume: with `files: docker` no volume is used -> remove one of the two",
    ),
    (
        "log_dir: /logs, service: {volume: {host: /mnt/a}}",
        'log_dir "/logs" is not in the volume, which the container sees as /var/lib/amlen-server -> ',
    ),
    ("service: {unit: -x}", "service.unit: must be a name of letters, digits and _ . @ : -"),
    ("keystor: /k", "keystor: unknown key -> did you mean `keystore`?"),
    ("port: 22", "port: unknown key -> `port` belongs under `ssh` or `admin`"),
    ("ssh: {keystore: /k}", "ssh.keystore: unknown key -> `keystore` belongs one level up"),
    ("zzzzzz: 1", "zzzzzz: unknown key -> known: product, data_dir, "),
    ("pair: {b: {host: i}, c: {host: j}}", "host: both `host` and `pair` -> "),
]  # fmt: skip


@pytest.mark.parametrize(("settings", "expected"), VALUES, ids=[settings for settings, _ in VALUES])
def test_a_wrong_value_is_the_only_fault_and_says_where_what_and_how(settings: str, expected: str) -> None:
    (line, remedy) = str(faults(member(settings))).split("\n")
    assert line.startswith(AT_A)
    assert expected in line
    assert remedy == f"  -> correct {FILE}, then repeat the command; every key: docs/inventory.md"


HOSTS = [
    ("10.0", "must be text, got the number 10.0 -> put it in quotes"),
    ("2020-01-01", "YAML reads this as a date -> put it in quotes"),
    ("10.0.1.400", 'must be a host name or an IP address, got "10.0.1.400"'),
    ("'[::1]'", "must be a host name or an IP address"),
    ("https://h", "must be a host name, not a URL"),
    ("ops@h", "must be a host name, without a user -> put the user into ssh.user"),
    ("'h:22'", "must be a host name, without a port -> put the port into ssh.port"),
    ("-oProxyCommand=x", "must be a host name or an IP address"),
    ("''", 'must be a host name or an IP address, got ""'),
    ("~", "no host -> write host: NAME_OR_ADDRESS"),
]


def test_the_folder_of_a_ca_is_not_among_the_sets_of_another_cluster_either() -> None:
    other = "  other:\n    members: {x: {host: i}}\n"
    (fault,) = faults(demo("ca: {folder: credentials/other/x}") + other).faults
    assert fault.path == ("clusters", "demo", "ca", "folder")
    assert "is within that of the credential sets of other" in fault.render("")
    apart = parse(demo("ca: {folder: ca/other/x}") + other, path=FILE, cluster="demo")
    assert apart.ca_folder == Path("/etc/amlen/ca/other/x")


@pytest.mark.parametrize(("host", "expected"), HOSTS, ids=[host for host, _ in HOSTS])
def test_a_host_that_cannot_be_one_is_told_what_it_looks_like(host: str, expected: str) -> None:
    (fault,) = faults(f"clusters: {{demo: {{members: {{a: {{host: {host}}}}}}}}}").faults
    assert fault.path == ("clusters", "demo", "members", "a", "host")
    assert expected in fault.render("")


CLUSTERS = [
    ("observer: A", '.observer: "A" is not a member -> did you mean `a`?'),
    (
        "ca: {folder: credentials/demo/x/../ca}",
        '.ca.folder: the CA\'s folder "credentials/demo/x/../ca" is within that of the credential sets '
        "-> a folder apart, e.g. ca/demo",
    ),
    (
        "credentials: ca",
        '.credentials: the CA\'s folder "ca/demo" is within that of the credential sets '
        "-> a folder apart, e.g. ca/demo",
    ),
    ("retired: [12345678]", ".retired[0]: must be text, got the number 12345678 -> put it in quotes"),
    ("retired: UC0Xbpkw", '.retired: must be a list, got "UC0Xbpkw" -> '),
    ("disposable: 'true'", '.disposable: must be true or false, got "true" -> '),
    ("prefer: fewest", ".prefer: must be no-partition or fewest-restarts, got"),
    ("queues: {margin: -1}", ".queues.margin: must be 0..1000000000, got -1 -> write a number of messages"),
    ("queues: {margin: 1.5}", ".queues.margin: must be a whole number, got 1.5"),
    ("queues: {discarded: halt}", '.queues.discarded: must be report or stop, got "halt" -> '),
    ("gates: {before_restart: ./drain}", ".gates.before_restart: must be a list of text, the program first"),
    ("gates: {limit_s: 0}", ".gates.limit_s: must be"),
    ("margin: 5", ".margin: unknown key -> `margin` belongs under `queues`"),
    ("cluster_name: ' '", ".cluster_name: must be printable text without blanks at its ends"),
]


@pytest.mark.parametrize(("settings", "expected"), CLUSTERS, ids=[settings for settings, _ in CLUSTERS])
def test_a_wrong_value_of_the_cluster_is_the_only_fault(settings: str, expected: str) -> None:
    (fault,) = faults(demo(settings)).faults
    assert fault.render("inventory.yaml").startswith(AT_DEMO + expected)


MEMBERS = [
    ("{}", "clusters.demo.members: no member"),
    ("{a: {}}", "clusters.demo.members.a.host: no host -> write host: NAME_OR_ADDRESS (or `pair: "),
    ("{a: {pair: {b: {host: h}}}}", "members.a.pair: a pair must have exactly 2 nodes, got 1"),
    ("{a: {pair: {}}}", "members.a.pair: a pair must have exactly 2 nodes, got 0"),
    ("{a: {pair: {b: {host: h}, c: {host: i}, d: {host: j}}}}", "exactly 2 nodes, got 3"),
    ("{a: {pair: {b: {host: h}, c: {}}}}", "members.a.pair.c.host: no host -> write host: NAME_OR_ADDRESS"),
    (
        "{a: {pair: {b: {host: h, gates: {limit_s: 5}}, c: {host: i}}}}",
        "members.a.pair.b.gates: gates are a member's, not one of its nodes' -> write them beside `pair` of a",
    ),
    ("{a: {host: h}, p: {pair: {a: {host: i}, b: {host: j}}}}", "members.p.pair.a: the name is taken by "),
    ("{p: {pair: {p: {host: i}, b: {host: j}}}}", "members.p.pair.p: the name is taken by "),
    ("{a: {host: h}, b: {host: H}}", "members.b.host: the same server as clusters.demo.members.a: H port 22"),
    ("{a: {host: '::1'}, b: {host: '0::1'}}", "members.b.host: the same server as clusters.demo.members.a"),
    ("{-a: {host: h}}", '"-a" is not a usable name'),
    ("{'a/b': {host: h}}", '"a/b" is not a usable name'),
    ("{a: {host: h}, a: {host: i}}", "members.a: given twice, first in line 1 -> keep one of them"),
    ("{[x]: {host: h}, a: {host: h}}", "a key of clusters.demo.members is no text"),
    ("[a, b]", "clusters.demo.members: must be a mapping, got a list"),
]


@pytest.mark.parametrize(("members", "expected"), MEMBERS, ids=[members for members, _ in MEMBERS])
def test_members_that_cannot_be_are_the_only_fault(members: str, expected: str) -> None:
    (fault,) = faults(f"clusters: {{demo: {{members: {members}}}}}").faults
    assert expected in fault.render("inventory.yaml")


def test_an_observer_that_is_a_node_of_a_pair_is_told_to_name_the_pair() -> None:
    text = "clusters: {demo: {observer: b, members: {p: {pair: {b: {host: h}, c: {host: i}}}}}}"
    assert "-> it is a node of the pair `p`: name the pair" in str(faults(text))


TEXTS = [
    ("", ":1: no `clusters`: the inventory is empty"),
    ("# nothing\n", ":1: no `clusters`: the inventory is empty"),
    ("[]", ":1: the top must be a mapping with `clusters`"),
    ("defaults: {}", ":1 clusters: no cluster -> see the example"),
    ("clusters:\n", ":1 clusters: must be a mapping, got nothing"),
    ("clusters:\n\tdemo: {}", "found character '\\t' that cannot start any token -> indent by spaces"),
    ("clusters: {a: {b: 1", ":1:20: not YAML: expected ',' or '}', but got '<stream end>' -> "),
    ("a: 1\n---\nb: 2", ":2:1: not YAML: a second document"),
    ("a: *xy", ":1:4: not YAML: found undefined alias … -> "),
    ("a: \x00", ":1: a character that YAML forbids -> remove it"),
    ("[" * 600, ":1: nested too deeply"),
    ("clusters: &x {}\ndefaults: *x", ":2 defaults: an alias (*) -> write it out"),
    ("clusters: &x {a: *x}", ":1 clusters.a: an alias (*)"),
    ("<<: {}\nclusters: {}", ":1 <<: merge keys are not supported -> use `defaults`"),
    ("clusters: !x {}\n", ":1 clusters: no cluster"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TEXTS, ids=[text[:20] for text, _ in TEXTS])
def test_a_text_that_is_no_inventory_is_a_fault_with_its_place(text: str, expected: str) -> None:
    assert expected in str(faults(text))


def test_all_faults_of_all_kinds_and_clusters_come_at_once_in_the_order_of_their_lines() -> None:
    text = """
defaults:
  ssh: {port: 70000}
clusters:
  one:
    observer: c
    members:
      a: {host: h, keystor: /k}
      a: {host: h}
  two:
    members: {p: {pair: {b: {host: h}}}}
"""
    found = faults(text)
    assert [fault.line for fault in found.faults] == [3, 6, 8, 9, 11]
    assert len(str(found).splitlines()) == len(found.faults) + 1
    assert found.exit_code == 2


def test_a_fault_that_only_follows_from_another_is_not_told() -> None:
    text = """
clusters:
  demo:
    observer: b
    members:
      a: {host: 10.0, admin: {user: u, password: literal}}
      b: 5
      c: {host: h, ssh: {port: "22"}}
      d: {host: h, ssh: {port: "23"}}
"""
    assert [fault.line for fault in faults(text).faults] == [6, 6, 7, 8, 9]


SECRET = "hunter2secret"


@pytest.mark.parametrize(
    "text",
    [
        member(f"ssh: {{password: {SECRET}}}"),
        member(f"ssh: {{passphrase: [{SECRET}]}}"),
        member(f"ssh: {{sudo_password: {{{SECRET}: x}}}}"),
        member(f"ssh: {{password: {{env: '{SECRET}!'}}}}"),
        member(f"ssh: {{pasword: {SECRET}}}"),
        member(f"ssh: {{gateway: 'jump:{SECRET}@bastion'}}"),
        member(f"ssh: {{user: 'ops:{SECRET}'}}"),
        member(f"admin: {{user: 'admin:{SECRET}', password: prompt}}"),
        member(f"admin: {{user: admin, password: !{SECRET} x}}"),
        member(f"admin: {{user: admin, password: *{SECRET}}}"),
        member(f"admin: {SECRET}"),
        f"password: !{SECRET}!x 5",
        f"password: '{SECRET}\nclusters: x",
        f"password: {SECRET}: x",
    ],
)
def test_a_literal_secret_is_refused_and_not_repeated(text: str) -> None:
    error = faults(text)
    assert SECRET not in str(error) + repr(error) + repr(error.__context__) + repr(error.__cause__)


def test_a_secret_as_reference_beside_the_literal_one_is_no_fault() -> None:
    parse(member("ssh: {password: {env: HUNTER}, gateway: 'jump@bastion:22,x'}"), path=FILE, cluster=None)


def test_the_lines_name_the_file_so_that_an_editor_can_open_it() -> None:
    assert re.match(r"inventory\.yaml:3 clusters\.demo\.zzz: ", str(faults(demo("zzz: 1"))))


PAIR = """clusters:
  demo:
    members:
      a: {{pair: {{x: {{host: 10.0.0.1{x}}}, y: {{host: 10.0.0.2{y}}}}}{both}}}
"""


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (
            {"x": ", ha: {preferred_primary: true}", "y": ", ha: {preferred_primary: true}"},
            "pair.y.ha.preferred_primary: both nodes are the preferred primary -> say it on one node",
        ),
        ({"x": ", ha: {group: g}"}, "pair.y.ha.group: not the same on both nodes -> say `group` once"),
        ({"both": ", ha: {replication_port: 1000}"}, "a.ha.replication_port: must be 1024..65535, got 1000"),
        (
            {"both": ", ha: {discovery_timeout_s: 9}"},
            "ha.discovery_timeout_s: must be at least 10 seconds, got 9",
        ),
        (
            {"both": ", ha: {external_replication_port: 9999}"},
            "external_replication_port: without `replication_port`",
        ),
        ({"both": ", ha: {discovery_address: gw}"}, "ha.discovery_address: "),
    ],
)
def test_what_a_pair_must_not_say_of_its_ha_channel(texts: dict[str, str], problem: str) -> None:
    assert problem in str(faults(PAIR.format(**{"x": "", "y": "", "both": ""} | texts)))


def test_an_anchor_that_is_given_twice_quotes_nothing_of_the_file() -> None:
    """The library would warn of it on the terminal, with what is around it."""
    text = "clusters: {demo: {members: {a: &x {host: h}, b: &x {host: i}}}}"
    assert [member.name for member in parse(text, path=Path("inventory.yaml"), cluster=None).members] == [
        "a",
        "b",
    ]
