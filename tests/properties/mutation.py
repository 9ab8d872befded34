"""Bad input on a budget: mutants of real files and answers, the same ones in every run.

The variable PARSER_EXAMPLES sets how many (`make torture-parsers`: 100000 of each); PARSER_SEED makes others.
"""

from __future__ import annotations

import base64
import os
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from hypothesis import HealthCheck, settings

EXAMPLES = int(os.environ.get("PARSER_EXAMPLES", "0"))  # 0: each test has its own small number
SEED = int(os.environ.get("PARSER_SEED", "0"))
MOST_BY_HYPOTHESIS = 2_000  # it gets slower as it goes on; the mutants make up the number

tried: Counter[str] = Counter()  # examples by parser, in the test that runs

_NUMBER = re.compile(rb"-?\d+")
_BODY = re.compile(rb"(-----BEGIN [A-Z0-9 ]+-----\n)([A-Za-z0-9+/=\n]+)(-----END )")
_OID = re.compile(rb"\x06[\x03-\x0b]")
_ODD_BYTES = b"\x00\x01\t\n\r\x1b \"'-0:={\\}\x7f\x80\x85\xff"
_ODD_NUMBERS = (b"0", b"-1", b"65536", b"99999999999999999999", b"1e999", b"9" * 4400, b"-0.0", b"1.5")
_ODD_PIECES = (
    b"",
    b"\xc2\x85",
    b"\xe2\x80\xa8",
    b"\xe2\x80\xae",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\\ud800",
    b"\\u0000",
    b"\\u001b[2J",
    b"null",
    b"true",
    b"[",
    b"[" * 3000,
    b'{"a":' * 3000,
    b"\r\n",
    b"\n\n",
)


def few(number: int) -> settings:
    """The same examples in every run, as many as there is time for."""
    return settings(
        max_examples=min(EXAMPLES, MOST_BY_HYPOTHESIS) or number,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def hold(
    parser: str,
    corpus: Sequence[bytes],
    check: Callable[[bytes], None],
    *,
    few: int,
    pieces: Sequence[bytes] = (),
    part: tuple[int, int] = (0, 1),
) -> None:
    """Run `check` over mutants of the corpus; what it raises names the mutant.

    Args:
        parser: Its name, in the table at the end.
        few: How many mutants where no number is asked for.
        pieces: What makes sense to this parser, to be put in anywhere.
        part: Which of how many parts, where several tests share the number.
    """
    number = -(-(EXAMPLES or few) // part[1])
    seed = f"{parser} {SEED}" + (f" {part[0]}" if part[0] else "")
    for count, data in enumerate(mutants(seed, corpus, pieces=pieces, number=number)):
        tried[parser] += 1
        try:
            check(data)
        except BaseException as error:
            error.add_note(f"{parser}, seed {SEED}, part {part[0]}, example {count}: {data[:4000]!r}")
            raise


def mutants(
    seed: str, corpus: Sequence[bytes], *, pieces: Sequence[bytes] = (), number: int
) -> Iterator[bytes]:
    """The corpus itself, then mutants of it."""
    yield from corpus[:number]
    chance = random.Random(seed)
    for _ in range(number - len(corpus)):
        data = chance.choice(corpus)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
            data = chance.choice(_WAYS)(data, chance, corpus, pieces)
        yield data[: 1 << 16]


Way = Callable[[bytes, random.Random, Sequence[bytes], Sequence[bytes]], bytes]


def _cut(data: bytes, chance: random.Random, *_: object) -> bytes:
    return data[: chance.randint(0, len(data))]


def _without(data: bytes, chance: random.Random, *_: object) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + data[at + chance.choice((1, 1, 2, 5, 40)) :]


def _flipped(data: bytes, chance: random.Random, *_: object) -> bytes:
    at = chance.randint(0, max(len(data) - 1, 0))
    return data[:at] + bytes([(data[at] if data else 0) ^ (1 << chance.randint(0, 7))]) + data[at + 1 :]


def _odd(data: bytes, chance: random.Random, *_: object) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + bytes([chance.choice(_ODD_BYTES)]) + data[at + chance.randint(0, 1) :]


def _noise(data: bytes, chance: random.Random, *_: object) -> bytes:
    at = chance.randint(0, len(data))
    size = chance.randint(1, 12)
    return data[:at] + chance.randbytes(size) + data[at + chance.choice((0, size)) :]


def _piece(data: bytes, chance: random.Random, corpus: Sequence[bytes], pieces: Sequence[bytes]) -> bytes:
    at = chance.randint(0, len(data))
    return data[:at] + chance.choice((*_ODD_PIECES, *pieces, *pieces)) + data[at + chance.choice((0, 0, 4)) :]


def _repeated(data: bytes, chance: random.Random, *_: object) -> bytes:
    at, end = sorted(chance.randint(0, len(data)) for _ in range(2))
    return data[:end] + data[at:end] + data[end:]


def _spliced(data: bytes, chance: random.Random, corpus: Sequence[bytes], *_: object) -> bytes:
    other = chance.choice(corpus)
    return data[: chance.randint(0, len(data))] + other[chance.randint(0, len(other)) :]


def _line(data: bytes, chance: random.Random, *_: object) -> bytes:
    """A line elsewhere, or away, or twice."""
    lines = data.split(b"\n")
    taken = lines.pop(chance.randrange(len(lines)))
    for _again in range(chance.randint(0, 2)):
        lines.insert(chance.randint(0, len(lines)), taken)
    return b"\n".join(lines)


def _number(data: bytes, chance: random.Random, *_: object) -> bytes:
    found = list(_NUMBER.finditer(data))
    if not found:
        return data
    at = chance.choice(found)
    return data[: at.start()] + chance.choice(_ODD_NUMBERS) + data[at.end() :]


def _inside(data: bytes, chance: random.Random, *_: object) -> bytes:
    """A mutant of what a PEM block holds, in good base64."""
    found = list(_BODY.finditer(data))
    if not found:
        return data
    block = chance.choice(found)
    try:
        der = base64.b64decode(block[2])
    except ValueError:
        return data
    changed = chance.choice((_flipped, _flipped, _odd, _renamed, _renamed, _without))(der, chance)
    return data[: block.start(2)] + base64.encodebytes(changed) + data[block.end(2) :]


def _renamed(der: bytes, chance: random.Random, *_: object) -> bytes:
    """One object identifier in the place of another: extensions twice, unknown keys and algorithms."""
    found = [der[m.start() : m.start() + 2 + der[m.start() + 1]] for m in _OID.finditer(der)]
    if not found:
        return der
    old = chance.choice(found)
    new = chance.choice([one for one in found if len(one) == len(old)])
    return der.replace(old, new, 1) if new != old else der.replace(old, _flipped(old, chance), 1)


_WAYS: tuple[Way, ...] = (
    _cut,
    _without,
    _flipped,
    _odd,
    _noise,
    _piece,
    _piece,
    _repeated,
    _spliced,
    _line,
    _number,
    _inside,
    _inside,
)
