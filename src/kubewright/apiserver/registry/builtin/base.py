"""What the strategies of all built-in kinds have in common: decoding, metadata rules, and words for Tables.

Kinds override `rules`, `update_rules` and `status_rules` rather than the ``validate`` methods, so that the metadata
checks run in the order and as often as kube-apiserver runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from kubewright.apiserver.registry.builtin import shape
from kubewright.apiserver.registry.builtin.addresses import is_strictness
from kubewright.apiserver.registry.identity import copy_field
from kubewright.apiserver.registry.metadata_rules import (
    dns_subdomain,
    validate_builtin_finalizers,
    validate_metadata,
    validate_metadata_update,
)
from kubewright.apiserver.registry.strategy import Column, Object, Reader, Strategy
from kubewright.objects.errors import Cause
from kubewright.objects.selectors import LabelSelector, SelectorError

NAME = Column("Name", "string", "name")
AGE = Column("Age")
ALL_METADATA = ("labels", "annotations", "finalizers", "ownerReferences")
"""What status writes of younger kinds keep (``ResetObjectMetaForStatus``)."""


def columns(*names: str, wide: Iterable[str] = ()) -> tuple[Column, ...]:
    """Name first, then these, as ``NAME`` or ``NAME:type``; ``wide`` ones are shown by ``kubectl get -o wide`` only."""
    return (NAME, *(_column(text, 0) for text in names), *(_column(text, 1) for text in wide))


def _column(text: str, priority: int) -> Column:
    name, _, kind = text.partition(":")
    return Column(name, kind or "string", priority=priority)


def class_name(obj: Object, *annotations: str) -> str:
    """The name of a class in a Table: a mark tells that it is the default one, as any of these annotations says."""
    given = obj["metadata"].get("annotations") or {}
    default = any(given.get(annotation) == "true" for annotation in annotations)
    return f"{obj['metadata'].get('name', '')}{' (default)' if default else ''}"


class BuiltinStrategy(Strategy):
    """A strategy whose type is known by the name of its definition."""

    columns: ClassVar[Sequence[Column]] = (NAME, AGE)

    any_finalizers: ClassVar[bool] = False
    """Whether finalizers need neither be qualified nor Kubernetes' own: kinds with ``apimachinery``'s rules alone."""
    update_checks_metadata_twice: ClassVar[bool] = False
    """Whether the kind's update rules call its create rules, metadata and all, as some do in Kubernetes."""

    status_keeps: ClassVar[tuple[str, ...]] = ()
    """The fields of the metadata that a status write leaves as they were."""

    def __init__(self, definition: str, *, namespaced: bool = True) -> None:
        self.definition = definition
        self.namespaced = namespaced

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        """What is wrong with a name, or with a prefix of generated names."""
        return dns_subdomain(name, prefix)

    def decode(self, obj: Object, unknown: list[str]) -> Object:
        return shape.decode(self.definition, obj, unknown)

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        if self.status:
            self.empty_status(obj)

    def empty_status(self, obj: Object) -> None:
        """The zero status with its defaults: what a new object starts with."""
        obj.pop("status", None)
        empty = shape.decode(self.definition, {}, [])
        if "status" in empty:
            obj["status"] = empty["status"]
        self.default(obj)

    def prepare_for_status_update(self, obj: Object, old: Object, reader: Reader) -> None:
        for key in obj.keys() | old.keys():
            if key not in ("status", "metadata", "apiVersion", "kind"):
                copy_field(obj, old, key)
        for key in self.status_keeps:
            copy_field(obj["metadata"], old["metadata"], key)

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        return self.metadata_rules(obj) + self.rules(obj)

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        causes = self._metadata_update_rules(obj, old)
        if self.update_checks_metadata_twice:
            causes += self.metadata_rules(obj)
        return causes + self._spared(self.update_rules(obj, old), old)

    def _spared(self, causes: list[Cause], old: Object) -> list[Cause]:
        """Addresses that were taken before Kubernetes became strict may stay."""
        if not any(map(is_strictness, causes)):
            return causes
        known = {cause.message for cause in self.rules(old)}
        return [cause for cause in causes if not (is_strictness(cause) and cause.message in known)]

    def validate_status_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        return self._metadata_update_rules(obj, old) + self.status_rules(obj, old)

    def _metadata_update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return validate_metadata_update(obj["metadata"], old["metadata"]) + self._finalizer_rules(obj)

    def metadata_rules(self, obj: Object) -> list[Cause]:
        metadata = obj["metadata"]
        causes = validate_metadata(metadata, namespaced=self.namespaced, name_rule=self.name_rule)
        return causes + self._finalizer_rules(obj)

    def _finalizer_rules(self, obj: Object) -> list[Cause]:
        if self.any_finalizers:
            return []
        return validate_builtin_finalizers(obj["metadata"].get("finalizers"), "metadata.finalizers")

    def rules(self, obj: Object) -> list[Cause]:
        """What must hold for every object of the kind, beside its metadata."""
        return []

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        """What must hold for a change; ``rules`` included."""
        return self.rules(obj)

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        return []

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), age(obj)]


def fill(target: Object, key: str, value: Any) -> None:
    """Default a field that Go always prints, and that is therefore there with its zero value when it was not given."""
    if target.get(key) in (None, "", 0):
        target[key] = value


def fill_plural(target: Object, single: str, plural: str, wrap: Callable[[str], Any] = str) -> None:
    """Make a field and the list that took its place agree; the old field decides, as older clients know it alone."""
    one, many = target.get(single), target.get(plural)
    if one and (not many or many[0] != wrap(one)):
        target[plural] = [wrap(one)]
    elif many and not one:
        target[single] = many[0] if isinstance(many[0], str) else many[0].get("ip", "")


def name_of(obj: Object) -> str:
    name: str = obj["metadata"].get("name", "")
    return name


def age(obj: Object) -> str:
    return since(obj["metadata"].get("creationTimestamp"))


def since(timestamp: str | None) -> str:
    """How long ago, as kubectl says it: ``5d20h``."""
    if not timestamp:
        return "<unknown>"
    return human_duration((datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds())


def human_duration(seconds: float) -> str:
    """``k8s.io/apimachinery/pkg/util/duration.HumanDuration``: two units at most, coarser with length."""
    total = int(seconds)
    if total < -1:
        return "<invalid>"
    if total < 0:
        return "0s"
    if total < 120:
        return f"{total}s"
    minutes, hours = total // 60, total // 3600
    days = hours // 24
    if minutes < 10:
        return _two(minutes, "m", total % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _two(days, "d", hours % 24, "h")
    if hours < 24 * 365 * 2:
        return f"{days}d"
    if hours < 24 * 365 * 8:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(first: int, unit: str, second: int, smaller: str) -> str:
    return f"{first}{unit}{second}{smaller}" if second else f"{first}{unit}"


def label_text(labels: Mapping[str, str] | None) -> str:
    """A set of labels in one cell: ``a=b,c=d`` or ``<none>``."""
    return ",".join(f"{key}={value}" for key, value in sorted((labels or {}).items())) or "<none>"


def selector_text(selector: Mapping[str, Any] | None) -> str:
    """A LabelSelector object in one cell."""
    try:
        return str(LabelSelector.from_object(selector)) or "<none>"
    except SelectorError:
        return "<error>"


def container_texts(spec: Mapping[str, Any]) -> tuple[str, str]:
    """Names and images of a pod's containers, each joined by commas."""
    containers = spec.get("containers") or ()
    names = ",".join(container.get("name", "") for container in containers)
    return names, ",".join(container.get("image", "") for container in containers)


def same(first: Any, second: Any) -> bool:
    """Go's semantic equality: absent, null and empty lists and maps are alike."""
    return bool(_without_empty(first) == _without_empty(second))


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        inner = {key: _without_empty(item) for key, item in value.items()}
        return {key: item for key, item in inner.items() if item not in (None, [], {})}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value
