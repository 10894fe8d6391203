"""Events, in their two API groups over one storage.

The core form is the stored one; ``events.k8s.io`` names the same fields differently.  After ``pkg/apis/events`` and
``pkg/apis/core/validation/events.go``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.builtin import shape
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, name_of, same, since
from kubewright.apiserver.registry.builtin.field_rules import problems
from kubewright.apiserver.registry.metadata_rules import is_qualified_name
from kubewright.apiserver.registry.strategy import Column, Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, required

_STORED = "io.k8s.api.core.v1.Event"
_CORE_TO_EVENTS = {
    "involvedObject": "regarding",
    "message": "note",
    "count": "deprecatedCount",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "source": "deprecatedSource",
    "reportingComponent": "reportingController",
}
_EVENTS_TO_CORE = {new: old for old, new in _CORE_TO_EVENTS.items()}
_COLUMNS = (
    *(Column(name) for name in ("Last Seen", "Type", "Reason", "Object")),
    *(Column(name, priority=1) for name in ("Subobject", "Source")),
    Column("Message"),
    *(Column(name, priority=1) for name in ("First Seen", "Count")),
    Column("Name", format="name", priority=1),
)
_FIXED = (
    "involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "type", "eventTime",
    "action", "related", "reportingComponent", "reportingInstance",
)  # fmt: skip
"""All but how often it happened."""
_SELECTABLE = ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath")


class CoreEventStrategy(BuiltinStrategy):
    columns = _COLUMNS
    field_labels = frozenset(
        {f"involvedObject.{name}" for name in _SELECTABLE}
        | {"reason", "reportingComponent", "source", "type"}
    )  # fmt: skip
    allow_create_on_update = True

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        """The registry's own look at the metadata is all there is: names may be anything that a path can hold."""
        return _common_rules(obj, "reportingComponent")

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        return _common_rules(obj, "reportingComponent")

    def fields(self, obj: Object) -> Mapping[str, str]:
        return _fields(obj)

    def cells(self, obj: Object) -> list[Any]:
        return _cells(obj)


class EventStrategy(BuiltinStrategy):
    """``events.k8s.io/v1``: stricter on new events than the core API."""

    columns = _COLUMNS
    field_labels = frozenset(
        {f"regarding.{name}" for name in _SELECTABLE}
        | {"reason", "reportingController", "type"}
    )  # fmt: skip
    allow_create_on_update = True

    def to_storage(self, obj: Object) -> Object:
        core = {_EVENTS_TO_CORE.get(key, key): value for key, value in obj.items()}
        return shape.decode(_STORED, core | {"apiVersion": "v1"}, [])

    def from_storage(self, obj: Object) -> Object:
        renamed = {_CORE_TO_EVENTS.get(key, key): value for key, value in obj.items()}
        return self.decode(renamed | {"apiVersion": "events.k8s.io/v1"}, [])

    def rules(self, obj: Object) -> list[Cause]:
        event = self.to_storage(obj)
        causes = _common_rules(event, "reportingController") + _series_rules(event.get("series"))
        if not event.get("eventTime"):
            causes.append(required("eventTime"))
        kind = event.get("type", "")
        if kind not in ("Normal", "Warning"):
            causes.append(invalid("type", "", f"has invalid value: {kind}"))
        given = [name for name in ("firstTimestamp", "lastTimestamp", "count") if event.get(name)]
        given += ["source"] if any((event.get("source") or {}).values()) else []
        return causes + [invalid(name, "", "needs to be unset") for name in given]

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        event, before = self.to_storage(obj), self.to_storage(old)
        causes = _common_rules(event, "reportingController")
        if not same(event.get("series"), before.get("series")):
            causes += _series_rules(event.get("series"))
        for name in _FIXED:
            if not same(event.get(name), before.get(name)):
                path = "reportingController" if name == "reportingComponent" else name
                causes.append(invalid(path, event.get(name), "field is immutable"))
        return causes

    def fields(self, obj: Object) -> Mapping[str, str]:
        return _fields(self.to_storage(obj))

    def cells(self, obj: Object) -> list[Any]:
        return _cells(self.to_storage(obj))


def _fields(event: Object) -> Mapping[str, str]:
    """The selectable fields of both APIs, by either's names: what is stored is shared, so is what is read from it."""
    about, source = event.get("involvedObject") or {}, event.get("source") or {}
    reporter = event.get("reportingComponent", "")
    found = {
        f"{field}.{name}": about.get(name, "") for field in ("involvedObject", "regarding") for name in _SELECTABLE
    }
    found["reason"], found["type"] = event.get("reason", ""), event.get("type", "")
    found["reportingComponent"] = found["reportingController"] = reporter
    found["source"] = source.get("component") or reporter
    return found


def _common_rules(event: Object, reporter: str) -> list[Cause]:
    """Both APIs' rules, on the core form: an event with an ``eventTime`` is a new one and must say who reports what."""
    namespace, about = event["metadata"].get("namespace"), (event.get("involvedObject") or {}).get("namespace", "")
    new = bool(event.get("eventTime"))
    # Events about cluster-scoped objects live in the default namespace, new ones in kube-system too.
    homes = ("default", "kube-system") if new else ("default",)
    causes: list[Cause] = []
    if (about and about != namespace and not new) or (not about and namespace not in homes):
        causes.append(invalid("involvedObject.namespace", about, "does not match event.namespace"))
    if not new:
        return causes
    controller = event.get("reportingComponent", "")
    if not controller:
        causes.append(required(reporter))
    causes += problems(is_qualified_name(controller), controller, reporter)
    for name, limit in (("reportingInstance", 128), ("action", 128), ("reason", 128)):
        value = event.get(name, "")
        if not value:
            causes.append(required(name))
        if len(value) > limit:
            causes.append(invalid(name, "", f"can have at most {limit} characters"))
    if len(event.get("message", "")) > 1024:
        causes.append(invalid("message", "", "can have at most 1024 characters"))
    return causes


def _series_rules(series: Object | None) -> list[Cause]:
    if series is None:
        return []
    causes = [invalid("series.count", "", "should be at least 2")] if series.get("count", 0) < 2 else []
    return causes if series.get("lastObservedTime") else [*causes, required("series.lastObservedTime")]


def _cells(event: Object) -> list[Any]:
    series, about, source = event.get("series") or {}, event.get("involvedObject") or {}, event.get("source") or {}
    first = event.get("firstTimestamp") or event.get("eventTime")
    last = series.get("lastObservedTime") or event.get("lastTimestamp") or first
    kind, name = about.get("kind", "").lower(), about.get("name", "")
    if source.get("component"):
        component, host = source["component"], source.get("host", "")
    else:
        component, host = event.get("reportingComponent", ""), event.get("reportingInstance", "")
    return [
        since(last),
        event.get("type", ""),
        event.get("reason", ""),
        f"{kind}/{name}" if name else kind,
        about.get("fieldPath", ""),
        f"{component}, {host}" if host else component,
        event.get("message", "").strip(),
        since(first),
        series.get("count") or event.get("count") or 1,
        name_of(event),
    ]
