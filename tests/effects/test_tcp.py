"""Names and addresses: a name is asked for within a limit, an address of nobody."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from tasks.core.errors import RemoteError
from tasks.effects.tcp import Address, addresses_of, system


def slow(host: str, port: int) -> list[Address]:
    time.sleep(0.2)
    return system("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "family"),
    [("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6), ("10.0.0.9", socket.AF_INET)],
)
def test_an_address_is_what_it_says_and_takes_no_thread(host: str, family: socket.AddressFamily) -> None:
    asked: list[threading.Thread] = []

    def resolve(name: str, port: int) -> list[Address]:
        asked.append(threading.current_thread())
        return system(name, port)

    ((found, _, _, _, place),) = addresses_of(host, 22, limit_s=5, resolve=resolve)
    assert (found, place[:2]) == (family, (host, 22))
    assert asked == [threading.current_thread()]


@pytest.mark.parametrize("host", ["gw-a", "127.0.0.1.example", "10.0.0", "1.2.3.4.5", "::zz", "127.0.0.1\0"])
def test_of_a_name_the_answer_is_waited_for_no_longer_than_the_limit(host: str) -> None:
    with pytest.raises(RemoteError, match=r"no answer within 0\.05 s"):
        addresses_of(host, 22, limit_s=0.05, resolve=slow)
    assert addresses_of(host, 22, limit_s=5, resolve=slow)


def test_an_address_that_cannot_be_used_here_is_told_as_a_name_would_be() -> None:
    def refuse(host: str, port: int) -> list[Address]:
        raise socket.gaierror(socket.EAI_ADDRFAMILY, "Address family for hostname not supported")

    with pytest.raises(RemoteError, match="'::1' cannot be resolved: Address family"):
        addresses_of("::1", 22, limit_s=5, resolve=refuse)
