"""Typed objects of events v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from kubewright.objects.base import Struct
from kubewright.objects.core_v1 import EventSource, ObjectReference
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import MicroTime, Time


class EventSeries(Struct):
    count: int = 0
    last_observed_time: MicroTime | None = None


class Event(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("events.k8s.io", "v1", "Event")
    plural: ClassVar[str] = "events"

    action: str | None = None
    deprecated_count: int | None = None
    deprecated_first_timestamp: Time | None = None
    deprecated_last_timestamp: Time | None = None
    deprecated_source: EventSource | None = None
    event_time: MicroTime | None = None
    note: str | None = None
    reason: str | None = None
    regarding: ObjectReference | None = None
    related: ObjectReference | None = None
    reporting_controller: str | None = None
    reporting_instance: str | None = None
    series: EventSeries | None = None
    type: str | None = None
