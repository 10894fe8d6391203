"""The kinds of ``storage.k8s.io``: classes of storage, drivers, and what they say of nodes and volumes.

After ``pkg/apis/storage`` (defaults, validation) and ``pkg/registry/storage``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.base import (
    AGE,
    ALL_METADATA,
    NAME,
    BuiltinStrategy,
    age,
    class_name,
    columns,
    name_of,
    same,
)
from kubewright.apiserver.registry.builtin.field_rules import (
    label_selector,
    non_negative,
    non_negative_quantity,
    one_of,
    optional_one_of,
    problems,
    unique,
)
from kubewright.apiserver.registry.builtin.node_label_warnings import deprecated_label, node_selector_warnings
from kubewright.apiserver.registry.metadata_rules import immutable, is_dns_subdomain, is_qualified_name
from kubewright.apiserver.registry.strategy import Column, Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, required, too_long

Spec = dict[str, Any]

DEFAULT_CLASS = (
    "storageclass.kubernetes.io/is-default-class",
    "storageclass.beta.kubernetes.io/is-default-class",
)
"""The annotations, either of which makes a class the one of claims that name none."""
_SCALED_LIMITS = "preventPodSchedulingIfMissing"
"""A field of CSIDrivers that belongs to a feature that is off (VolumeLimitScaling)."""
_MAX_PARAMETERS = 512
_MAX_PARAMETERS_SIZE = 256 * 1024
_MAX_ATTACHMENT_METADATA = 256 * 1024
_MAX_ERROR_SIZE = 1024
_MAX_NODE_ID = 256
_MAX_DRIVER_NAME = 63


def validate_driver_name(name: str, field: str) -> list[Cause]:
    """``ValidateCSIDriverName``."""
    causes = [] if name else [required(field)]
    if len(name) > _MAX_DRIVER_NAME:
        causes.append(too_long(field, _MAX_DRIVER_NAME))
    return causes + problems(is_dns_subdomain(name.lower()), name, field)


def _provisioner(name: str, field: str) -> list[Cause]:
    return problems(is_qualified_name(name.lower()), name.lower(), field) if name else [required(field)]


def _parameters(parameters: Mapping[str, str], field: str) -> list[Cause]:
    if len(parameters) > _MAX_PARAMETERS:
        return [too_long(field, _MAX_PARAMETERS)]
    causes = [invalid(field, key, "field can not be empty.") for key in parameters if not key]
    if sum(len(key.encode()) + len(value.encode()) for key, value in parameters.items()) > _MAX_PARAMETERS_SIZE:
        causes.append(too_long(field, _MAX_PARAMETERS_SIZE))
    return causes


class StorageClassStrategy(BuiltinStrategy):
    columns = columns("Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age")
    return_deleted = True

    def default(self, obj: Object) -> None:
        obj.setdefault("reclaimPolicy", "Delete")
        obj.setdefault("volumeBindingMode", "Immediate")

    def rules(self, obj: Object) -> list[Cause]:
        causes = _provisioner(obj.get("provisioner", ""), "provisioner")
        causes += _parameters(obj.get("parameters") or {}, "parameters")
        causes += optional_one_of(obj.get("reclaimPolicy"), ("Delete", "Retain"), "reclaimPolicy")
        modes = ("Immediate", "WaitForFirstConsumer")
        causes += one_of(obj.get("volumeBindingMode"), modes, "volumeBindingMode")
        return causes + _topologies(obj.get("allowedTopologies") or [], "allowedTopologies")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return [
            invalid(field, obj.get(field), "field is immutable")
            for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode")
            if not same(obj.get(field), old.get(field))
        ]

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return [
            f"allowedTopologies[{index}].matchLabelExpressions[{at}].key: {text}"
            for index, term in enumerate(obj.get("allowedTopologies") or ())
            for at, expression in enumerate(term.get("matchLabelExpressions") or ())
            if (text := deprecated_label(expression.get("key", "")))
        ]

    def cells(self, obj: Object) -> list[Any]:
        return [
            class_name(obj, *DEFAULT_CLASS),
            obj.get("provisioner", ""),
            obj.get("reclaimPolicy", "Delete"),
            obj.get("volumeBindingMode", "<unset>"),
            bool(obj.get("allowVolumeExpansion")),
            age(obj),
        ]


def _topologies(terms: list[Spec], field: str) -> list[Cause]:
    """Where volumes may be made: terms of labels, each with its values."""
    causes: list[Cause] = []
    # Kubernetes compares with an empty term for each that there is: an empty one is a duplicate of them all.
    seen: list[dict[str, set[str]]] = [{} for _ in terms]
    for index, term in enumerate(terms):
        wanted: dict[str, set[str]] = {}
        for at, expression in enumerate(term.get("matchLabelExpressions") or ()):
            path = f"{field}[{index}].matchLabelExpressions[{at}]"
            key, values = expression.get("key", ""), expression.get("values") or []
            if not values:
                causes.append(required(f"{path}.values"))
            causes += [duplicate(f"{path}.values[{number}]", value) for number, value in unique(values)]
            if key in wanted:
                causes.append(duplicate(f"{path}.key", key))
            wanted[key] = set(values)
            causes += problems(is_qualified_name(key), key, f"{path}.key")
        causes += [duplicate(f"{field}[{index}].matchLabelExpressions", "") for other in seen if other == wanted]
        seen.append(wanted)
    return causes


class CSIDriverStrategy(BuiltinStrategy):
    allow_unconditional_update = False
    columns = columns(
        "AttachRequired:boolean", "PodInfoOnMount:boolean", "StorageCapacity:boolean", "TokenRequests",
        "RequiresRepublish:boolean", "Modes", "Age",
    )  # fmt: skip
    return_deleted = True
    generation = True

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        # The first change makes it one.
        obj["metadata"].pop("generation", None)
        obj["spec"].pop(_SCALED_LIMITS, None)

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        super().prepare_for_update(obj, old, reader)
        if _SCALED_LIMITS not in old["spec"]:
            obj["spec"].pop(_SCALED_LIMITS, None)

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        spec.setdefault("attachRequired", True)
        spec.setdefault("podInfoOnMount", False)
        spec.setdefault("storageCapacity", False)
        spec.setdefault("fsGroupPolicy", "ReadWriteOnceWithFSType")
        spec.setdefault("volumeLifecycleModes", ["Persistent"])
        spec.setdefault("requiresRepublish", False)
        spec.setdefault("seLinuxMount", False)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        policies = ("File", "None", "ReadWriteOnceWithFSType")
        causes = optional_one_of(spec.get("fsGroupPolicy"), policies, "spec.fsGroupPolicy")
        tokens = spec.get("tokenRequests") or []
        causes += _token_requests(tokens, "spec.tokenRequests")
        for mode in spec.get("volumeLifecycleModes") or ():
            causes += optional_one_of(mode, ("Ephemeral", "Persistent"), "spec.volumeLifecycleModes")
        period = spec.get("nodeAllocatableUpdatePeriodSeconds")
        if period is not None and period < 10:
            text = "must be greater than or equal to 10 seconds"
            causes.append(invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, text))
        in_secrets = spec.get("serviceAccountTokenInSecrets")
        if in_secrets is not None and not tokens:
            text = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
            causes.append(invalid("spec.serviceAccountTokenInSecrets", in_secrets, text))
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes = self.rules(obj)
        # The first path is Kubernetes' own slip.
        for field, path in (("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")):
            causes += immutable(obj["spec"].get(field), old["spec"].get(field), f"spec.{path}")
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        audiences = ",".join(token.get("audience", "") for token in spec.get("tokenRequests") or ())
        return [
            name_of(obj),
            bool(spec.get("attachRequired", True)),
            bool(spec.get("podInfoOnMount")),
            bool(spec.get("storageCapacity")),
            audiences or "<unset>",
            bool(spec.get("requiresRepublish")),
            ",".join(spec.get("volumeLifecycleModes") or ()) or "<none>",
            age(obj),
        ]


def _token_requests(requests: list[Spec], field: str) -> list[Cause]:
    repeated = dict(unique(request.get("audience", "") for request in requests))
    causes: list[Cause] = []
    for index, request in enumerate(requests):
        path, seconds = f"{field}[{index}]", request.get("expirationSeconds")
        if index in repeated:
            causes.append(duplicate(f"{path}.audience", repeated[index]))
        elif seconds is not None and seconds < 600:
            text = "may not specify a duration less than 10 minutes"
            causes.append(invalid(f"{path}.expirationSeconds", seconds, text))
        elif seconds is not None and seconds > 2**32:
            text = "may not specify a duration larger than 2^32 seconds"
            causes.append(invalid(f"{path}.expirationSeconds", seconds, text))
    return causes


class CSINodeStrategy(BuiltinStrategy):
    allow_unconditional_update = False
    columns = columns("Drivers:integer", "Age")
    return_deleted = True

    def rules(self, obj: Object) -> list[Cause]:
        causes: list[Cause] = []
        drivers = obj["spec"].get("drivers") or []
        for index, driver in enumerate(drivers):
            causes += _node_driver(driver, f"spec.drivers[{index}]")
        repeated = unique(driver.get("name", "") for driver in drivers)
        return causes + [duplicate(f"spec.drivers[{index}].name", name) for index, name in repeated]

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        """A driver stays as it is, but for how many volumes it takes; drivers come and go."""
        causes = self.validate(obj, reader)
        for had in old["spec"].get("drivers") or ():
            for driver in obj["spec"].get("drivers") or ():
                fixed = [{key: value for key, value in one.items() if key != "allocatable"} for one in (driver, had)]
                if driver.get("name") == had.get("name") and not same(*fixed):
                    causes.append(invalid("spec.drivers", driver, "field is immutable"))
        return causes

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), len(obj["spec"].get("drivers") or ()), age(obj)]


def _node_driver(driver: Spec, path: str) -> list[Cause]:
    causes = validate_driver_name(driver.get("name", ""), f"{path}.name")
    node = driver.get("nodeID", "")
    if not node:
        causes.append(required(f"{path}.nodeID"))
    if len(node) > _MAX_NODE_ID:
        causes.append(invalid(f"{path}.nodeID", node, f"must be {_MAX_NODE_ID} characters or less"))
    causes += non_negative((driver.get("allocatable") or {}).get("count"), f"{path}.allocatable.count")
    keys = driver.get("topologyKeys") or []
    for key in keys:
        causes += [] if key else [required(path)]
        causes += problems(is_qualified_name(key), key, path)
    return causes + [duplicate(path, key) for _, key in unique(keys)]


class CSIStorageCapacityStrategy(BuiltinStrategy):
    allow_unconditional_update = False
    columns = columns("Created At:date")

    def rules(self, obj: Object) -> list[Cause]:
        name = obj.get("storageClassName", "")
        causes = label_selector(obj.get("nodeTopology"), "nodeTopology")
        causes += problems(is_dns_subdomain(name), name, "storageClassName")
        return causes + (non_negative_quantity(obj["capacity"], "capacity") if "capacity" in obj else [])

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return [
            invalid(field, obj.get(field), "field is immutable")
            for field in ("nodeTopology", "storageClassName")
            if not same(obj.get(field), old.get(field))
        ]

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        return node_selector_warnings(obj.get("nodeTopology") or {}, "nodeTopology")

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj["metadata"].get("creationTimestamp")]


class VolumeAttachmentStrategy(BuiltinStrategy):
    allow_unconditional_update = False
    columns = (NAME, Column("Attacher", format="name"), *columns("PV", "Node", "Attached:boolean", "Age")[1:])
    status = True
    status_keeps = ALL_METADATA
    return_deleted = True

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = validate_driver_name(spec.get("attacher", ""), "spec.attacher")
        source, node = spec.get("source") or {}, spec.get("nodeName", "")
        volume, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
        one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
        if volume is None and inline is None:
            causes.append(required("spec.source", one))
        elif volume is not None and inline is not None:
            causes.append(forbidden("spec.source", one))
        elif volume == "":
            path = "spec.source.persistentVolumeName"
            causes.append(required(path, "must specify non empty persistentVolumeName"))
        causes += problems(is_dns_subdomain(node), node, "spec.nodeName")
        if volume is not None:
            causes += problems(is_dns_subdomain(volume), volume, "spec.source.persistentVolumeName")
        return causes + self._status(obj.get("status") or {})

    def _status(self, status: Spec) -> list[Cause]:
        noted = status.get("attachmentMetadata") or {}
        causes: list[Cause] = []
        if sum(len(key.encode()) + len(value.encode()) for key, value in noted.items()) > _MAX_ATTACHMENT_METADATA:
            causes.append(too_long("status.attachmentMetadata", _MAX_ATTACHMENT_METADATA))
        for name in ("attachError", "detachError"):
            error = status.get(name) or {}
            if len(error.get("message", "").encode()) > _MAX_ERROR_SIZE:
                causes.append(too_long(f"status.{name}.message", _MAX_ATTACHMENT_METADATA))
            if error.get("errorCode", 0) < 0:
                text = "must be between 0 and 2147483647, inclusive"
                causes.append(invalid(f"status.{name}.errorCode", error["errorCode"], text))
        return causes

    def validate_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        changed = not same(obj["spec"], old["spec"])
        return self.validate(obj, reader) + ([invalid("spec", obj["spec"], "field is immutable")] if changed else [])

    def validate_status_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        return self.validate_update(obj, old, reader)

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        volume = (spec.get("source") or {}).get("persistentVolumeName", "")
        attached = bool((obj.get("status") or {}).get("attached"))
        return [name_of(obj), spec.get("attacher", ""), volume, spec.get("nodeName", ""), attached, age(obj)]


class VolumeAttributesClassStrategy(BuiltinStrategy):
    columns = (NAME, Column("DriverName"), AGE)
    return_deleted = True
    update_checks_metadata_twice = True

    def rules(self, obj: Object) -> list[Cause]:
        parameters = obj.get("parameters") or {}
        causes = _provisioner(obj.get("driverName", ""), "driverName") + _parameters(parameters, "parameters")
        if not parameters:
            causes.append(required("parameters", "must contain at least one key/value pair"))
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        changed = [field for field in ("driverName", "parameters") if not same(obj.get(field), old.get(field))]
        return [forbidden(field, f"updates to {field} are forbidden.") for field in changed] + self.rules(obj)

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj.get("driverName", ""), age(obj)]
