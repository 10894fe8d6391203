from __future__ import annotations

import pytest

from kubewright.transport import BodyTooLarge, ClientDisconnected, Message, Receive, read_body


def messages(*pieces: bytes, complete: bool = True) -> Receive:
    found: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    found.append({"type": "http.request"} if complete else {"type": "http.disconnect"})

    async def receive() -> Message:
        return found.pop(0)

    return receive


@pytest.mark.parametrize("pieces", [(), (b"abc",), (b"a", b"", b"bc")])
async def test_the_pieces_are_put_together(pieces: tuple[bytes, ...]) -> None:
    assert await read_body(messages(*pieces), limit=3) == b"".join(pieces)


async def test_reading_ends_at_the_limit() -> None:
    with pytest.raises(BodyTooLarge):
        await read_body(messages(b"ab", b"cd"), limit=3)


async def test_half_a_body_is_none() -> None:
    with pytest.raises(ClientDisconnected):
        await read_body(messages(b"ab", complete=False))
