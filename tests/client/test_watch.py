from __future__ import annotations

import itertools
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.client.scripted import event

from kubewright.client import TransportError, read_events
from kubewright.client.watch import split_lines


async def stream(parts: list[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def numbers(parts: list[bytes]) -> list[int]:
    return [msgspec.json.decode(e.object) async for batch in read_events(stream(parts)) for e in batch]


@given(st.lists(st.integers(0, 120), max_size=6))
async def test_events_do_not_depend_on_how_the_stream_is_cut(cuts: list[int]) -> None:
    lines = b"".join(event("ADDED", number) for number in range(4))
    edges = [0, *sorted(cuts), len(lines)]
    parts = [lines[a:b] for a, b in itertools.pairwise(edges)]
    assert await numbers(parts) == [0, 1, 2, 3]


async def test_events_that_arrive_together_come_as_one_batch() -> None:
    lines = event("ADDED", 1) + event("MODIFIED", 2)
    batches = [batch async for batch in read_events(stream([lines]))]
    assert [[e.type for e in batch] for batch in batches] == [["ADDED", "MODIFIED"]]


async def test_a_last_line_that_was_cut_short_is_left_out() -> None:
    assert await numbers([event("ADDED", 1) + event("ADDED", 2)[:-5]]) == [1]
    assert await numbers([event("ADDED", 1) + event("ADDED", 2)[:-1]]) == [1, 2]


async def test_a_whole_line_that_is_no_event_is_an_error() -> None:
    with pytest.raises(TransportError, match="something else than watch events"):
        await numbers([b'{"kind":"Status"}\n'])


async def test_lines_are_cut_behind_their_end() -> None:
    parts = [b"a\nb", b"b", b"b\n", b"c"]
    assert [lines async for lines in split_lines(stream(parts))] == [b"a\n", b"bbb\n", b"c"]
