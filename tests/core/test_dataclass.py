"""Values made by our decorator behave as those that the standard library's makes."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Generic, TypeVar

import pytest

from tasks.core.dataclass import dataclass as ours

Decorate = Callable[..., Any]
Classes = Mapping[str, Any]
T = TypeVar("T")


def _classes(dataclass: Decorate) -> Classes:
    """The same classes, each by the decorator that is given."""
    frozen = dataclass(frozen=True, slots=True)

    @frozen
    class Nothing:
        pass

    @frozen
    class One:
        value: object

    @frozen
    class Several:
        """With words of its own."""

        name: str
        ports: tuple[int, ...] = ()
        facts: Mapping[str, str] = dataclasses.field(default_factory=dict)
        kind: ClassVar[str] = "several"

        @property
        def first(self) -> int:
            return self.ports[0]

    @frozen
    class Hidden:
        name: str
        token: str = dataclasses.field(default="", repr=False)
        note: str = dataclasses.field(default="", compare=False)

    @frozen
    class Longer(One):
        more: str = dataclasses.field(default="more", kw_only=True)

    @frozen
    class Told(Generic[T]):
        value: T

        def __repr__(self) -> str:
            return f"<{self.value}>"

        def __post_init__(self) -> None:
            if self.value is None:
                raise ValueError("nothing told")

    return {each.__name__: each for each in (Nothing, One, Several, Hidden, Longer, Told)}


OURS, LIBRARY = _classes(ours), _classes(dataclasses.dataclass)
BOTH = pytest.mark.parametrize("classes", [OURS, LIBRARY], ids=["ours", "library"])


@ours(frozen=True, slots=True)
class Kept:
    """One that a pickle finds by its name."""

    name: str
    ports: tuple[int, ...] = ()


CALLS: tuple[tuple[str, str, tuple[object, ...], dict[str, object]], ...] = (
    ("no fields", "Nothing", (), {}),
    ("by place", "One", (1,), {}),
    ("by name", "One", (), {"value": 1}),
    ("defaults", "Several", ("a",), {}),
    ("some by name", "Several", ("a",), {"facts": {"b": "c"}}),
    ("all by place", "Several", ("a", (1, 2), {"b": "c"}), {}),
    ("hidden", "Hidden", ("a", "secret"), {"note": "b"}),
    ("inherited", "Longer", (1,), {}),
    ("by name only", "Longer", (1,), {"more": "b"}),
    ("its own repr", "Told", ("a",), {}),
)
CALLED = pytest.mark.parametrize(
    ("name", "given", "named"), [call[1:] for call in CALLS], ids=[call[0] for call in CALLS]
)


@CALLED
def test_a_value_shows_and_compares_as_the_library_s(
    name: str, given: tuple[object, ...], named: dict[str, object]
) -> None:
    value, same, other = (classes[name](*given, **named) for classes in (OURS, OURS, LIBRARY))
    assert repr(value) == repr(other)
    assert dataclasses.asdict(value) == dataclasses.asdict(other)
    assert value == same
    assert value != other  # another class
    assert type(value).__match_args__ == type(other).__match_args__
    assert type(value).__slots__ == type(other).__slots__
    assert type(value).__qualname__ == type(other).__qualname__
    # Without words of its own the library's has the fields once more.
    assert type(value).__doc__ in (type(other).__doc__, None)
    assert not hasattr(value, "__dict__")
    assert copy.copy(value) == value == copy.deepcopy(value)


WRONG: tuple[tuple[str, str, tuple[object, ...], dict[str, object]], ...] = (
    ("too few", "One", (), {}),
    ("too many", "One", (1, 2), {}),
    ("any for none", "Nothing", (1,), {}),
    ("unknown", "One", (), {"other": 1}),
    ("unknown beside it", "Several", ("a",), {"other": 1}),
    ("twice", "Several", ("a",), {"name": "b"}),
    ("twice, as many as there are", "Several", ("a", (1,)), {"name": "b"}),
    ("the one without a default", "Several", (), {"ports": (), "facts": {}}),
    ("by place what goes by name", "Longer", (1, "b"), {}),
    ("a property", "Several", ("a",), {"first": 1}),
)


@BOTH
@pytest.mark.parametrize(
    ("name", "given", "named"), [call[1:] for call in WRONG], ids=[call[0] for call in WRONG]
)
def test_what_is_not_given_as_the_fields_are_is_refused(
    classes: Classes, name: str, given: tuple[object, ...], named: dict[str, object]
) -> None:
    with pytest.raises(TypeError, match=name):
        classes[name](*given, **named)


def test_the_refusal_tells_no_value() -> None:
    with pytest.raises(TypeError, match="given 2 by place, other") as refused:
        OURS["One"]("s3cret", "s3cret", other="s3cret")
    assert "s3cret" not in str(refused.value)


@BOTH
def test_nothing_of_it_changes(classes: Classes) -> None:
    value = classes["Several"]("a")
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'name'"):
        value.name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot delete field 'name'"):
        del value.name
    assert value.name == "a"


def test_nothing_is_added_to_it() -> None:
    value = OURS["Several"]("a")
    with pytest.raises(dataclasses.FrozenInstanceError, match="other"):
        value.other = "b"


@BOTH
def test_equal_values_are_one_key(classes: Classes) -> None:
    found = {classes["Hidden"]("a", note="b"), classes["Hidden"]("a", note="c"), classes["Hidden"]("d")}
    assert {each.name for each in found} == {"a", "d"}
    assert len(found) == 2
    assert classes["Hidden"]("a", "b") != classes["Hidden"]("a", "c")
    assert hash(classes["Nothing"]()) == hash(classes["Nothing"]())
    with pytest.raises(TypeError, match="unhashable"):
        hash(classes["Several"]("a"))


@BOTH
def test_a_value_that_is_not_equal_to_itself_is_compared_as_in_a_tuple(classes: Classes) -> None:
    nan = float("nan")
    assert classes["One"](nan) == classes["One"](nan)
    assert classes["One"](nan) != classes["One"](float("nan"))


@BOTH
def test_a_changed_copy(classes: Classes) -> None:
    longer = dataclasses.replace(classes["Longer"](1, more="a"), value=2)
    assert (longer.value, longer.more) == (2, "a")
    with pytest.raises(TypeError, match="other"):
        dataclasses.replace(longer, other=1)


@BOTH
def test_defaults_are_made_for_each(classes: Classes) -> None:
    first, second = classes["Several"]("a"), classes["Several"]("a")
    assert first.facts == {}
    assert first.facts is not second.facts


@BOTH
def test_what_it_checks_it_checks(classes: Classes) -> None:
    with pytest.raises(ValueError, match="nothing told"):
        classes["Told"](None)


def test_a_pickle_brings_it_back() -> None:
    value = Kept("a", (1, 2))
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize(
    "field", [dataclasses.field(default=1, init=False), dataclasses.field(hash=True)], ids=["init", "hash"]
)
def test_a_field_that_it_cannot_do_is_refused(field: Any) -> None:
    class Odd:
        value: int = field

    with pytest.raises(TypeError, match="Odd: a field with init=False or hash="):
        ours(frozen=True, slots=True)(Odd)


def test_other_kinds_are_the_library_s() -> None:
    @ours
    class Open:
        name: str

    @ours(frozen=True)
    class Wide:
        name: str

    value = Open("a")
    value.name = "b"
    assert value == Open("b")
    assert vars(Wide("a")) == {"name": "a"}
    assert Open.__init__.__code__.co_varnames == ("self", "name")  # compiled for it
