"""The body of a request, as an ASGI application reads it: messages come in, bytes go out once all have come."""

from __future__ import annotations

import math

from kubewright.transport.asgi import Receive


class BodyTooLarge(ValueError):
    """A body has more bytes than its reader takes; the rest was not read."""


class ClientDisconnected(Exception):
    """The client went away before its request had come completely."""


async def read_body(receive: Receive, limit: float = math.inf) -> bytes:
    """The whole body.

    :param limit: bytes that it may have.
    :raises BodyTooLarge: it has more.
    :raises ClientDisconnected: its end will never come.
    """
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnected
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise BodyTooLarge(f"the body is larger than {limit} bytes")
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)
