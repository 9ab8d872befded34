"""A secret shows itself to whoever asks for it by name, and to nobody else."""

from __future__ import annotations

import copy
import json
import pickle
import traceback
from collections.abc import Callable

import pytest

from tasks.core.secret import SecretStr

HIDDEN = "hunter2"
SHOWN: dict[str, Callable[[SecretStr], object]] = {
    "repr": repr,
    "str": str,
    "format": lambda secret: f"{secret} {secret!r}",
    "in a list": lambda secret: [secret],
    "percent": lambda secret: "%s %r" % (secret, secret),  # noqa: UP031
}


@pytest.mark.parametrize("way", SHOWN)
def test_it_is_shown_nowhere(way: str) -> None:
    said = str(SHOWN[way](SecretStr(HIDDEN)))
    assert HIDDEN not in said
    assert "**********" in said


@pytest.mark.parametrize("write", [pickle.dumps, copy.copy, copy.deepcopy, json.dumps])
def test_it_is_written_down_nowhere(write: Callable[[object], object]) -> None:
    with pytest.raises(TypeError) as caught:
        write(SecretStr(HIDDEN))
    assert HIDDEN not in "".join(traceback.format_exception(caught.value))


def test_it_has_no_attributes_that_a_debugger_would_list() -> None:
    assert not hasattr(SecretStr(HIDDEN), "__dict__")


def test_whoever_asks_for_it_gets_it() -> None:
    assert SecretStr(HIDDEN).get_secret_value() == HIDDEN


def test_two_are_the_same_where_their_values_are() -> None:
    assert SecretStr(HIDDEN) == SecretStr(HIDDEN)
    assert len({SecretStr(HIDDEN), SecretStr(HIDDEN)}) == 1
    assert SecretStr(HIDDEN) != SecretStr("hunter3")
    assert SecretStr(HIDDEN) != HIDDEN
