"""Whatever the text: a cluster, or faults for the operator; never a traceback."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.core.errors import UsageError
from tasks.core.inventory import parse
from tasks.core.inventory_keys import known_keys
from tasks.core.model import Cluster

EXAMPLE = (Path(__file__).parents[2] / "inventory.yaml").read_text().replace("    # ", "    ")
LINES = tuple(line for line in EXAMPLE.splitlines() if not line.startswith(("#", "  # ")))
TOKENS = (
    *"{}[]:,&*!|>%@`'\"#-?~=<",
    "\t",
    "\n",
    "  ",
    "- ",
    ": ",
    "<<: ",
    "---\n",
    "%YAML 1.1\n",
    "!!int ",
    "0x1",
)
KEYS = ("clusters", "members", "pair", "host", *known_keys(("defaults",)), *known_keys(("defaults", "ssh")))


def outcome(text: str) -> Cluster | UsageError:
    found = attempt(text)
    if isinstance(found, UsageError):
        assert found.remedy
        assert all(line.isprintable() for line in str(found).split("\n"))
    return found


def attempt(text: str) -> Cluster | UsageError:
    try:
        return parse(text, path=Path("inventory.yaml"), cluster=None)
    except UsageError as error:
        return error


@settings(max_examples=150, deadline=None, database=None)
@given(st.text() | st.lists(st.sampled_from(TOKENS) | st.text(max_size=3)).map("".join))
def test_arbitrary_text_is_never_a_traceback(text: str) -> None:
    assert isinstance(outcome(text), UsageError)


@settings(max_examples=60, deadline=None, database=None)
@given(st.data())
def test_a_mutated_inventory_is_never_a_traceback(data: st.DataObject) -> None:
    text = "\n".join(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 12))
        text = text[:at] + data.draw(st.sampled_from((*TOKENS, *KEYS, ""))) + text[at + cut :]
    outcome(text)


plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, width=16) | st.text(max_size=5)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, database=None)
@given(values, values)
def test_any_values_at_any_key_are_never_a_traceback(defaults: object, member: object) -> None:
    text = f"defaults: {flow(defaults)}\nclusters: {{demo: {{members: {{a: {flow(member)}}}}}}}"
    outcome(text)


def flow(value: object) -> str:
    """YAML in flow style; JSON would do, were it not for a few characters that YAML refuses."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
        case list():
            return "[" + ", ".join(flow(each) for each in value) + "]"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case None:
            return "~"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def test_the_unmutated_text_is_a_good_inventory() -> None:
    assert isinstance(outcome((Path(__file__).parents[2] / "inventory.yaml").read_text()), Cluster)
