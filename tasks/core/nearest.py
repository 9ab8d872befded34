"""The known word that a mistyped one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

_NEAR = 0.6  # of difflib's ratio: about one letter in three may be another
_MOST_LISTED = 12


def nearest(wanted: str, known: Iterable[str]) -> str | None:
    """The one that is near enough; None if none is, or two are equally near: gw-x may be gw-a as well as gw-b."""
    by_lower = {word.lower(): word for word in known}
    found = get_close_matches(wanted.lower(), by_lower, n=2, cutoff=_NEAR)
    if len(found) == 2 and _ratio(wanted, found[0]) == _ratio(wanted, found[1]):
        return None
    return by_lower[found[0]] if found else None


def _ratio(wanted: str, word: str) -> float:
    return SequenceMatcher(a=word, b=wanted.lower()).ratio()


def did_you_mean(wanted: str, known: Iterable[str]) -> str:
    """A remedy: the nearest known word, else all of them."""
    words = tuple(known)
    near = nearest(wanted, words)
    return f"did you mean `{near}`?" if near else f"known: {', '.join(words)}"


def one_of(wanted: str, known: Iterable[str], *, most: int = _MOST_LISTED) -> str:
    """A remedy: the nearest known word first, then all; of very many only as many as can be read."""
    words = tuple(known)
    near = nearest(wanted, words)
    left = len(words) - most
    listed = ", ".join(words[:most]) + (f" and {left} more" if left > 0 else "")
    return f"nearest: {near}; one of: {listed}" if near else f"one of: {listed or 'none'}"
