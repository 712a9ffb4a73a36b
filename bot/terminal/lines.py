"""What is typed, line by line, without blocking what the coach says meanwhile."""

from __future__ import annotations

import asyncio
import codecs
import os
from collections.abc import AsyncIterator
from typing import TextIO


async def typed_lines(source: TextIO) -> AsyncIterator[str]:
    """Lines without their ends, until the input ends. Bytes that are no text become a mark."""
    loop = asyncio.get_running_loop()
    chunks: asyncio.Queue[bytes] = asyncio.Queue()
    number = source.fileno()

    def ready() -> None:
        chunk = os.read(number, 65536)
        if not chunk:
            loop.remove_reader(number)
        chunks.put_nowait(chunk)

    try:
        loop.add_reader(number, ready)
    except PermissionError:
        # A plain file can't be waited for, and needs no waiting.
        for line in source:
            yield line.rstrip("\r\n")
        return
    try:
        async for line in _lines_of(chunks):
            yield line
    finally:
        loop.remove_reader(number)


async def _lines_of(chunks: asyncio.Queue[bytes]) -> AsyncIterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while chunk := await chunks.get():
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            yield line.rstrip("\r")
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest
