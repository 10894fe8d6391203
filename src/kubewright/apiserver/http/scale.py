"""The ``scale`` subresource: an ``autoscaling/v1`` Scale stands for an object, and changing it changes a replica count.

Reads make the Scale of the live object.  Writes put, patch or apply to that Scale, carry its replica count (and who
owns it) back to the object, and go the way of any other update from there.  After ``pkg/registry/apps/deployment``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, Final, NamedTuple

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import internal_error
from kubewright.apiserver.apply import FieldManager, scale
from kubewright.apiserver.apply.fieldset import Path as FieldPath
from kubewright.apiserver.http import patches, unstored
from kubewright.apiserver.http.messages import Response
from kubewright.apiserver.http.resources import Call
from kubewright.apiserver.registry import nested
from kubewright.apiserver.registry.body import Repeated
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, name_of
from kubewright.apiserver.registry.builtin.definitions import definitions
from kubewright.apiserver.registry.builtin.shape import decode
from kubewright.apiserver.registry.deletion import current_timestamp
from kubewright.apiserver.registry.identity import named
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects import field_errors
from kubewright.objects.errors import APIError, BadRequest, Invalid
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.selectors import LabelSelector

_KIND: Final = GroupVersionKind("autoscaling", "v1", "Scale")
_DEFINITION: Final = "io.k8s.api.autoscaling.v1.Scale"

_UNSET: Final = -(1 << 31)
"""The count of a Scale to be written whose object has none, as in Kubernetes: whoever leaves it there has set none."""


class _ScaleStrategy(BuiltinStrategy):
    columns = columns("Desired:integer", "Available:integer", "Age")

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj["spec"].get("replicas", 0), obj["status"]["replicas"], age(obj)]


_STRATEGY: Final = _ScaleStrategy(_DEFINITION)


class Places(NamedTuple):
    """Where an object keeps what its Scale shows: dotted paths, an empty one for what it does not keep."""

    replicas: str
    current: str
    selector: str


_BUILT_IN: Final = Places(".spec.replicas", ".status.replicas", ".spec.selector")


def places_of(resource: Resource) -> Places:
    """The places of a resource that has a scale subresource."""
    if not resource.custom:
        return _BUILT_IN
    from kubewright.apiserver.registry.custom import CustomStrategy  # here: needed once there is a CRD

    strategy = resource.strategy
    if isinstance(strategy, CustomStrategy) and strategy.scale is not None:
        paths = strategy.scale
        return Places(paths.spec_replicas, paths.status_replicas, paths.selector)
    return _BUILT_IN


async def get(call: Call) -> Response:
    """The Scale of an object."""
    representation = call.representation(strategy=_STRATEGY)
    obj = await call.store.get(call.info.namespace, call.info.name)
    places = places_of(call.store.resource)
    shown = _scale(obj, places)
    if call.store.resource.custom and nested.integer(obj, places.replicas) is None:
        raise internal_error(f"the spec replicas field {field_errors.show(places.replicas)} does not exist")
    return call.respond(representation.made(shown), representation)


async def update(call: Call) -> Response:
    """Replace the Scale of an object."""
    write = call.write("UpdateOptions")
    wanted = await unstored.read(call, _KIND, write)

    return await _write(
        call, write, lambda current: _recorded(current, wanted, write), uid=wanted["metadata"].get("uid", "")
    )


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


async def _write(call: Call, write: Write, change: Callable[[Object], Object], *, uid: str = "") -> Response:
    info, store = call.info, call.store
    resource = store.resource
    places = places_of(resource)
    asked: Attributes

    async def changed(live: Object) -> Object:
        nonlocal asked
        current = _scale(live, places)
        if resource.custom and nested.integer(live, places.replicas) is None:
            current["spec"]["replicas"] = _UNSET
        owners = live["metadata"].get("managedFields") or []
        versions = _replica_paths(call, places)
        if owners:
            current["metadata"]["managedFields"] = scale.to_scale(owners, versions)
        wanted = change(current)
        named(wanted, info.namespace, info.name)
        asked = unstored.attributes(call, "UPDATE", _KIND, info.name, wanted, current, write)
        wanted = await unstored.admit(call, asked)
        replicas = (wanted.get("spec") or {}).get("replicas") or 0
        if replicas == _UNSET and resource.custom:
            raise BadRequest(f"the spec replicas field {field_errors.show(places.replicas)} cannot be empty")
        if not resource.custom:  # A custom resource's own rules are about the place of its count.
            _require_valid(replicas, info.name)
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
        info.namespace, info.name, changed, write, uid=uid, subresource="scale", owned=True, guard=agreed
    )
    return call.respond_object(_scale(updated, places), call.representation(strategy=_STRATEGY))


def _replica_paths(call: Call, places: Places) -> Mapping[str, FieldPath]:
    """Where each version of the resource keeps its replica count."""
    resource = call.store.resource
    paths = {resource.gvk.api_version: scale.path_of(places.replicas)}
    for other in call.store.cluster.custom.values():
        if other.group_resource == resource.group_resource:
            paths[other.gvk.api_version] = scale.path_of(places_of(other).replicas)
    return paths


def _scale(obj: Object, places: Places) -> Object:
    """:raises APIError: a value at one of the places is none that a Scale can show."""
    metadata = obj["metadata"]
    shown = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    try:
        replicas = nested.integer(obj, places.replicas)
        status: Object = {"replicas": nested.integer(obj, places.current) or 0}
        selector = _selector(obj) if places is _BUILT_IN else places.selector and nested.string(obj, places.selector)
    except nested.AccessorError as error:
        raise APIError(str(error)) from None
    if selector:
        status["selector"] = selector
    return {
        "kind": _KIND.kind,
        "apiVersion": _KIND.api_version,
        "metadata": {name: metadata[name] for name in shown if name in metadata},
        "spec": {"replicas": replicas} if replicas else {},
        "status": status,
    }


def _selector(obj: Object) -> str:
    """The selector of a built-in object as text: a label selector, or the plain map of a ReplicationController."""
    value = obj["spec"].get("selector")
    if not value:
        return ""
    given = value if "matchLabels" in value or "matchExpressions" in value else {"matchLabels": value}
    return str(LabelSelector.from_object(given))


def _put(obj: Object, path: str, value: int) -> None:
    """:raises APIError: null is in the way."""
    *above, last = path.removeprefix(".").split(".")
    for depth, name in enumerate(above, 1):
        obj = obj.setdefault(name, {})
        if not isinstance(obj, dict):
            raise APIError(f"value cannot be set because .{'.'.join(above[:depth])} is not a map[string]interface{{}}")
    obj[last] = value


def _require_valid(replicas: int, name: str) -> None:
    """:raises Invalid: the count is negative."""
    if replicas < 0:
        text = "must be greater than or equal to 0"
        raise Invalid.of(_KIND.group_kind, name, [field_errors.invalid("spec.replicas", replicas, text)])


@cache
def _field_manager() -> FieldManager:
    node = definitions()[_DEFINITION]
    return FieldManager(node, _KIND, subresource="scale", reset={"f:status": {}}, empty=decode(_DEFINITION, {}, []))


def _recorded(current: Object, wanted: Object, write: Write) -> Object:
    """The wanted Scale, which says who owns its fields."""
    now = current_timestamp()
    _field_manager().record_update(current, wanted, manager=write.field_manager, now=now)
    return wanted


def _applied(current: Object, config: Object, repeated: Repeated | None, write: Write) -> Object:
    now = current_timestamp()
    fields = _field_manager()
    applied = fields.apply(current, config, manager=write.field_manager, force=bool(write.force), now=now)
    patches.report_repeated(repeated, write)
    return deepcopy(applied)  # Parts of it are the current Scale's, and the configuration's, which may be needed again.
