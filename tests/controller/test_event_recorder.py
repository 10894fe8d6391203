from __future__ import annotations

import asyncio

import pytest
from tests.serving import api_server

from kubewright.client import Client
from kubewright.controller import EventRecorder
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap, Namespace
from kubewright.objects.events_v1 import Event
from kubewright.testing.faults import FaultyTransport, refuse

SUBJECT = ConfigMap(metadata=ObjectMeta(name="a", namespace="default", uid="u", resource_version="7"))


async def written(recorder: EventRecorder) -> None:
    """Let the recorder write what it has, and end."""
    stop = asyncio.Event()
    stop.set()
    await recorder.run(stop, lambda: None)


async def test_an_event_tells_who_did_what_to_which_object() -> None:
    async with api_server() as server:
        recorder = EventRecorder(server.client(), "website-operator")
        tags = {"example.com/ticket": "4711"}
        recorder.record(SUBJECT, "Created", "made a deployment", action="Create", related=SUBJECT, annotations=tags)
        await written(recorder)
        (event,) = await server.client().list(Event, namespace="default")
        assert (event.type, event.reason, event.action, event.note) == (
            "Normal",
            "Created",
            "Create",
            "made a deployment",
        )
        assert event.regarding is not None and (event.regarding.kind, event.regarding.name) == ("ConfigMap", "a")
        assert event.reporting_controller == "website-operator"
        assert event.metadata.name.startswith("a.")
        assert event.metadata.annotations == tags


async def test_repeats_become_a_series() -> None:
    async with api_server() as server:
        recorder = EventRecorder(server.client(), "op")
        for _ in range(3):
            recorder.record(SUBJECT, "Failed", "no luck", type="Warning")
        await written(recorder)
        (event,) = await server.client().list(Event, namespace="default")
        assert event.series is not None and event.series.count >= 2


async def test_other_words_make_another_event_where_that_is_asked_for() -> None:
    async with api_server() as server:
        recorder = EventRecorder(server.client(), "op", by_note=True)
        for size in (1, 2, 1):
            recorder.record(SUBJECT, "Scaled", f"to {size}")
        await written(recorder)
        events = await server.client().list(Event, namespace="default")
        assert {one.note: one.series.count if one.series else 1 for one in events} == {"to 1": 2, "to 2": 1}


async def test_events_about_cluster_scoped_objects_stand_in_the_default_namespace() -> None:
    async with api_server() as server:
        recorder = EventRecorder(server.client(), "op")
        recorder.record(Namespace(metadata=ObjectMeta(name="shop")), "Seen", "hello")
        await written(recorder)
        assert len(await server.client().list(Event, namespace="default")) == 1


async def test_a_long_note_is_cut() -> None:
    async with api_server() as server:
        recorder = EventRecorder(server.client(), "op")
        recorder.record(SUBJECT, "Long", "ä" * 2000)
        await written(recorder)
        (event,) = await server.client().list(Event, namespace="default")
        assert event.note == "ä" * 512


async def test_what_the_server_refuses_is_lost_without_stopping_the_rest() -> None:
    async with api_server() as server:
        recorder = EventRecorder(server.client(), "op")
        elsewhere = ConfigMap(metadata=ObjectMeta(name="a", namespace="no-such-namespace"))
        recorder.record(elsewhere, "Lost", "refused")
        recorder.record(SUBJECT, "Kept", "written")
        await written(recorder)
        assert [event.reason for event in await server.client().list(Event)] == ["Kept"]


async def test_recording_never_waits_and_drops_what_is_too_much() -> None:
    async with api_server() as server:
        recorder = EventRecorder(server.client(), "op")
        for number in range(1100):
            subject = ConfigMap(metadata=ObjectMeta(name=f"a{number}", namespace="default"))
            recorder.record(subject, "Flood", "again")
        assert recorder.dropped == 100


async def test_an_event_that_somebody_has_deleted_is_made_again() -> None:
    async with api_server() as server:
        recorder = EventRecorder(server.client(), "op")
        recorder.record(SUBJECT, "Failed", "no luck")
        await written(recorder)
        await server.client().delete_collection(Event, "default")
        for _ in range(2):  # the second occurrence finds that it is gone
            recorder.record(SUBJECT, "Failed", "no luck")
            await written(recorder)
        (event,) = await server.client().list(Event, namespace="default")
        assert event.series is None


async def test_an_event_is_written_again_while_the_server_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kubewright.controller.event_recorder._RETRY_PAUSE", 0.0)
    async with api_server() as server:
        lost = FaultyTransport(server.client().rest.transport, [refuse("/events", times=2)])
        recorder = EventRecorder(Client(lost), "op")
        recorder.record(SUBJECT, "Kept", "written in the end")
        await written(recorder)
        assert [event.reason for event in await server.client().list(Event)] == ["Kept"]
