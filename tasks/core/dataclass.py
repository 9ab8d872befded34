"""`@dataclass(frozen=True, slots=True)` as the standard library's, in a seventh of the time.

The library writes the methods of each class as source, and compiles them anew at every start: of a status that was a
ninth of the whole. Here they are the same few functions for all classes, over the fields that the library has found.
Every other kind of dataclass is the library's own; so are `fields`, `replace` and `asdict`, which take both.

Not taken over, and refused: fields with `init=False` or `hash=`. Nor is `InitVar`, of which nothing here makes use.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, NoReturn

_Class = type[Any]
_Fields = tuple[dataclasses.Field[Any], ...]


def _frozen(cls: _Class) -> _Class:
    """The class once more, with slots and the methods: to give them to one that is there already takes far longer."""
    doc = cls.__doc__
    # Without one the library asks for a signature, which takes longer than all the rest.
    cls.__doc__ = doc or cls.__name__
    dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
    fields = dataclasses.fields(cls)
    if any(not f.init or f.hash is not None for f in fields):
        raise TypeError(f"{cls.__qualname__}: a field with init=False or hash= is not for core/dataclass.py")
    equal, hashed = _comparison_of(fields)
    methods: Mapping[str, Any] = {
        "__init__": _init_of(fields, checked=hasattr(cls, "__post_init__")),
        "__repr__": _shown,
        "__eq__": equal,
        "__hash__": hashed,
        "__setattr__": _not_set,
        "__delattr__": _not_deleted,
        "__getstate__": _state,
        "__setstate__": _set_state,
    }
    names = {f.name for f in fields}
    inherited = {name for base in cls.__mro__[1:] for name in vars(base).get("__slots__", ())}
    body = {
        name: value
        for name, value in {**methods, **vars(cls)}.items()
        if name not in names and name not in ("__dict__", "__weakref__")
    }
    body["__slots__"] = tuple(f.name for f in fields if f.name not in inherited)
    body["__qualname__"], body["__doc__"] = cls.__qualname__, doc
    make: Callable[..., _Class] = type(cls)
    return make(cls.__name__, cls.__bases__, body)


def _init_of(fields: _Fields, *, checked: bool) -> Callable[..., None]:
    known = frozenset(f.name for f in fields)
    in_order = tuple(f.name for f in fields if not f.kw_only)
    makers = tuple((f.name, make) for f in fields if (make := _maker(f)) is not None)
    number, most, put = len(fields), len(in_order), object.__setattr__

    def __init__(self: Any, /, *given: object, **named: object) -> None:
        told = len(given) + len(named)
        if len(given) > most or (given and named and not named.keys().isdisjoint(in_order[: len(given)])):
            raise _miscalled(self, given, named)
        for name, value in zip(in_order, given, strict=False):
            put(self, name, value)
        for name, value in named.items():
            if name not in known:
                raise _miscalled(self, given, named)
            put(self, name, value)
        if told != number:
            there = {*in_order[: len(given)], *named}
            for name, make in makers:
                if name not in there:
                    put(self, name, make())
                    told += 1
            if told != number:
                raise _miscalled(self, given, named)
        if checked:
            self.__post_init__()

    return __init__


def _maker(one: dataclasses.Field[Any]) -> Callable[[], object] | None:
    """What makes the value of a field that is not given; None where it has to be."""
    if one.default_factory is not dataclasses.MISSING:
        return one.default_factory
    if one.default is dataclasses.MISSING:
        return None
    default = one.default
    return lambda: default


def _miscalled(one: Any, given: tuple[object, ...], named: Mapping[str, object]) -> TypeError:
    """Our bug. It names the fields; what was given may be a secret."""
    names = ", ".join(f.name for f in dataclasses.fields(one))
    told = ", ".join((f"{len(given)} by place", *named))
    return TypeError(f"{type(one).__qualname__}({names}) was given {told}")


def _comparison_of(fields: _Fields) -> tuple[Callable[[Any, Any], bool], Callable[[Any], int]]:
    """`__eq__` and `__hash__`, by the same fields."""
    names = [f.name for f in fields if f.compare]
    # Of one name alone it would be no tuple.
    values = attrgetter(*names, *names[: len(names) == 1]) if names else lambda self: ()

    def equal(self: Any, other: Any) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal, lambda self: hash(values(self))


@recursive_repr()
def _shown(self: Any) -> str:
    told = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{self.__class__.__qualname__}({', '.join(told)})"


def _not_set(self: Any, name: str, value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _not_deleted(self: Any, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    """For copies and pickles, which would set the attributes."""
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _set_state(self: Any, state: list[object]) -> None:
    for one, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)


if TYPE_CHECKING:  # to type checkers it is the library's
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, **others):
        """As `dataclasses.dataclass`."""

        def decorate(cls):
            if frozen and slots and not others:
                return _frozen(cls)
            return dataclasses.dataclass(cls, frozen=frozen, slots=slots, **others)

        return decorate if cls is None else decorate(cls)
