"""Watch streams: pieces of bytes come in, events go out.

`split_lines` and `read_events` are the fast path that informers use: whole batches of events, their objects still
bytes.  `WatchEvent` is what a caller of `Client.watch` sees.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import cached_property
from typing import Generic, Literal, TypeVar

import msgspec

from kubewright.objects.errors import APIError, error_from_status
from kubewright.transport.protocol import TransportError

T = TypeVar("T")

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]


class RawEvent(msgspec.Struct, gc=False):
    """One line of a watch; `object` is a view into the bytes that were received."""

    type: EventType
    object: msgspec.Raw

    def error(self) -> APIError:
        """The exception that an ``ERROR`` event stands for."""
        return error_from_status(msgspec.json.decode(self.object))


_decode_lines = msgspec.json.Decoder(RawEvent).decode_lines


async def split_lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Cut a stream of pieces behind the last line end that each brought; what is left waits for the next piece.

    Here and below nothing that was handed on is held while the next piece is waited for: that can take minutes, and a
    piece can be a megabyte.
    """
    rest: list[bytes] = []
    async for piece in pieces:
        end = piece.rfind(b"\n") + 1
        if not end:
            rest.append(piece)
        elif rest:
            rest.append(piece[:end])
            yield b"".join(rest)
            rest = [piece[end:]] if end < len(piece) else []
        else:
            yield piece if end == len(piece) else piece[:end]
            rest = [piece[end:]] if end < len(piece) else []
        del piece
    if any(rest):
        yield b"".join(rest)


async def read_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[list[RawEvent]]:
    """The events of a watch, in the batches in which they arrived.

    A last line that the end of the stream cut short is left out.

    :raises TransportError: a line is no watch event.
    """
    async for lines in split_lines(pieces):
        try:
            events = _decode_lines(lines)
        except msgspec.DecodeError as error:
            if lines.endswith(b"\n"):
                raise TransportError(f"the server sent something else than watch events: {error}") from error
            return
        del lines
        yield events
        del events


class WatchEvent(Generic[T]):
    """Something happened to an object, or a bookmark says how far the watch has come.

    Of a bookmark's object only ``metadata.resourceVersion`` and annotations mean anything.
    """

    __slots__ = ("__dict__", "_decode", "raw", "type")

    def __init__(self, event: RawEvent, decode: Callable[[bytes], T]) -> None:
        self.type: EventType = event.type
        self.raw = bytes(event.object)
        """The object as the server sent it."""
        self._decode = decode

    @cached_property
    def object(self) -> T:
        """The object, decoded when it is first asked for."""
        return self._decode(self.raw)

    def __repr__(self) -> str:
        return f"WatchEvent({self.type}, {self.object!r})"
