"""`--prometheus`: read back by a small parser of the text format, written from its description alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from tasks.core.expiry_prometheus import prometheus_text
from tasks.core.held import HERE
from tests.core.certs import NOW
from tests.core.endings import (
    DAY,
    certificate,
    dead,
    garbage,
    here,
    judged,
    list_on_disk,
    on_disk,
    revocation_list,
    served,
)

_SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\{(.*)\} (-?[0-9.e+]+)")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)')
_ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}


@dataclass(slots=True)
class Family:
    """One metric as a collector reads it."""

    kind: str = ""
    help: str = ""
    samples: dict[frozenset[tuple[str, str]], float] = field(default_factory=dict)


def parse(text: str) -> dict[str, Family]:
    """Raises ValueError for anything that the format does not allow."""
    if not text.endswith("\n"):
        raise ValueError("the last line has no end")
    families: dict[str, Family] = {}
    current = ""
    for line in text.splitlines():
        if line.startswith("# HELP "):
            current, _, said = line.removeprefix("# HELP ").partition(" ")
            if current in families:
                raise ValueError(f"{current} comes twice")
            families[current] = Family(help=said)
        elif line.startswith("# TYPE "):
            name, _, kind = line.removeprefix("# TYPE ").partition(" ")
            families[name].kind = kind
        else:
            _take(line, families[current], current)
    return families


def _take(line: str, family: Family, current: str) -> None:
    sample = _SAMPLE.fullmatch(line)
    if sample is None or sample.group(1) != current:
        raise ValueError(f"no sample of {current}: {line}")
    labels = _LABEL.findall(sample.group(2))
    if _LABEL.sub("", sample.group(2)):
        raise ValueError(f"labels: {sample.group(2)}")
    key = frozenset((name, re.sub(r'\\["\\n]', lambda m: _ESCAPES[m.group()], text)) for name, text in labels)
    if key in family.samples:
        raise ValueError(f"twice: {line}")
    family.samples[key] = float(sample.group(3))


LEAF = certificate("gw-a", 100)
FULL = judged(
    served("gw-a", LEAF),
    on_disk("gw-a", LEAF, LEAF),
    here("Cluster_cert.pem", certificate('a "quoted" \\ name', 5)),
    list_on_disk("gw-a", revocation_list(9)),
    garbage("gw-a"),
    dead("gw-b"),
)


def test_every_metric_is_a_gauge_with_help() -> None:
    families = parse(prometheus_text(FULL))
    assert set(families) == {
        "amlen_tls_certificate_not_after_seconds",
        "amlen_tls_crl_next_update_seconds",
        "amlen_tls_file_unreadable",
        "amlen_tls_node_up",
        "amlen_tls_expiry_scrape_timestamp_seconds",
    }
    assert all(family.kind == "gauge" and family.help for family in families.values())


def test_a_certificate_is_there_with_its_place_and_its_end() -> None:
    samples = parse(prometheus_text(FULL))["amlen_tls_certificate_not_after_seconds"].samples
    labels = {"cluster": "production", "node": "gw-a", "subject": "CN=gw-a", "sha256": LEAF.sha256}
    for source, file in (("served", "port 9104"), ("on disk", "Cluster_cert.pem")):
        key = frozenset({**labels, "source": source, "file": file}.items())
        assert samples[key] == (NOW + 100 * DAY).timestamp()
    assert len(samples) == 3


def test_labels_survive_quotes_and_backslashes() -> None:
    samples = parse(prometheus_text(FULL))["amlen_tls_certificate_not_after_seconds"].samples
    subjects = {dict(key)["subject"] for key in samples}
    found = next(row.subject for row in FULL.rows if row.where == "here")
    assert '"' in found
    assert "\\" in found
    assert found in subjects


def test_a_dead_node_is_not_up_and_the_other_is() -> None:
    samples = parse(prometheus_text(FULL))["amlen_tls_node_up"].samples
    up = {dict(key)["node"]: value for key, value in samples.items()}
    assert up == {"gw-a": 1.0, "gw-b": 0.0, "here": 1.0}


def test_a_folder_here_that_cannot_be_read_is_not_up() -> None:
    samples = parse(prometheus_text(judged(served("gw-a", LEAF), dead(HERE))))["amlen_tls_node_up"].samples
    assert {dict(key)["node"]: value for key, value in samples.items()}["here"] == 0.0


def test_a_list_a_file_of_nonsense_and_the_time_are_there() -> None:
    families = parse(prometheus_text(FULL))
    (list_end,) = families["amlen_tls_crl_next_update_seconds"].samples.values()
    assert list_end == (NOW + 9 * DAY).timestamp()
    (unreadable,) = families["amlen_tls_file_unreadable"].samples
    assert dict(unreadable)["file"] == "Cluster_cafile.pem"
    assert list(families["amlen_tls_expiry_scrape_timestamp_seconds"].samples.values()) == [NOW.timestamp()]


def test_of_two_lists_in_a_file_the_first_to_end_is_kept() -> None:
    late, soon = list_on_disk("gw-a", revocation_list(90)), list_on_disk("gw-a", revocation_list(9))
    samples = parse(prometheus_text(judged(late, soon)))["amlen_tls_crl_next_update_seconds"].samples
    assert list(samples.values()) == [(NOW + 9 * DAY).timestamp()]


def test_a_metric_without_a_value_is_left_out() -> None:
    families = parse(prometheus_text(judged(served("gw-a", LEAF))))
    assert "amlen_tls_crl_next_update_seconds" not in families


def test_the_order_does_not_depend_on_what_was_seen_first() -> None:
    one, other = served("gw-a", LEAF), served("gw-b", certificate("gw-b", 50))
    assert prometheus_text(judged(one, other)) == prometheus_text(judged(other, one))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('# HELP a b\n# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n', id="a sample twice"),
        pytest.param('# HELP a b\na{x="1"y="2"} 1\n', id="labels run together"),
        pytest.param('# HELP a b\na{x="1""} 1\n', id="a quote that is not escaped"),
        pytest.param('# HELP a b\na{x="1"} 1', id="no line end"),
        pytest.param('# HELP a b\na{x="1"} soon\n', id="no number"),
    ],
)
def test_the_parser_refuses_what_the_format_does_not_allow(text: str) -> None:
    with pytest.raises(ValueError, match=r"twice|labels|no end|no sample"):
        parse(text)
