"""Where a node's product keeps its things: by the product, unless the inventory says otherwise."""

from __future__ import annotations

from pathlib import PurePosixPath

from tasks.core.dataclass import dataclass
from tasks.core.inventory_layers import Place
from tasks.core.model import Paths, Product


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What follows from the product alone; every node can say otherwise."""

    data_dir: PurePosixPath
    unit: str


_DEFAULTS = {
    Product.AMLEN: _Defaults(PurePosixPath("/var/lib/amlen-server"), "imaserver.service"),
    Product.MESSAGESIGHT: _Defaults(PurePosixPath("/var/messagesight"), "imaserver"),
}


def product_of(place: Place) -> Product:
    return Product(place.said("product").value or Product.AMLEN)


def unit_of(place: Place) -> str:
    """The systemd unit's name."""
    return str(place.said("service", "unit").value or _DEFAULTS[product_of(place)].unit)


def paths_of(place: Place) -> Paths:
    """The node's paths, as the server itself sees them."""
    data_dir = place.said("data_dir").value or _DEFAULTS[product_of(place)].data_dir
    return Paths(
        data_dir=data_dir,
        server_cfg=place.said("server_cfg").value or data_dir / "data/config/server.cfg",
        log_dir=place.said("log_dir").value or data_dir / "diag/logs",
        keystore=place.said("keystore").value,
        truststore=place.said("truststore").value,
    )
