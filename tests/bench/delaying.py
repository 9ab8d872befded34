"""A relay before each node's sshd that makes the way long: what goes in comes out so much later, on both ways.

`python -m tests.bench.delaying FILE SECONDS OWNER_PID`; FILE has "ADDRESS PORT TO_PORT" in each line. In user space,
because netem wants root and a kernel that has it. A connection stands after one round trip, as over a real way.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

_CHUNK = 1 << 16


async def _late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, one_way_s: float) -> None:
    """Everything that is read, so much later; the time between two pieces stays."""
    loop = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def write() -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(due - loop.time())
            if not data:
                break
            writer.write(data)
            await writer.drain()
        with suppress(OSError):
            writer.write_eof()

    writing = asyncio.create_task(write())
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            waiting.put_nowait((loop.time() + one_way_s, data))
    waiting.put_nowait((loop.time() + one_way_s, b""))
    with suppress(OSError):
        await writing


async def _relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: tuple[str, int], *, one_way_s: float
) -> None:
    await asyncio.sleep(2 * one_way_s)
    there, back = await asyncio.open_connection(*to)
    await asyncio.gather(_late(reader, back, one_way_s), _late(there, writer, one_way_s))
    back.close()
    writer.close()


async def _serve(file: Path, round_trip_s: float, owner: int) -> None:
    for line in file.read_text().splitlines():
        address, port, to_port = line.split(" ")
        to = (address, int(to_port))

        async def handle(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter, to: tuple[str, int] = to
        ) -> None:
            with suppress(OSError):
                await _relay(reader, writer, to, one_way_s=round_trip_s / 2)

        await asyncio.start_server(handle, address, int(port))
    file.with_suffix(".ready").touch()
    while os.getppid() == owner:
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])))
