"""What a server answers, whatever it is: typed values, or a failure with a remedy; never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.core.answer import StatusFault, parse_object
from tasks.core.errors import OperatorError
from tasks.core.ha_config import read_config
from tasks.core.journal import Entry
from tasks.core.model import Admin, Via
from tasks.core.queues import Sight, marks_of, sight_of
from tasks.core.status import (
    NodeStatus,
    RemoteMember,
    parse_cluster,
    parse_membership,
    parse_remotes,
    parse_status,
)
from tasks.effects.admin import AdminApi
from tasks.effects.remote import Completed
from tests.core.statuses import NOON
from tests.effects.local_remote import LocalRemote, node
from tests.properties.mutation import few, hold, tried
from tests.properties.presentable import harmful, require_helpful, require_presentable

STATUS = b"""{ "Version":"v1",
  "Server": {"Name":"h1:9089","UID":"UC0Xbpkw","Status":"Running","State":1,
    "StateDescription":"Running (production)","ServerTime":"2026-11-22T20:43:43.192Z","UpTimeSeconds":114,
    "UpTimeDescription":"0 days 0 hours 1 minutes 54 seconds","Version":"1.1dev","ErrorCode":0,"ErrorMessage":""},
  "Container": {"UUID":"h1"},
  "HighAvailability": {"Status":"Inactive","Enabled":false},
  "Cluster": {"Status":"Inactive","Enabled":false},
  "Plugin": {"Status":"Inactive","Enabled":false} }"""
PAIR = b"""{"Status":"Active","Enabled":true,"Group":"haPair1","NewRole":"PRIMARY","OldRole":"PRIMARY",
  "ActiveNodes":2,"SyncNodes":2,"PrimaryLastTime":"2021-05-05T17:16:07Z","PctSyncCompletion":-1,
  "ReasonCode":0,"RemoteServerName":"host:9089"}"""
IN_A_PAIR = STATUS.replace(b'{"Status":"Inactive","Enabled":false}', PAIR, 1)
CLUSTER = b"""{"Version":"v1","Cluster":{"Status":"Active","Name":"MyCluster","Enabled":true,
  "ConnectedServers":2,"DisconnectedServers":0}}"""
MALFORMED = b'{"Version":"v1","Cluster":{"Status":"Unavailable","Name":"MyCluster","Enabled":true,}}'
MONITOR = b"""{"Version":"v1","Cluster":[{"ServerName":"h2","ServerUID":"u2","Status":"Active",
  "Health":"Green","HAStatus":"None","RetainedSync":true,"ReadMsg":1,
  "Reliable":{"BufferedMsgs":0,"DiscardedMsgs":3},"Unreliable":{"BufferedMsgs":7,"DiscardedMsgs":0}}]}"""
MEMBERSHIP = json.dumps(
    {
        "Version": "v1",
        "ClusterMembership": {
            "EnableClusterMembership": True,
            "ClusterName": "MyCluster",
            "UseMulticastDiscovery": False,
            "MulticastDiscoveryTTL": 1,
            "DiscoveryServerList": "10.0.0.1:9106,10.0.0.2:9106",
            "ControlAddress": "10.0.0.1",
            "ControlPort": 9104,
            "ControlExternalAddress": None,
            "ControlExternalPort": None,
            "MessagingAddress": "10.0.0.1",
            "MessagingPort": 9105,
            "MessagingExternalAddress": None,
            "MessagingExternalPort": None,
            "MessagingUseTLS": True,
            "DiscoveryPort": 9106,
            "DiscoveryTime": 10,
            "RequireCertificates": False,
        },
    }
).encode()
HA = b"""{"Version":"v1","HighAvailability":{"EnableHA":true,"Group":"g","StartupMode":"AutoDetect",
  "RemoteDiscoveryNIC":"10.0.0.2","LocalReplicationNIC":"10.0.0.1","LocalDiscoveryNIC":"10.0.0.1",
  "DiscoveryTimeout":600,"PreferredPrimary":false,"UseSecuredConnections":true}}"""
ERROR = b'{"Version":"v1","Code":"CWLNA0138","Message":"The property name is not valid: Property: \\"x\\"."}'
DONE = b'{"Version":"v1","Code":"CWLNA6011","Message":"The requested configuration change has completed."}'
CORPUS = (STATUS, IN_A_PAIR, CLUSTER, MALFORMED, MONITOR, MEMBERSHIP, HA, ERROR, DONE)
PIECES = (
    b'"Enabled":"yes",',
    b'"Cluster":{',
    b'"Server":[',
    b'"State":',
    b'"ServerTime":"0001-01-01T00:00:00+23:59",',
    b'"ServerTime":"9999-12-31T23:59:59-23:59",',
    b'"UpTimeSeconds":',
    b'"\xe2\x80\xae"',
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"\\udfff\\ud800",
    b"\\u2028",
    b"\\u009b31m",
    b"\\",
    b'"',
    b"}",
    b",",
)
PARSERS: dict[str, Callable[[bytes], object]] = {
    "status": parse_status,
    "cluster": parse_cluster,
    "membership": parse_membership,
    "monitor": parse_remotes,
    "HighAvailability": lambda body: read_config(parse_object(body).section("HighAvailability").value),
}
OWN = {"status": (STATUS, IN_A_PAIR), "cluster": (CLUSTER, MALFORMED), "membership": (MEMBERSHIP,)} | {
    "monitor": (MONITOR,),
    "HighAvailability": (HA,),
}


def read(parse: Callable[[bytes], object], body: bytes) -> object:
    """The value, or the fault; what there is to be shown of either can be."""
    try:
        found = parse(body)
    except StatusFault as fault:
        require_presentable(str(fault), fault.reason, fault.excerpt)
        return fault
    require_presentable(found)
    usable(found)
    return found


def usable(found: object) -> None:
    """What is done with such values further on."""
    Entry(at=NOON, event="done", seen=str(found)).model_dump_json().encode()
    if isinstance(found, NodeStatus):
        assert found.server.started_at <= found.server.server_time
        assert isinstance(found.settled, bool)
        assert isinstance(found.role, str)
    if isinstance(found, tuple):
        remotes = [one for one in found if isinstance(one, RemoteMember)]
        for one in remotes:
            sight = sight_of(remotes, one.uid)
            assert isinstance(sight, Sight)
            assert marks_of({"gw-a": sight}, fresh=frozenset())
            assert str(one.buffered + one.discarded)


@pytest.mark.parametrize("parser", PARSERS)
def test_a_mutated_answer_is_a_value_or_a_fault(parser: str) -> None:
    corpus = (*OWN[parser] * 3, *CORPUS)
    hold(
        f"REST {parser}", corpus, lambda body: (read(PARSERS[parser], body), None)[1], few=150, pieces=PIECES
    )


plain = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.text(st.characters(categories=("Cs", "Cc", "Zl", "Cf")), max_size=3)
)
keys = st.sampled_from(
    sorted({word for body in CORPUS for word in body.decode().split('"') if word.isalnum()})
)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=10
)


@few(100)
@given(st.data())
def test_any_value_at_any_key_of_a_good_answer_is_a_value_or_a_fault(data: st.DataObject) -> None:
    parser = data.draw(st.sampled_from(sorted(PARSERS)))
    tried[f"REST {parser}, any values"] += 1
    body = json.loads(OWN[parser][0])
    at = body
    while isinstance(at, dict | list):
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not at[key] or not isinstance(at[key], dict | list) or data.draw(st.integers(0, 3)) == 0:
            at[key] = data.draw(values)
            break
        at = at[key]
    read(PARSERS[parser], json.dumps(body).encode())


def test_the_real_answers_are_read() -> None:
    """The control: what is mutated is good to begin with."""
    for parser, bodies in OWN.items():
        assert not isinstance(read(PARSERS[parser], bodies[0]), StatusFault), parser
    with pytest.raises(StatusFault, match="malformed JSON in the Cluster object"):
        parse_cluster(MALFORMED)


class Answering(LocalRemote):
    """A node on which curl printed this."""

    printed = Completed(0, b"", b"exit 0\n")

    def run(self, *_: object, **__: object) -> Completed:
        return self.printed


@pytest.fixture
def answering() -> Answering:
    return Answering(node(Admin(host="127.0.0.1", scheme="http", via=Via.EXEC)))


def test_whatever_curl_prints_an_exchange_ends_in_a_value_or_with_a_remedy(answering: Answering) -> None:
    """Every way that REST is used, over the whole of it: HTTP status, curl's exit, errors in a body."""
    asked: tuple[Callable[[AdminApi], object], ...] = (
        AdminApi.status,
        AdminApi.cluster,
        AdminApi.membership,
        AdminApi.remotes,
        AdminApi.restart,
        lambda api: len(api.configuration("HighAvailability")),
    )
    count = iter(range(1 << 60))

    def check(printed: bytes) -> None:
        out, _, err = printed.rpartition(b"exit ")
        answering.printed = Completed(0, out, b"exit " + err)
        api = AdminApi(answering, secrets=lambda _: pytest.fail("no secret is asked for"))
        try:
            found = asked[next(count) % len(asked)](api)
        except OperatorError as error:
            require_helpful(error)
        else:
            require_presentable(found)

    codes = (b"200", b"400", b"401", b"503", b"000", b"20x", b"")
    exits = (b"exit 0\n", b"curl: (7) refused\nexit 7\n", b"exit 28\n", b"sh: curl: not found\nexit 127\n")
    corpus = tuple(
        body + b"\n" + code + ending
        for body in CORPUS
        for code, ending in [(b"200", exits[0])] * 4 + [(code, exits[0]) for code in codes[1:]]
    ) + tuple(b"\n000" + ending for ending in exits)
    hold("REST by way of curl", corpus, check, few=300, pieces=(*PIECES, *codes, *exits))


def test_a_text_of_a_server_holds_nothing_that_a_file_or_terminal_cannot_take() -> None:
    """The control: such texts are in the examples above."""
    body = STATUS.replace(b"h1:9089", b"\\ud800\\u001b[2J\\u202e\\u0085x")
    assert not harmful(parse_status(body).server.name)
    assert harmful(json.loads(body)["Server"]["Name"])
