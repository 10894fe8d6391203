"""What pods are given for the scheduler: DefaultTolerationSeconds, Priority and RuntimeClass.

Each plug-in changes pods as they are created, after ``plugin/pkg/admission`` of the same names.
"""

from __future__ import annotations

from typing import Any

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import is_new, refused
from kubewright.apiserver.registry.builtin.base import same
from kubewright.apiserver.registry.builtin.policy import SYSTEM_PRIORITY_CLASSES
from kubewright.objects.quantity import Quantity

CLASSES = ("scheduling.k8s.io", "priorityclasses")
_SECONDS = 300
_WAITED_FOR = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")


class DefaultTolerationSeconds:
    """Pods stay for five minutes on a node that is not ready or cannot be reached."""

    async def admit(self, attributes: Attributes) -> None:
        resource = attributes.resource.group_resource
        if resource != ("", "pods") or attributes.subresource or attributes.obj is None:
            return
        spec = attributes.obj["spec"]
        given = spec.get("tolerations") or []
        missing = [key for key in _WAITED_FOR if not any(_tolerates(toleration, key) for toleration in given)]
        if missing:
            spec["tolerations"] = given + [
                {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": _SECONDS}
                for key in missing
            ]


def _tolerates(toleration: dict[str, Any], key: str) -> bool:
    return toleration.get("key", "") in (key, "") and toleration.get("effect", "") in ("NoExecute", "")


class Priority:
    """A pod's priority is that of its class, or of the one default class; Kubernetes' own classes stay."""

    async def validate(self, attributes: Attributes) -> None:
        if attributes.resource.group_resource != CLASSES:
            return
        if attributes.operation == "DELETE" and attributes.name in SYSTEM_PRIORITY_CLASSES:
            # In Kubernetes it is the resource's storage that refuses this.
            raise refused(attributes, "this is a system priority class and cannot be deleted")
        if attributes.obj is None or not attributes.obj.get("globalDefault"):
            return
        default, _, _ = self._class_of(attributes, "")
        if default and (attributes.operation == "CREATE" or default != attributes.obj["metadata"]["name"]):
            text = f"PriorityClass {default} is already marked as default. Only one default can exist"
            raise refused(attributes, text)

    async def admit(self, attributes: Attributes) -> None:
        if attributes.resource.group_resource != ("", "pods") or attributes.subresource or attributes.obj is None:
            return
        spec = attributes.obj["spec"]
        if attributes.operation == "UPDATE":
            self._keep(spec, (attributes.old or {}).get("spec") or {})
            return
        if attributes.operation != "CREATE":
            return
        name, value, policy = self._class_of(attributes, spec.get("priorityClassName", ""))
        if spec.get("priority", value) != value:
            text = (
                f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
                f"priority admission controller computed {value} from the given PriorityClass name"
            )
            raise refused(attributes, text)
        if policy and spec.get("preemptionPolicy", policy) != policy:
            text = (
                f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
                f"priority admission controller computed {policy} from the given PriorityClass name"
            )
            raise refused(attributes, text)
        if name:
            spec["priorityClassName"] = name
        spec["priority"] = value
        if policy:
            spec["preemptionPolicy"] = policy

    @staticmethod
    def _keep(spec: dict[str, Any], old: dict[str, Any]) -> None:
        """A client that does not know these fields must not be told that it changed them."""
        for field in ("priority", "preemptionPolicy"):
            if field in old:
                spec.setdefault(field, old[field])

    @staticmethod
    def _class_of(attributes: Attributes, name: str) -> tuple[str, int, str]:
        classes = attributes.reader
        if name:
            found = classes.get("scheduling.k8s.io", "priorityclasses", "", name)
            if found is None and name in SYSTEM_PRIORITY_CLASSES:
                return name, SYSTEM_PRIORITY_CLASSES[name], "PreemptLowerPriority"
            if found is None:
                raise refused(attributes, f"no PriorityClass with name {name} was found")
            return name, found.get("value", 0), found.get("preemptionPolicy", "PreemptLowerPriority")
        defaults = [one for one in classes.list("scheduling.k8s.io", "priorityclasses") if one.get("globalDefault")]
        if not defaults:
            return "", 0, "PreemptLowerPriority"
        chosen = min(defaults, key=lambda one: one.get("value", 0))
        policy = chosen.get("preemptionPolicy", "PreemptLowerPriority")
        return chosen["metadata"]["name"], chosen.get("value", 0), policy


class RuntimeClass:
    """The overhead and the scheduling rules of a pod's runtime class become the pod's."""

    async def admit(self, attributes: Attributes) -> None:
        if not is_new(attributes, "", "pods") or attributes.obj is None:
            return
        spec = attributes.obj["spec"]
        name = spec.get("runtimeClassName")
        if not name:
            if spec.get("overhead"):
                text = "Pod Overhead set without corresponding RuntimeClass defined Overhead"
                raise refused(attributes, f"pod rejected: {text}")
            return
        found = attributes.reader.get("node.k8s.io", "runtimeclasses", "", name)
        if found is None:
            raise refused(attributes, f'pod rejected: RuntimeClass "{name}" not found')
        self._overhead(attributes, spec, (found.get("overhead") or {}).get("podFixed"))
        self._scheduling(attributes, spec, found.get("scheduling") or {})

    @staticmethod
    def _overhead(attributes: Attributes, spec: dict[str, Any], overhead: dict[str, str] | None) -> None:
        if spec.get("overhead") and not same(spec["overhead"], overhead):
            text = "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"
            raise refused(attributes, text)
        if overhead:
            spec["overhead"] = {key: str(Quantity(value)) for key, value in overhead.items()}

    @staticmethod
    def _scheduling(attributes: Attributes, spec: dict[str, Any], scheduling: dict[str, Any]) -> None:
        wanted = spec.get("nodeSelector") or {}
        for key, value in (scheduling.get("nodeSelector") or {}).items():
            if wanted.get(key, value) != value:
                text = (
                    f"pod rejected: conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                    f"pod.spec.nodeSelector[{key}] = {wanted[key]}"
                )
                raise refused(attributes, text)
            wanted[key] = value
        if wanted:
            spec["nodeSelector"] = wanted
        tolerations = spec.get("tolerations") or []
        extra = [one for one in scheduling.get("tolerations") or () if one not in tolerations]
        if extra:
            spec["tolerations"] = tolerations + extra
