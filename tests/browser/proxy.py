"""A slow line: a proxy on loopback that passes every byte on after a while."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_CHUNK = 65_536


@contextmanager
def delayed(port: int, delay: float) -> Iterator[int]:
    """Listen on a free port, and pass on to another what comes, each way after a delay.

    Args:
        port: Where the server listens.
        delay: Seconds each way: half of a round trip.

    Yields:
        The port to connect to.
    """
    up: queue.SimpleQueue[tuple[int, asyncio.AbstractEventLoop, asyncio.Event]] = (
        queue.SimpleQueue()
    )

    async def listen() -> None:
        joined: set[asyncio.Task[None] | None] = set()
        ends: set[asyncio.StreamWriter] = set()

        async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            joined.add(asyncio.current_task())
            ends.add(writer)
            with suppress(OSError):
                there = await asyncio.open_connection("127.0.0.1", port)
                ends.add(there[1])
                await asyncio.gather(_pass(reader, there[1], delay), _pass(there[0], writer, delay))

        server = await asyncio.start_server(join, "127.0.0.1", 0)
        down = asyncio.Event()
        up.put((server.sockets[0].getsockname()[1], asyncio.get_running_loop(), down))
        await down.wait()
        server.close()
        for end in ends:
            end.transport.abort()
        await asyncio.gather(*filter(None, joined))
        await asyncio.gather(*(end.wait_closed() for end in ends), return_exceptions=True)

    thread = threading.Thread(target=asyncio.run, args=(listen(),), daemon=True)
    thread.start()
    own, loop, down = up.get()
    try:
        yield own
    finally:
        loop.call_soon_threadsafe(down.set)
        thread.join()


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    """Write what is read, in its order, a while later; close what was closed."""
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while data := await reader.read(_CHUNK):
            loop.call_later(delay, _write, writer, data)
    loop.call_later(delay, writer.close)


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if not writer.is_closing():
        writer.write(data)
