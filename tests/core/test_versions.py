"""What Server.Version tells, and what it leaves open."""

from __future__ import annotations

import pytest

from tasks.core.model import Product
from tasks.core.versions import parse_version


@pytest.mark.parametrize(
    ("text", "product", "builtin_only", "too_old", "is_open"),
    [
        ("1.1dev rig_private", Product.AMLEN, False, False, False),
        ("1.0.0.1 20221122-2043", Product.AMLEN, False, False, False),
        ("5.0.0.2 20210505-1716", Product.MESSAGESIGHT, False, False, False),
        ("5.0.0.10 20210505-1716", Product.MESSAGESIGHT, False, False, False),
        ("5.0.0.1 20190101-0000", Product.MESSAGESIGHT, False, True, False),
        ("5.0 20180820-0334", Product.MESSAGESIGHT, False, False, True),
        ("5.1", Product.MESSAGESIGHT, False, False, True),
        ("2.0.0.1 20170101-0000", Product.MESSAGESIGHT, True, False, False),
        ("10.0", None, False, False, False),
        ("build 7", None, False, False, False),
        ("", None, False, False, False),
    ],
)
def test_a_version_names_its_product_and_whether_it_will_do(
    text: str, product: Product | None, builtin_only: bool, too_old: bool, is_open: bool
) -> None:
    version = parse_version(text)
    assert version.product is product
    assert (version.has_builtin_only, version.is_too_old, version.is_open) == (builtin_only, too_old, is_open)


def test_the_build_is_left_out_of_the_short_form() -> None:
    assert parse_version("5.0 20180820-0334").short == "5.0"
