"""Server.Version: which product it names, and whether that can use credentials of one's own."""

from __future__ import annotations

import re

from tasks.core.dataclass import dataclass
from tasks.core.model import Product

NAMES = {Product.AMLEN: "Eclipse Amlen", Product.MESSAGESIGHT: "Message Gateway"}
LEAST_GATEWAY = (5, 0, 0, 2)
_NUMBERS = re.compile(r"\d+(?:\.\d+)*")


@dataclass(frozen=True, slots=True)
class Version:
    """The numbers at the front of Server.Version; none where it begins otherwise.

    "1.1dev rig_private" is (1, 1); "5.0 20180820-0334" is (5, 0), which leaves the fix pack open.
    """

    text: str
    numbers: tuple[int, ...]

    @property
    def short(self) -> str:
        """Without the build."""
        return self.text.split(" ")[0]

    @property
    def product(self) -> Product | None:
        """None if it is no version that this tool knows."""
        match self.numbers[:1]:
            case (1,):
                return Product.AMLEN
            case (2,) | (5,):
                return Product.MESSAGESIGHT
            case _:
                return None

    @property
    def has_builtin_only(self) -> bool:
        """MessageSight 2.0 knows no credentials but the built-in pair."""
        return self.numbers[:1] == (2,)

    @property
    def is_too_old(self) -> bool:
        """A Message Gateway whose numbers say that it is older than 5.0.0.2."""
        known = self.numbers[: len(LEAST_GATEWAY)]
        return self.numbers[:1] == (5,) and known < LEAST_GATEWAY[: len(known)]

    @property
    def is_open(self) -> bool:
        """A Message Gateway that names no fix pack: REST cannot tell whether it is 5.0.0.2."""
        return self.numbers[:1] == (5,) and not self.is_too_old and len(self.numbers) < len(LEAST_GATEWAY)


def parse_version(text: str) -> Version:
    """Source: the product's documentation, which shows "5.0 20180820-0334"."""
    found = _NUMBERS.match(text)
    return Version(text, tuple(int(part) for part in found[0].split(".")) if found else ())
