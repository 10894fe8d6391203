"""Namespaces, Nodes, ComponentStatuses: the things a cluster is made of.

After ``pkg/registry/core/{namespace,node}`` and their validation.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kubewright.apiserver.registry.builtin.addresses import is_cidr
from kubewright.apiserver.registry.builtin.base import (
    BuiltinStrategy,
    age,
    columns,
    fill_plural,
    name_of,
    same,
)
from kubewright.apiserver.registry.builtin.field_rules import non_negative_quantity, problems
from kubewright.apiserver.registry.builtin.resource_requirements import is_extended_resource
from kubewright.apiserver.registry.builtin.scheduling_rules import validate_taints
from kubewright.apiserver.registry.deletion import set_dependents_finalizers, timestamp
from kubewright.apiserver.registry.identity import copy_field
from kubewright.apiserver.registry.metadata_rules import (
    STANDARD_FINALIZERS,
    dns_label,
    is_qualified_name,
    validate_metadata_update,
)
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid
from kubewright.objects.quantity import Quantity

NAME_LABEL = "kubernetes.io/metadata.name"
_ROLE_PREFIX = "node-role.kubernetes.io/"
_NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


class NamespaceStrategy(BuiltinStrategy):
    columns = columns("Status", "Age")
    status = True
    return_deleted = True
    own_deletion = True
    field_labels = frozenset({"status.phase"})

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        return dns_label(name, prefix)

    def default(self, obj: Object) -> None:
        if name := obj["metadata"].get("name"):
            obj["metadata"]["labels"] = {**(obj["metadata"].get("labels") or {}), NAME_LABEL: name}
        obj.setdefault("status", {}).setdefault("phase", "Active")

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        obj["status"] = {"phase": "Active"}
        finalizers = obj["spec"].get("finalizers") or []
        if "kubernetes" not in finalizers:
            obj["spec"]["finalizers"] = [*finalizers, "kubernetes"]

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        obj["spec"] = {**obj["spec"], "finalizers": old["spec"].get("finalizers") or []}
        if not obj["spec"]["finalizers"]:
            del obj["spec"]["finalizers"]

    def prepare_for_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> None:
        if subresource != "finalize":
            super().prepare_for_subresource_update(subresource, obj, old, reader)
            return
        obj["status"] = old["status"]
        for key in ("labels", "annotations", "ownerReferences", "finalizers"):
            copy_field(obj["metadata"], old["metadata"], key)

    def begin_deletion(self, obj: Object, options: Object) -> bool:
        """What lies in the namespace has to go first: its own finalizers hold it until then."""
        metadata = obj["metadata"]
        if metadata.get("deletionTimestamp"):
            return bool(obj["spec"].get("finalizers"))
        # Unlike other objects that are held back, a namespace gets no grace period of zero.
        metadata["deletionTimestamp"] = timestamp(datetime.now(UTC))
        obj.setdefault("status", {})["phase"] = "Terminating"
        set_dependents_finalizers(self, metadata, options)
        return True

    def held(self, obj: Object) -> bool:
        return super().held(obj) or bool(obj["spec"].get("finalizers"))

    def rules(self, obj: Object) -> list[Cause]:
        return _spec_finalizers(obj, "spec.finalizers")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return []

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        phase, path = obj["status"].get("phase"), "status.Phase"
        if obj["metadata"].get("deletionTimestamp"):
            text = "may only be 'Terminating' if `deletionTimestamp` is not empty"
            return [] if phase == "Terminating" else [invalid(path, phase, text)]
        text = "may only be 'Active' if `deletionTimestamp` is empty"
        return [] if phase == "Active" else [invalid(path, phase, text)]

    def validate_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        if subresource != "finalize":
            return super().validate_subresource_update(subresource, obj, old, reader)
        causes = validate_metadata_update(obj["metadata"], old["metadata"])
        return causes + _spec_finalizers(obj, "spec.finalizers[{}]")

    def fields(self, obj: Object) -> Mapping[str, str]:
        return {"status.phase": (obj.get("status") or {}).get("phase", "")}

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), (obj.get("status") or {}).get("phase", ""), age(obj)]


def _spec_finalizers(namespace: Object, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, name in enumerate(namespace["spec"].get("finalizers") or ()):
        causes += problems(is_qualified_name(name), name, path.format(index))
        if "/" not in name and name not in STANDARD_FINALIZERS:
            text = "name is neither a standard finalizer name nor is it fully qualified"
            causes.append(invalid(path.format(index), name, text))
    return causes


class NodeStrategy(BuiltinStrategy):
    columns = columns(
        "Status", "Roles", "Age", "Version",
        wide=("Internal-IP", "External-IP", "OS-Image", "Kernel-Version", "Container-Runtime"),
    )  # fmt: skip
    status = True
    field_labels = frozenset({"spec.unschedulable"})

    def default(self, obj: Object) -> None:
        fill_plural(obj["spec"], "podCIDR", "podCIDRs")
        status = obj.get("status") or {}
        if status.get("capacity") and not status.get("allocatable"):
            status["allocatable"] = dict(status["capacity"])

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        """A Node may bring its status along, as kubelets register with it, but no configuration for its kubelet."""
        obj["spec"].pop("configSource", None)
        (obj.get("status") or {}).pop("config", None)

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        super().prepare_for_update(obj, old, reader)
        if "configSource" not in old["spec"]:
            obj["spec"].pop("configSource", None)

    def prepare_for_status_update(self, obj: Object, old: Object, reader: Reader) -> None:
        super().prepare_for_status_update(obj, old, reader)
        if "config" not in (old.get("status") or {}):
            (obj.get("status") or {}).pop("config", None)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        given = obj["spec"]
        removed = ["spec.configSource: the feature is removed"] if "configSource" in given else []
        text = "spec.externalID: this field is deprecated, and is unused by Kubernetes"
        return removed + ([text] if given.get("externalID") else [])

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = validate_taints(spec.get("taints") or [], "metadata.taints") + _node_resources(obj)
        cidrs = spec.get("podCIDRs") or []
        families = {ipaddress.ip_network(cidr, strict=False).version for cidr in cidrs if not is_cidr(cidr)}
        if len(cidrs) > 1 and len(families) != len(cidrs):
            causes.append(invalid("spec.podCIDRs", cidrs, "may specify no more than one CIDR for each IP family"))
        for index, cidr in enumerate(cidrs):
            causes += problems(is_cidr(cidr), cidr, f"spec.podCIDRs[{index}]")
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        new, before = obj["spec"], old["spec"]
        # The path is Kubernetes' own slip.
        causes = validate_taints(new.get("taints") or [], "metadata.taints") + _node_resources(obj)
        addresses = (obj.get("status") or {}).get("addresses") or []
        causes += [
            duplicate(f"status.addresses[{index}]", address)
            for index, address in enumerate(addresses)
            if address in addresses[:index]
        ]
        if before.get("podCIDRs") and new.get("podCIDRs") != before["podCIDRs"]:
            causes.append(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'))
        if before.get("providerID") and new.get("providerID") != before["providerID"]:
            causes.append(
                forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid')
            )
        if new.get("externalID") != before.get("externalID"):
            causes.append(forbidden("spec.externalID", "may not be updated"))
        return causes

    def validate_status_update(self, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        # As for any change of a Node: kubelets used to write all of it.
        return self.validate_update(obj, old, reader)

    def fields(self, obj: Object) -> Mapping[str, str]:
        return {"spec.unschedulable": "true" if obj["spec"].get("unschedulable") else "false"}

    def cells(self, obj: Object) -> list[Any]:
        status = obj.get("status") or {}
        info = status.get("nodeInfo") or {}
        addresses = {address["type"]: address["address"] for address in reversed(status.get("addresses") or ())}
        return [
            name_of(obj),
            _node_state(obj),
            _roles(obj),
            age(obj),
            info.get("kubeletVersion", ""),
            addresses.get("InternalIP", "<none>"),
            addresses.get("ExternalIP", "<none>"),
            info.get("osImage") or "<unknown>",
            info.get("kernelVersion") or "<unknown>",
            info.get("containerRuntimeVersion") or "<unknown>",
        ]


def _node_resources(node: Object) -> list[Cause]:
    causes: list[Cause] = []
    for field in ("capacity", "allocatable"):
        for name, amount in sorted(((node.get("status") or {}).get(field) or {}).items()):
            path = f"status.{field}.{name}"
            causes += non_negative_quantity(amount, path)
            if (name == "pods" or is_extended_resource(name)) and Quantity(amount).milli_value % 1000:
                causes.append(invalid(path, amount, "must be an integer"))
    return causes


def taint_not_ready(node: Object) -> None:
    """What the TaintNodesByCondition admission plug-in does to every new Node."""
    taints = node["spec"].get("taints") or []
    if not any(same(taint, _NOT_READY) for taint in taints):
        node["spec"]["taints"] = [*taints, dict(_NOT_READY)]


def _node_state(node: Object) -> str:
    ready = [c for c in (node.get("status") or {}).get("conditions") or () if c["type"] == "Ready"]
    words = ["Ready" if c["status"] == "True" else "NotReady" for c in ready] or ["Unknown"]
    if node["spec"].get("unschedulable"):
        words.append("SchedulingDisabled")
    return ",".join(words)


def _roles(node: Object) -> str:
    found = set()
    for key, value in (node["metadata"].get("labels") or {}).items():
        if key.startswith(_ROLE_PREFIX) and len(key) > len(_ROLE_PREFIX):
            found.add(key.removeprefix(_ROLE_PREFIX))
        elif key == "kubernetes.io/role" and value:
            found.add(value)
    return ",".join(sorted(found)) or "<none>"


class ComponentStatusStrategy(BuiltinStrategy):
    columns = columns("Status", "Message", "Error")

    def cells(self, obj: Object) -> list[Any]:
        healthy: Object = next((c for c in obj.get("conditions") or () if c.get("type") == "Healthy"), {})
        state = "Healthy" if healthy.get("status") == "True" else "Unhealthy"
        return [name_of(obj), state, healthy.get("message", ""), healthy.get("error", "")]
