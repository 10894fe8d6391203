from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from tests.cache.objects import READER, pod
from tests.client.scripted import Reply, Request, ScriptedServer, event, pieces, status

from kubewright.cache.deltas import Delta
from kubewright.cache.indexer import Indexer
from kubewright.cache.list_watch import Failure, ListWatch
from kubewright.cache.reflector import Reflector
from kubewright.client import AsgiTransport, RestClient
from kubewright.objects.core_v1 import Pod

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class Journal:
    """A sink that writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def replace(self, objects: Indexer[Pod], resource_version: str) -> None:
        self.lines.append(f"replace {','.join(obj.name for obj in objects)} at {resource_version}")

    def apply(self, deltas: Sequence[Delta[Pod]]) -> None:
        self.lines.append("; ".join(f"{d.type} {d.object.key.name}" for d in deltas))

    def reached(self, resource_version: str) -> None:
        self.lines.append(f"reached {resource_version}")

    def troubled(self, error: Failure) -> None:
        self.lines.append(f"trouble {getattr(error, 'status_code', 'transport')}")


class Stop(Exception):
    pass


def bookmark(version: str, *, initial_end: bool = False) -> bytes:
    annotations = {INITIAL_EVENTS_END: "true"} if initial_end else {}
    return event("BOOKMARK", {"kind": "Pod", "metadata": {"resourceVersion": version, "annotations": annotations}})


def listed(*names: str, version: str = "10", **metadata: Any) -> Reply:
    items = [pod(name) for name in names]
    return Reply({"kind": "PodList", "metadata": {"resourceVersion": version, **metadata}, "items": items})


def streamed(*parts: bytes, stay_open: bool = False) -> Reply:
    return Reply(pieces(*parts, stay_open=stay_open))


NO_STREAMING = status(422, "Invalid")


async def follow(
    *replies: Reply, expect: int, stream_initial: bool = True, initial_timeout: float = 5.0
) -> tuple[list[str], list[Request]]:
    """Run a reflector against these replies, until the sink has been told ``expect`` things or the replies run out."""
    queue, journal = list(replies), Journal()
    ended = asyncio.Event()

    def handle(_: Request) -> Reply:
        if queue:
            return queue.pop(0)
        ended.set()
        return streamed(stay_open=True)

    async def no_sleep(_: float) -> None:
        await asyncio.sleep(0)

    server = ScriptedServer(handle)
    reflector = Reflector(
        RestClient(AsgiTransport(server), sleep=no_sleep),
        "/api/v1/pods",
        READER,
        journal,
        accept="application/json",
        accept_list="application/json",
        selectors={"labelSelector": "app=web"},
        list_watch=ListWatch(stream_initial=stream_initial, rand=lambda: 0.0),
        initial_timeout=initial_timeout,
        sleep=no_sleep,
    )
    task = asyncio.create_task(reflector.run())
    await asyncio.wait((task, waiter := asyncio.create_task(ended.wait())), return_when=asyncio.FIRST_COMPLETED)
    for unfinished in (task, waiter):
        unfinished.cancel()
    assert len(journal.lines) >= expect
    return journal.lines, server.requests


async def test_the_initial_events_become_one_replacement_and_the_stream_goes_on() -> None:
    lines, requests = await follow(
        streamed(
            event("ADDED", pod("a")) + event("ADDED", pod("b")),
            event("MODIFIED", pod("a", 2)) + event("DELETED", pod("b", 3)) + bookmark("5", initial_end=True),
            event("ADDED", pod("c", 6)) + event("MODIFIED", pod("a", 7)),
            bookmark("9"),
        ),
        expect=3,
    )
    assert lines == ["replace a at 5", "ADDED c; MODIFIED a", "reached 9"]
    assert requests[0].query == {
        "labelSelector": "app=web",
        "watch": "true",
        "allowWatchBookmarks": "true",
        "timeoutSeconds": "300",
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
    }
    assert requests[1].query["resourceVersion"] == "9"
    assert "sendInitialEvents" not in requests[1].query


async def test_events_and_the_bookmark_that_ends_them_may_come_in_one_piece() -> None:
    piece = event("ADDED", pod("a")) + bookmark("5", initial_end=True) + event("ADDED", pod("c", 6))
    lines, _ = await follow(streamed(piece), expect=2)
    assert lines == ["replace a at 5", "ADDED c"]


async def test_only_a_bookmark_that_says_so_ends_the_initial_events() -> None:
    other = event("BOOKMARK", {"metadata": {"resourceVersion": "4", "annotations": {INITIAL_EVENTS_END: "false"}}})
    piece = event("ADDED", pod("a")) + other + event("ADDED", pod("b")) + bookmark("5", initial_end=True)
    lines, _ = await follow(streamed(piece), expect=1)
    assert lines == ["replace a,b at 5"]


async def test_what_an_unfinished_stream_has_brought_is_forgotten() -> None:
    again = streamed(event("ADDED", pod("b")) + bookmark("5", initial_end=True))
    lines, requests = await follow(streamed(event("ADDED", pod("a"))), again, expect=1)
    assert lines == ["replace b at 5"]
    assert requests[1].query == requests[0].query


async def test_a_list_that_fails_in_the_middle_changes_nothing() -> None:
    first, failing = listed("a", **{"continue": "more"}), status(403, "Forbidden")
    lines, requests = await follow(first, failing, listed("b"), expect=2, stream_initial=False)
    assert lines == ["trouble 403", "replace b at 10"]
    assert "continue" not in requests[2].query


async def test_a_server_that_does_not_stream_is_listed_in_pages_then_watched() -> None:
    first, second = listed("a", **{"continue": "more"}), listed("b", version="11")
    lines, requests = await follow(NO_STREAMING, first, second, streamed(event("DELETED", pod("a", 12))), expect=3)
    assert lines == ["trouble 422", "replace a,b at 10", "DELETED a"]
    assert requests[1].query == {"labelSelector": "app=web", "limit": "500", "resourceVersion": "0"}
    assert requests[2].query == {"labelSelector": "app=web", "limit": "500", "continue": "more"}
    assert requests[3].query["resourceVersion"] == "10"


async def test_a_server_that_never_ends_the_initial_events_is_listed() -> None:
    endless = streamed(event("ADDED", pod("a")), stay_open=True)
    lines, requests = await follow(endless, listed("a"), expect=2, initial_timeout=0.01)
    assert lines == ["trouble transport", "replace a at 10"]
    assert requests[1].query["limit"] == "500"


async def test_a_watch_that_became_too_old_leads_to_a_new_list() -> None:
    expired = event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired"})
    lines, requests = await follow(
        listed("a"),
        streamed(event("ADDED", pod("b", 11)) + expired),
        listed("b", "c", version="20"),
        expect=4,
        stream_initial=False,
    )
    assert lines == ["replace a at 10", "ADDED b", "trouble 410", "replace b,c at 20"]
    assert requests[2].query["resourceVersion"] == "11"


async def test_a_broken_watch_is_resumed_without_a_list() -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield event("ADDED", pod("b", 11))
        raise OSError("cable pulled")

    lines, requests = await follow(
        listed("a"), Reply(breaking()), streamed(event("ADDED", pod("c", 12))), expect=3, stream_initial=False
    )
    assert lines == ["replace a at 10", "ADDED b", "ADDED c"]
    assert [r.query.get("resourceVersion") for r in requests[:3]] == ["0", "10", "11"]


async def test_objects_that_cannot_be_read_are_skipped(caplog: pytest.LogCaptureFixture) -> None:
    bad = event("ADDED", {"metadata": {"name": 5}})
    lines, _ = await follow(listed("a"), streamed(bad + event("ADDED", pod("b", 11))), expect=2, stream_initial=False)
    assert lines == ["replace a at 10", "ADDED b"]
    assert "cannot be read and is skipped" in caplog.text


async def test_a_table_is_refused() -> None:
    lines, _ = await follow(Reply({"kind": "Table"}), listed("a"), expect=2, stream_initial=False)
    assert lines == ["trouble 406", "replace a at 10"]


async def test_refusals_are_reported_and_tried_again() -> None:
    lines, _ = await follow(status(403, "Forbidden"), status(403, "Forbidden"), listed("a"), expect=2)
    assert lines[0] == "trouble 403"


async def test_a_stream_can_be_checked_against_a_list_of_the_same_revision(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("KUBEWRIGHT_WATCHLIST_CHECK", "1")
    initial = event("ADDED", pod("a")) + event("ADDED", pod("b")) + bookmark("5", initial_end=True)
    lines, requests = await follow(streamed(initial, event("ADDED", pod("c", 6))), listed("a"), expect=2)
    assert lines == ["replace a,b at 5", "ADDED c"]
    assert requests[1].query == {
        "labelSelector": "app=web",
        "resourceVersion": "5",
        "resourceVersionMatch": "Exact",
    }
    assert "streamed otherwise than it is listed: default/b: streamed at 1, listed not at all" in caplog.text
