"""PEM files as OpenSSL's file readers see them: which blocks count, which are passed over."""

from __future__ import annotations

import base64
import re

from tasks.core.dataclass import dataclass

# A label never takes in a line's end: what is behind it may be a key, and labels are shown.
# A byte order mark at the very start is passed over, as OpenSSL 3.0 does.
_BEGIN = re.compile(
    rb"(?:\A\xef\xbb\xbf|^)-----BEGIN ([A-Za-z0-9 ]{1,60})-----[\x00-\x09\x0b-\x20]*$", re.MULTILINE
)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_ANY_BEGIN = re.compile(rb"-----BEGIN ")
_LAST_LINE = re.compile(rb"^\x00", re.MULTILINE)  # a line that begins with NUL ends the reading
_HEADER = re.compile(rb"^[A-Za-z-]+:.*$", re.MULTILINE)


class Unreadable(Exception):
    """Bytes that do not hold what is looked for in them.

    Args:
        reason: What is wrong, to follow "… cannot be read: ".
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PemBlock:
    """One block: its label ("CERTIFICATE") and the offset of its BEGIN line."""

    label: str
    start: int

    @property
    def is_private_key(self) -> bool:
        return self.label.endswith("PRIVATE KEY")


def pem_blocks(data: bytes) -> tuple[PemBlock, ...]:
    """The blocks that OpenSSL finds: text around them is passed over.

    A BEGIN line counts only at the very start of a line, with nothing but blanks after it.
    """
    end = _LAST_LINE.search(data)
    return tuple(
        PemBlock(m.group(1).decode("latin-1"), m.start(1) - len(b"-----BEGIN "))
        for m in _BEGIN.finditer(data, 0, end.start() if end else len(data))
    )


def broken_block(data: bytes) -> str | None:
    """Why OpenSSL gives a file up that it reads to its end: one block that cannot be read, of whatever kind.

    Returns:
        To follow "… cannot be read: "; None if every block can be read.
    """
    blocks = pem_blocks(data)
    if fault := _unterminated(data, blocks):
        return fault
    for block in blocks:
        body = data[block.start :].partition(b"\n")[2].partition(b"-----END ")[0]
        try:
            base64.b64decode(b"".join(_HEADER.sub(b"", body).split()), validate=True)
        except ValueError:
            return f"its block {block.label} is broken"
    return None


def hidden_blocks(data: bytes) -> str | None:
    """Why OpenSSL passes over a block that is there to the eye; None if it sees all of them."""
    blocks = pem_blocks(data)
    if len(_ANY_BEGIN.findall(data)) == len(blocks):
        return _unterminated(data, blocks)
    if b"\n" not in data and b"\r" in data:
        return "its lines end in CR alone, which OpenSSL does not take for line ends"
    return "a -----BEGIN line is indented, quoted or followed by text, so that OpenSSL passes over that block"


def describe_without_blocks(data: bytes) -> str:
    """What a file without any block seems to be, in words for the operator."""
    if not data.strip():
        return "it is empty"
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "it is UTF-16 text, not ASCII"
    if data[:1] == b"\x30" and data[1:2] >= b"\x80":
        return "it is binary (DER or PKCS#12), not PEM"
    return hidden_blocks(data) or "it holds no -----BEGIN line"


def openssl_reason(error: Exception) -> str:
    """The last reason in a pyOpenSSL error's queue; never anything of the input."""
    queue = error.args[0] if error.args else ()
    reasons = [entry[-1] for entry in queue if isinstance(entry, tuple) and entry[-1]]
    return str(reasons[0]) if reasons else "no reason given"


def _unterminated(data: bytes, blocks: tuple[PemBlock, ...]) -> str | None:
    ends = [*(block.start for block in blocks[1:]), len(data)] if blocks else []
    for block, end in zip(blocks, ends, strict=True):
        if f"\n-----END {block.label}-----".encode("latin-1") not in data[block.start : end]:
            return f"its block {block.label} has no END line"
    return None
