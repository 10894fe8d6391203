"""Dynamic resource allocation, ``resource.k8s.io``: claims on devices, their templates, classes, and what is on offer.

After ``pkg/apis/resource`` (defaults, validation) and ``pkg/registry/resource``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.base import ALL_METADATA, BuiltinStrategy, age, columns, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import one_of, optional_one_of, problems, unique
from kubewright.apiserver.registry.builtin.scheduling_rules import validate_node_selector
from kubewright.apiserver.registry.builtin.storage import validate_driver_name
from kubewright.apiserver.registry.metadata_rules import (
    immutable,
    is_dns_label,
    is_dns_subdomain,
    is_label_value,
    is_qualified_name,
    validate_annotations,
    validate_labels,
)
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.cel import CompileError, Environment, Type
from kubewright.cel.types import BOOL, DYN, STRING, map_of
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import OMIT, duplicate, forbidden, invalid, required, too_long, too_many

Spec = Mapping[str, Any]

_ADMIN_LABEL = "resource.kubernetes.io/admin-access"
_MAX_IN_CLAIM = 32
"""Requests, constraints, configurations, selectors, results."""
_MAX_SUB_REQUESTS = 8
_MAX_CONSUMERS = 256
_MAX_EXPRESSION = 10 * 1024
_MAX_DEVICES = 128
_MAX_DEVICES_WITH_MORE = 64
_MAX_ATTRIBUTES = 32
_VALUES = ("bool", "int", "string", "version")
_DEVICE = Type(
    "object",
    name="kubernetes.DRADevice",
    fields={
        "driver": STRING,
        "allowMultipleAllocations": BOOL,
        "attributes": map_of(STRING, map_of(STRING, DYN)),
        "capacity": map_of(STRING, map_of(STRING, DYN)),
    },
)
_NOT_A_NAME = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"


def _default_requests(devices: Spec | None) -> None:
    for request in (devices or {}).get("requests") or ():
        exactly = request.get("exactly")
        for one in (*([exactly] if exactly else ()), *(request.get("firstAvailable") or ())):
            one.setdefault("allocationMode", "ExactCount")
            if one["allocationMode"] == "ExactCount":
                one.setdefault("count", 1)
            for toleration in one.get("tolerations") or ():
                toleration.setdefault("operator", "Equal")


def _at_most(items: list[Any], limit: int, field: str) -> list[Cause]:
    return [too_many(field, len(items), limit)] if len(items) > limit else []


def _repeated(keys: Iterable[Any], field: str) -> list[Cause]:
    return [duplicate(f"{field}[{index}]", key) for index, key in unique(keys)]


def validate_devices(devices: Spec, path: str) -> list[Cause]:
    """A claim's devices: what is asked for, what holds between the answers, and settings to go along."""
    requests = devices.get("requests") or []
    names = _request_names(requests)
    field = f"{path}.requests"
    causes = _at_most(requests, _MAX_IN_CLAIM, field) + _repeated((one.get("name", "") for one in requests), field)
    for index, request in enumerate(requests):
        causes += _request(request, f"{field}[{index}]")
    constraints, configs = devices.get("constraints") or [], devices.get("config") or []
    causes += _at_most(constraints, _MAX_IN_CLAIM, f"{path}.constraints")
    for index, constraint in enumerate(constraints):
        at = f"{path}.constraints[{index}]"
        causes += _request_references(constraint.get("requests") or [], names, f"{at}.requests")
        given = [name for name in ("matchAttribute", "distinctAttribute") if name in constraint]
        if not given:
            text = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
            causes.append(required(at, text))
        for name in given[:1]:
            causes += _qualified(constraint[name], f"{at}.{name}", full=True)
    causes += _at_most(configs, _MAX_IN_CLAIM, f"{path}.config")
    for index, config in enumerate(configs):
        at = f"{path}.config[{index}]"
        causes += _request_references(config.get("requests") or [], names, f"{at}.requests") + _opaque(config, at)
    return causes


def _request_names(requests: list[Spec]) -> set[str]:
    """What constraints and configurations may refer to: ``request`` and ``request/subrequest``."""
    names = {request.get("name", "") for request in requests}
    pairs = ((request, sub) for request in requests for sub in request.get("firstAvailable") or ())
    return names | {f"{request.get('name', '')}/{sub.get('name', '')}" for request, sub in pairs}


def _request_references(references: list[str], names: set[str], field: str) -> list[Cause]:
    causes = _at_most(references, _MAX_IN_CLAIM, field) + _repeated(references, field)
    for index, reference in enumerate(references):
        causes += _request_reference(reference, names, f"{field}[{index}]")
    return causes


def _request_reference(reference: str, names: set[str], path: str) -> list[Cause]:
    parts = reference.split("/")
    if len(parts) > 2:
        return [invalid(path, reference, _NOT_A_NAME)]
    causes = [cause for part in parts for cause in problems(is_dns_label(part), part, path)]
    return causes if reference in names else [*causes, invalid(path, reference, _NOT_A_NAME)]


def _request(request: Spec, path: str) -> list[Cause]:
    name = request.get("name", "")
    causes = problems(is_dns_label(name), name, f"{path}.name")
    exactly, available = request.get("exactly"), request.get("firstAvailable") or []
    text = "exactly one of `exactly` or `firstAvailable` is required"
    if exactly is None and not available:
        causes.append(required(path, text))
    elif exactly is not None and available:
        causes.append(invalid(path, None, f"{text}, but multiple fields are set"))
    elif exactly is not None:
        causes += _wanted_device(exactly, f"{path}.exactly")
    else:
        field = f"{path}.firstAvailable"
        causes += _at_most(available, _MAX_SUB_REQUESTS, field)
        causes += _repeated((one.get("name", "") for one in available), field)
        for index, sub in enumerate(available):
            name = sub.get("name", "")
            causes += problems(is_dns_label(name), name, f"{field}[{index}].name")
            causes += _wanted_device(sub, f"{field}[{index}]")
    return causes


def _wanted_device(request: Spec, path: str) -> list[Cause]:
    name, mode, count = request.get("deviceClassName", ""), request.get("allocationMode", ""), request.get("count", 0)
    field = f"{path}.deviceClassName"
    causes = problems(is_dns_subdomain(name), name, field) if name else [required(field)]
    causes += _selectors(request.get("selectors") or [], f"{path}.selectors")
    if mode == "All" and count:
        causes.append(invalid(f"{path}.count", count, "must not be specified when allocationMode is 'All'"))
    elif mode == "ExactCount" and count <= 0:
        causes.append(invalid(f"{path}.count", count, "must be greater than zero"))
    causes += optional_one_of(mode, ("All", "ExactCount"), f"{path}.allocationMode")
    for index, toleration in enumerate(request.get("tolerations") or ()):
        causes += _toleration(toleration, f"{path}.tolerations[{index}]")
    return causes


def _toleration(toleration: Spec, path: str) -> list[Cause]:
    key, operator, value = (toleration.get(name, "") for name in ("key", "operator", "value"))
    causes = problems(is_qualified_name(key), key, f"{path}.key") if key else []
    if operator == "Exists":
        if value:
            causes.append(invalid(f"{path}.value", value, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        causes += problems(is_label_value(value), value, f"{path}.value")
        if not key:
            causes.append(required(f"{path}.key", "must be specified for operator `Equal`"))
    else:
        causes += one_of(operator, ("Equal", "Exists"), f"{path}.operator")
    if effect := toleration.get("effect"):
        causes += optional_one_of(effect, ("NoExecute", "None", "NoSchedule"), f"{path}.effect")
    return causes


def _selectors(selectors: list[Spec], field: str) -> list[Cause]:
    causes = _at_most(selectors, _MAX_IN_CLAIM, field)
    for index, selector in enumerate(selectors):
        cel, path = selector.get("cel"), f"{field}[{index}].cel"
        causes += [required(path)] if cel is None else _expression(cel.get("expression", ""), f"{path}.expression")
    return causes


def _expression(source: str, path: str) -> list[Cause]:
    if len(source.encode()) > _MAX_EXPRESSION:
        return [too_long(path, _MAX_EXPRESSION)]
    try:
        program = Environment({"device": _DEVICE}).compile(source)
    except CompileError as error:
        return [invalid(path, source, f"compilation failed: {error}")]
    if program.result_type not in (BOOL, DYN):
        return [invalid(path, source, "must evaluate to bool or the unknown type, not " + str(program.result_type))]
    return []


def _qualified(name: str, path: str, *, full: bool) -> list[Cause]:
    """``domain/name`` of an attribute; the domain may be left out where the driver's own is meant."""
    if not name:
        return [required(path, "name required")]
    domain, slash, identifier = name.rpartition("/")
    causes: list[Cause] = []
    if full and not slash:
        causes.append(invalid(path, name, "must include a domain"))
    if slash:
        causes += problems(is_dns_subdomain(domain), domain, path) if domain else [required(path, "domain required")]
        if len(domain) > 63:
            causes.append(too_long(path, 63))
    if not identifier:
        return [*causes, required(path, "name required")]
    if len(identifier) > 32:
        causes.append(too_long(path, 32))
    if not identifier.isidentifier() or not identifier.isascii():
        text = "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric"
        rest = "characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is"
        causes.append(invalid(path, identifier, f"{text} {rest} '[A-Za-z_][A-Za-z0-9_]*')"))
    return causes


def _opaque(config: Spec, path: str) -> list[Cause]:
    """Settings for a driver, which only that driver understands."""
    opaque, path = config.get("opaque"), f"{path}.opaque"
    if opaque is None:
        return [required(path)]
    causes, parameters = validate_driver_name(opaque.get("driver", ""), f"{path}.driver"), opaque.get("parameters")
    if parameters is None:
        causes.append(required(f"{path}.parameters"))
    elif not isinstance(parameters, dict):
        causes.append(invalid(f"{path}.parameters", "<value omitted>", "must be a valid JSON object"))
    return causes


def _forbid_admin_access(devices: Spec, namespace: str, reader: Reader, path: str) -> list[Cause]:
    """Looking into devices that others use takes a namespace that is labelled for it."""
    asking = [
        index
        for index, one in enumerate(devices.get("requests") or ())
        if (one.get("exactly") or {}).get("adminAccess")
    ]
    if not asking:
        return []
    home = reader.get("", "namespaces", "", namespace) or {"metadata": {}}
    if (home["metadata"].get("labels") or {}).get(_ADMIN_LABEL) == "true":
        return []
    text = f"admin access to devices requires the `{_ADMIN_LABEL}: true` label on the containing namespace"
    return [forbidden(f"{path}.requests[{index}].exactly.adminAccess", text) for index in asking]


class ResourceClaimStrategy(BuiltinStrategy):
    columns = columns("State", "Age")
    status = True
    status_keeps = ALL_METADATA
    update_checks_metadata_twice = True

    def default(self, obj: Object) -> None:
        _default_requests(obj["spec"].get("devices"))

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        devices, namespace = obj["spec"].get("devices") or {}, obj["metadata"].get("namespace", "")
        return _forbid_admin_access(devices, namespace, reader, "spec.devices") + super().validate(obj, reader)

    def rules(self, obj: Object) -> list[Cause]:
        return validate_devices(obj["spec"].get("devices") or {}, "spec.devices")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return [] if same(obj["spec"], old["spec"]) else [invalid("spec", obj["spec"], "field is immutable")]

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        status, before = obj["status"], old.get("status") or {}
        consumers, path = status.get("reservedFor") or [], "status.reservedFor"
        causes = _at_most(consumers, _MAX_CONSUMERS, path) + _repeated((one.get("uid", "") for one in consumers), path)
        for index, one in enumerate(consumers):
            causes += [required(f"{path}[{index}].{name}") for name in ("resource", "name", "uid") if not one.get(name)]
        if consumers and status.get("allocation") is None:
            causes.append(forbidden(path, "may not be specified when `allocated` is not set"))
        elif obj["metadata"].get("deletionTimestamp"):
            had = before.get("reservedFor") or ()
            if any(one not in had for one in consumers):
                text = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
                causes.append(forbidden(path, text))
        allocation, was = status.get("allocation"), before.get("allocation")
        if allocation is not None and was is not None:
            if not same(allocation, was):
                causes.append(invalid("status.allocation", allocation, "field is immutable"))
        elif allocation is not None:
            causes += _allocation(allocation, obj["spec"], "status.allocation")
        return causes

    def cells(self, obj: Object) -> list[Any]:
        status = obj.get("status") or {}
        words = ["deleted"] if obj["metadata"].get("deletionTimestamp") else []
        words.append("allocated" if status.get("allocation") else "pending")
        if status.get("reservedFor"):
            words.append("reserved")
        return [name_of(obj), ",".join(words), age(obj)]


def _allocation(allocation: Spec, spec: Spec, path: str) -> list[Cause]:
    devices, names = allocation.get("devices") or {}, _request_names((spec.get("devices") or {}).get("requests") or [])
    results, configs = devices.get("results") or [], devices.get("config") or []
    causes = _at_most(results, _MAX_IN_CLAIM, f"{path}.devices.results")
    for index, result in enumerate(results):
        at, device = f"{path}.devices.results[{index}]", result.get("device", "")
        causes += _request_reference(result.get("request", ""), names, f"{at}.request")
        causes += validate_driver_name(result.get("driver", ""), f"{at}.driver")
        causes += _pool_name(result.get("pool", ""), f"{at}.pool")
        causes += problems(is_dns_label(device), device, f"{at}.device")
    causes += _at_most(configs, 2 * _MAX_IN_CLAIM, f"{path}.devices.config")
    for index, config in enumerate(configs):
        at = f"{path}.devices.config[{index}]"
        causes += one_of(config.get("source"), ("FromClaim", "FromClass"), f"{at}.source")
        causes += _request_references(config.get("requests") or [], names, f"{at}.requests") + _opaque(config, at)
    selector = allocation.get("nodeSelector")
    return causes + (validate_node_selector(selector, f"{path}.nodeSelector") if selector is not None else [])


class ResourceClaimTemplateStrategy(BuiltinStrategy):
    def default(self, obj: Object) -> None:
        _default_requests((obj["spec"].get("spec") or {}).get("devices"))

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        devices = (obj["spec"].get("spec") or {}).get("devices") or {}
        namespace = obj["metadata"].get("namespace", "")
        return _forbid_admin_access(devices, namespace, reader, "spec.spec.devices") + super().validate(obj, reader)

    def rules(self, obj: Object) -> list[Cause]:
        metadata = obj["spec"].get("metadata") or {}
        causes = validate_annotations(metadata.get("annotations"), "spec.metadata.annotations")
        causes += validate_labels(metadata.get("labels"), "spec.metadata.labels")
        return causes + validate_devices((obj["spec"].get("spec") or {}).get("devices") or {}, "spec.spec.devices")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return [] if same(obj["spec"], old["spec"]) else [invalid("spec", obj["spec"], "field is immutable")]


class DeviceClassStrategy(BuiltinStrategy):
    generation = True
    update_checks_metadata_twice = True

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = _selectors(spec.get("selectors") or [], "spec.selectors")
        configs, extended = spec.get("config") or [], spec.get("extendedResourceName")
        causes += _at_most(configs, _MAX_IN_CLAIM, "spec.config")
        for index, config in enumerate(configs):
            causes += _opaque(config, f"spec.config[{index}]")
        if extended is not None and not _is_extended_resource(extended):
            causes.append(invalid("spec.extendedResourceName", extended, "must be a valid extended resource name"))
        return causes


def _is_extended_resource(name: str) -> bool:
    domain, slash, _ = name.partition("/")
    own = "kubernetes.io/" in name or name.startswith("requests.")
    return bool(slash and domain) and not own and not is_qualified_name(f"requests.{name}")


class ResourceSliceStrategy(BuiltinStrategy):
    columns = columns("Node", "Driver", "Pool", "Age")
    generation = True
    field_labels = frozenset({"spec.nodeName", "spec.driver"})

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = validate_driver_name(spec.get("driver", ""), "spec.driver")
        causes += _pool(spec.get("pool") or {}, "spec.pool") + _whereabouts(spec)
        devices, path = spec.get("devices") or [], "spec.devices"
        if "sharedCounters" in spec and "devices" in spec:
            causes.append(invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
        more = any(device.get("taints") or device.get("consumesCounters") for device in devices)
        causes += _at_most(devices, _MAX_DEVICES_WITH_MORE if more else _MAX_DEVICES, path)
        causes += _repeated((device.get("name", "") for device in devices), path)
        for index, device in enumerate(devices):
            causes += _device(device, f"{path}[{index}]")
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        new, before = obj["spec"], old["spec"]
        pool, was = new.get("pool") or {}, before.get("pool") or {}
        causes = self.rules(obj) + immutable(pool.get("name"), was.get("name"), "spec.pool.name")
        for name in ("driver", "nodeName"):
            causes += immutable(new.get(name), before.get(name), f"spec.{name}")
        return causes

    def fields(self, obj: Object) -> dict[str, str]:
        return {"spec.nodeName": obj["spec"].get("nodeName", ""), "spec.driver": obj["spec"].get("driver", "")}

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        node = spec.get("nodeName") or "<unset>"
        return [name_of(obj), node, spec.get("driver", ""), (spec.get("pool") or {}).get("name", ""), age(obj)]


def _pool_name(name: str, path: str) -> list[Cause]:
    if not name:
        return [required(path)]
    causes = [too_long(path, 253)] if len(name) > 253 else []
    return causes + [cause for part in name.split("/") for cause in problems(is_dns_subdomain(part), part, path)]


def _pool(pool: Spec, path: str) -> list[Cause]:
    causes = _pool_name(pool.get("name", ""), f"{path}.name")
    count, generation = pool.get("resourceSliceCount", 0), pool.get("generation", 0)
    if count <= 0:
        causes.append(invalid(f"{path}.resourceSliceCount", count, "must be greater than zero"))
    if generation < 0:
        causes.append(invalid(f"{path}.generation", generation, "must be greater than or equal to zero"))
    return causes


def _whereabouts(spec: Spec) -> list[Cause]:
    """On which nodes the devices are: said in exactly one of four ways."""
    given: list[str] = []
    causes: list[Cause] = []
    node, selector = spec.get("nodeName"), spec.get("nodeSelector")
    if node:
        given.append("`nodeName`")
        causes += problems(is_dns_subdomain(node), node, "spec.nodeName")
    elif node is not None:
        causes.append(invalid("spec.nodeName", node, "must be either unset or set to a non-empty string"))
    if selector is not None:
        given.append("`nodeSelector`")
        terms = selector.get("nodeSelectorTerms") or []
        causes += validate_node_selector(selector, "spec.nodeSelector")
        if len(terms) != 1:
            path = "spec.nodeSelector.nodeSelectorTerms"
            causes.append(invalid(path, terms, "must have exactly one node selector term"))
    for name in ("allNodes", "perDeviceNodeSelection"):
        if spec.get(name):
            given.append(f"`{name}`")
        elif spec.get(name) is not None:
            causes.append(invalid(f"spec.{name}", False, "must be either unset or set to true"))
    text = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
    if not given:
        causes.append(required("spec", text))
    elif len(given) > 1:
        shown = "{" + ", ".join(given) + "}"
        causes.append(invalid("spec", shown, f"{text}, but multiple fields are set"))
    return causes


def _device(device: Spec, path: str) -> list[Cause]:
    name = device.get("name", "")
    causes = problems(is_dns_label(name), name, f"{path}.name")
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    if len(attributes) + len(capacity) > _MAX_ATTRIBUTES:
        text = f"the total number of attributes and capacities must not exceed {_MAX_ATTRIBUTES}"
        causes.append(invalid(path, len(attributes) + len(capacity), text))
    for key, value in sorted(attributes.items()):
        causes += _qualified(key, f"{path}.attributes", full=False)
        causes += _attribute(value, f"{path}.attributes[{key}]")
    for key in sorted(capacity):
        causes += _qualified(key, f"{path}.capacity", full=False)
    for index, taint in enumerate(device.get("taints") or ()):
        causes += _taint(taint, f"{path}.taints[{index}]")
    return causes


def _attribute(value: Spec, path: str) -> list[Cause]:
    given = [name for name in _VALUES if name in value]
    if not given:
        return [required(path, "exactly one value must be specified")]
    if len(given) > 1:
        return [invalid(path, OMIT, "exactly one value must be specified")]
    text = value[given[0]]
    return [too_long(f"{path}.{given[0]}", 64)] if isinstance(text, str) and len(text) > 64 else []


def _taint(taint: Spec, path: str) -> list[Cause]:
    key, value = taint.get("key", ""), taint.get("value", "")
    causes = problems(is_qualified_name(key), key, f"{path}.key") + problems(
        is_label_value(value), value, f"{path}.value"
    )
    return causes + one_of(taint.get("effect"), ("NoExecute", "None", "NoSchedule"), f"{path}.effect")
