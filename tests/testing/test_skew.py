from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from kubewright.testing.skew import SkewedStream, shifted


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b'{"at":"2026-12-01T23:59:59Z"}', b'{"at":"2026-12-02T00:59:59Z"}'),
        (b'{"renewTime":"2026-12-01T10:00:00.123456Z"}', b'{"renewTime":"2026-12-01T11:00:00.123456Z"}'),
        (b'{"note":"at 2026-12-01T10:00:00Z"}', b'{"note":"at 2026-12-01T10:00:00Z"}'),
        (b'{"at":"9999-12-31T23:59:59Z"}', b'{"at":"9999-12-31T23:59:59Z"}'),
        (b'{"at":"2026-13-01T10:00:00Z"}', b'{"at":"2026-13-01T10:00:00Z"}'),
    ],
)
def test_times_are_moved_and_nothing_else(text: bytes, expected: bytes) -> None:
    assert shifted(text, 3600) == expected


def test_what_was_moved_there_comes_back_as_it_was() -> None:
    text = b'{"at":"2026-02-28T23:59:59Z"}'
    assert shifted(shifted(text, -86400), 86400) == text


class Pieces:
    status = 200
    headers: Mapping[str, str] = {}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'{"at":"2026-12-01T1'
        yield b'0:00:00Z"}\n{"at":'
        yield b'"2026-12-01T11:00:00Z"}'

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self])


async def test_a_time_may_be_cut_between_two_pieces() -> None:
    expected = b'{"at":"2026-12-01T09:00:00Z"}\n{"at":"2026-12-01T10:00:00Z"}'
    assert b"".join([piece async for piece in SkewedStream(Pieces(), -3600)]) == expected
    assert await SkewedStream(Pieces(), -3600).read() == expected
