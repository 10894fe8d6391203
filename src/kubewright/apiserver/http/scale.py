"""The ``scale`` subresource: an ``autoscaling/v1`` Scale stands for an object, and changing it changes a replica count.

Reads make the Scale of the live object.  Writes put, patch or apply to that Scale, carry its replica count (and who
owns it) back to the object, and go the way of any other update from there.  After ``pkg/registry/apps/deployment``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, NamedTuple

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.apply import FieldManager, scale
from kubewright.apiserver.apply.fieldset import Path as FieldPath
from kubewright.apiserver.http import patches, unstored
from kubewright.apiserver.http.messages import Response
from kubewright.apiserver.http.resources import Call
from kubewright.apiserver.registry.body import Repeated
from kubewright.apiserver.registry.builtin.definitions import definitions
from kubewright.apiserver.registry.builtin.shape import decode
from kubewright.apiserver.registry.deletion import timestamp
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects import field_errors
from kubewright.objects.errors import Invalid
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.selectors import LabelSelector

_KIND: Final = GroupVersionKind("autoscaling", "v1", "Scale")
_DEFINITION: Final = "io.k8s.api.autoscaling.v1.Scale"

Path = Sequence[str]


class Places(NamedTuple):
    """Where an object keeps what its Scale shows; paths are member names from the root."""

    replicas: Path
    current: Path
    selector: Path


_BUILT_IN: Final = Places(("spec", "replicas"), ("status", "replicas"), ("spec", "selector"))


def places_of(resource: Resource) -> Places:
    """The places of a resource that has a scale subresource."""
    if not resource.custom:
        return _BUILT_IN
    from kubewright.apiserver.registry.custom import CustomStrategy  # here: needed once there is a CRD

    strategy = resource.strategy
    if isinstance(strategy, CustomStrategy) and strategy.scale is not None:
        paths = strategy.scale
        return Places(
            *(tuple(filter(None, p.split("."))) for p in (paths.spec_replicas, paths.status_replicas, paths.selector))
        )
    return _BUILT_IN


async def get(call: Call) -> Response:
    """The Scale of an object."""
    representation = call.representation()
    obj = await call.store.get(call.info.namespace, call.info.name)
    return call.respond(representation.made(_scale(obj, places_of(call.store.resource))), representation)


async def update(call: Call) -> Response:
    """Replace the Scale of an object."""
    write = call.write("UpdateOptions")
    wanted = await unstored.read(call, _KIND, write)
    return await _write(call, write, lambda current: _recorded(current, wanted, write))


async def patch(call: Call) -> Response:
    """Patch, or apply to, the Scale of an object."""
    body = await call.request.body()
    if call.request.media_type == patches.APPLY:
        write = call.write("PatchOptions", apply=True)
        config, repeated = patches.applied_configuration(body)
        return await _write(call, write, lambda current: _applied(current, config, repeated, write))
    codec = unstored.codec_of(_KIND)
    wanted = patches.Patch(call.request.media_type, body, call.store.resource, codec.resource.node)
    write = call.write("PatchOptions")

    def patched(current: Object) -> Object:
        obj = codec.coerce_patched(wanted.apply(codec.coerce(current)), write, wanted.strict)
        return _recorded(current, obj, write)

    return await _write(call, write, patched)


HANDLERS: Final = {"get": get, "update": update, "patch": patch}


async def _write(call: Call, write: Write, change: Callable[[Object], Object]) -> Response:
    info, store = call.info, call.store
    resource = store.resource
    places = places_of(resource)
    asked: Attributes

    async def changed(live: Object) -> Object:
        nonlocal asked
        current = _scale(live, places)
        owners = live["metadata"].get("managedFields") or []
        versions = _replica_paths(call, places)
        if owners:
            current["metadata"]["managedFields"] = scale.to_scale(owners, versions)
        wanted = change(current)
        store.named(wanted, info.namespace, info.name)
        asked = unstored.attributes(call, "UPDATE", _KIND, info.name, wanted, current, write)
        wanted = await unstored.admit(call, asked)
        replicas = (wanted.get("spec") or {}).get("replicas") or 0
        _require_valid(replicas, resource, info.name)
        _put(live, places.replicas, replicas)
        metadata = live["metadata"]
        metadata["resourceVersion"] = wanted["metadata"].get("resourceVersion") or metadata["resourceVersion"]
        if owners:
            now_owned = wanted["metadata"].get("managedFields") or []
            metadata["managedFields"] = scale.to_parent(owners, now_owned, versions, resource.gvk.api_version)
        return live

    async def agreed(obj: Object, old: Object) -> None:
        asked.obj, asked.old = _scale(obj, places), _scale(old, places)
        await store.cluster.admission.validate(asked)

    updated, _ = await store.update(
        info.namespace, info.name, changed, write, subresource="scale", owned=True, guard=agreed
    )
    return call.respond_object(_scale(updated, places), call.representation())


def _replica_paths(call: Call, places: Places) -> Mapping[str, FieldPath]:
    """Where each version of the resource keeps its replica count."""
    resource = call.store.resource
    paths = {resource.gvk.api_version: scale.path_of(".".join(places.replicas))}
    for other in call.store.cluster.custom.values():
        if other.group_resource == resource.group_resource:
            paths[other.gvk.api_version] = scale.path_of(".".join(places_of(other).replicas))
    return paths


def _scale(obj: Object, places: Places) -> Object:
    metadata = obj["metadata"]
    shown = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = _find(obj, places.replicas)
    status: Object = {"replicas": _find(obj, places.current) or 0}
    if selector := _selector(_find(obj, places.selector) if places.selector else None):
        status["selector"] = selector
    return {
        "kind": _KIND.kind,
        "apiVersion": _KIND.api_version,
        "metadata": {name: metadata[name] for name in shown if name in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _selector(value: Any) -> str:
    """A selector as text: label selectors and plain maps alike; text as it is."""
    if isinstance(value, str) or not value:
        return value or ""
    given = value if "matchLabels" in value or "matchExpressions" in value else {"matchLabels": value}
    return str(LabelSelector.from_object(given))


def _find(obj: Any, path: Path) -> Any:
    for name in path:
        if not isinstance(obj, dict):
            return None
        obj = obj.get(name)
    return obj


def _put(obj: Object, path: Path, value: Any) -> None:
    *above, last = path
    for name in above:
        obj = obj.setdefault(name, {})
    obj[last] = value


def _require_valid(replicas: int, resource: Resource, name: str) -> None:
    """:raises Invalid: the count is negative."""
    if replicas >= 0:
        return
    if resource.custom:
        path = f".{'.'.join(places_of(resource).replicas)}"
        cause = field_errors.invalid(path, replicas, "should be a non-negative integer")
        raise Invalid.of(resource.gvk.group_kind, name, [cause])
    text = "must be greater than or equal to 0"
    raise Invalid.of(_KIND.group_kind, name, [field_errors.invalid("spec.replicas", replicas, text)])


@cache
def _field_manager() -> FieldManager:
    node = definitions()[_DEFINITION]
    return FieldManager(node, _KIND, subresource="scale", reset={"f:status": {}}, empty=decode(_DEFINITION, {}, []))


def _recorded(current: Object, wanted: Object, write: Write) -> Object:
    """The wanted Scale, which says who owns its fields."""
    now = timestamp(datetime.now(UTC))
    _field_manager().record_update(current, wanted, manager=write.field_manager, now=now)
    return wanted


def _applied(current: Object, config: Object, repeated: Repeated | None, write: Write) -> Object:
    now = timestamp(datetime.now(UTC))
    fields = _field_manager()
    applied = fields.apply(current, config, manager=write.field_manager, force=bool(write.force), now=now)
    patches.report_repeated(repeated, write)
    return applied
