"""What the workload controllers know of Pods: making one from a template, and how far one has got."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from kubewright.objects import Object, ObjectMeta, owner_reference, to_json
from kubewright.objects.core_v1 import Pod, PodCondition, PodTemplateSpec

_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""No vowels and no digits that look like letters, as `k8s.io/apimachinery/pkg/util/rand` has it."""


def pod_from(
    template: PodTemplateSpec, owner: Object, *, name: str = "", labels: Mapping[str, str] | None = None
) -> Pod:
    """A Pod that ``owner`` controls; without a name the server makes one."""
    metadata = template.metadata
    return Pod(
        metadata=ObjectMeta(
            name=name,
            generate_name="" if name else f"{owner.metadata.name}-",
            namespace=owner.metadata.namespace,
            labels={**metadata.labels, **(labels or {})},
            annotations=dict(metadata.annotations),
            finalizers=list(metadata.finalizers),
            owner_references=[owner_reference(owner)],
        ),
        spec=template.spec,
    )


def template_hash(template: PodTemplateSpec) -> str:
    """A short name for a template's content, safe in names and label values."""
    digest = hashlib.blake2b(to_json(template), digest_size=8).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in (*digest, digest[0] ^ digest[1]))


def is_active(pod: Pod) -> bool:
    """Neither ended nor about to go."""
    return pod.status.phase not in ("Succeeded", "Failed") and pod.metadata.deletion_timestamp is None


def is_ready(pod: Pod) -> bool:
    return any(one.type == "Ready" and one.status == "True" for one in pod.status.conditions)


def available_since(pod: Pod, min_ready_seconds: int) -> datetime | None:
    """When the Pod counts, or will count, as available; None while it is not ready."""
    for condition in pod.status.conditions:
        if condition.type == "Ready" and condition.status == "True" and condition.last_transition_time:
            return condition.last_transition_time + timedelta(seconds=min_ready_seconds)
    return None


def is_available(pod: Pod, min_ready_seconds: int, now: datetime) -> bool:
    since = available_since(pod, min_ready_seconds)
    return since is not None and (min_ready_seconds == 0 or since <= now)


def deletion_order(pods: Sequence[Pod]) -> list[Pod]:
    """Which Pods to give up first: unscheduled, not running, not ready, then the youngest."""

    def rank(pod: Pod) -> tuple[bool, bool, bool, float]:
        created = pod.metadata.creation_timestamp
        return (
            bool(pod.spec.node_name),
            pod.status.phase == "Running",
            is_ready(pod),
            -(created.timestamp() if created else 0.0),
        )

    return sorted(pods, key=rank)


def set_pod_condition(pod: Pod, type: str, holds: bool, reason: str, now: datetime, message: str = "") -> None:
    """Add the condition or bring it up to date; its time changes only with its status."""
    wanted, now = str(holds), now.replace(microsecond=0)
    for condition in pod.status.conditions:
        if condition.type == type:
            if condition.status != wanted:
                condition.status, condition.last_transition_time = wanted, now
            condition.reason, condition.message = reason or None, message or None
            return
    pod.status.conditions.append(
        PodCondition(type=type, status=wanted, reason=reason or None, message=message or None, last_transition_time=now)
    )


def seconds_of(obj: Object, annotation: str, default: float) -> float:
    """What ``kubewright.dev/<annotation>`` says on the object, by which users tell simulated work how to go."""
    text = obj.metadata.annotations.get(f"kubewright.dev/{annotation}", "")
    try:
        return max(float(text), 0.0) if text else default
    except ValueError:
        return default  # an object with a bad annotation fares as any other


def share(value: int | str | None, of: int, rounded: Callable[[float], int]) -> int:
    """A number of Pods, or a percentage of the wanted number."""
    if isinstance(value, str):
        return rounded(int(value.rstrip("%")) * of / 100)
    return value or 0
