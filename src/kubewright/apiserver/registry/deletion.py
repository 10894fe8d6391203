"""What becomes of an object that is asked to go: at once, after a grace period, or when its finalizers are gone.

Pure rules over the object and the DeleteOptions, as in ``k8s.io/apiserver/pkg/registry`` (``rest/delete.go`` and
``generic/registry/store.go``); `Store.delete` carries out what they say.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal

from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object, Strategy
from kubewright.objects.errors import Conflict
from kubewright.objects.names import GroupResource

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"

Outcome = Literal["remove", "update", "update and remove", "nothing"]
"""``remove`` it now, ``update`` it and let it wait, or ``nothing``: it is already on its way."""


def timestamp(moment: datetime) -> str:
    """RFC 3339 with seconds, as Kubernetes writes times.

    :param moment: in UTC.
    """
    return f"{moment.isoformat(timespec='seconds')[:19]}Z"


def current_timestamp() -> str:
    """The time now, to the second."""
    return _timestamp_of(int(time.time()))


@lru_cache(maxsize=1)
def _timestamp_of(second: int) -> str:
    return timestamp(datetime.fromtimestamp(second, UTC))  # Made once a second, not twice a write.


def check_preconditions(resource: Resource, obj: Object, options: Object) -> None:
    """:raises Conflict: the object is not the one that the deletion was meant for."""
    wanted = options.get("preconditions") or {}
    metadata = obj["metadata"]
    if resource.strategy.own_deletion:
        for field, name in (("UID", "uid"), ("ResourceVersion", "resourceVersion")):
            if (value := wanted.get(name)) is not None and value != metadata[name]:
                why = f"Precondition failed: {field} in precondition: {value}, {field} in object meta: {metadata[name]}"
                raise Conflict.of(resource.group_resource, metadata["name"], why)
        return
    # Kubernetes names the kind here, where all other conflicts name the resource.
    target = GroupResource(resource.gvk.group, resource.gvk.kind)
    if (uid := wanted.get("uid")) is not None and uid != metadata["uid"]:
        raise Conflict.of(
            target,
            metadata["name"],
            f"the UID in the precondition ({uid}) does not match the UID in record ({metadata['uid']}). "
            "The object might have been deleted and then recreated",
        )
    if (version := wanted.get("resourceVersion")) is not None and version != metadata["resourceVersion"]:
        raise Conflict.of(
            target,
            metadata["name"],
            f"the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record "
            f"({metadata['resourceVersion']}). The object might have been modified",
        )


def begin(strategy: Strategy, obj: Object, options: Object, now: datetime) -> Outcome:
    """Mark an object as deleted, in place, and say what is to be done with it."""
    metadata = obj["metadata"]
    graceful = False
    if strategy.graceful:
        if metadata.get("deletionTimestamp") is not None:
            if not _shorten(metadata, options.get("gracePeriodSeconds")):
                return "nothing"
            graceful = True
        else:
            period = strategy.grace_period(obj, options.get("gracePeriodSeconds"))
            _mark(metadata, now, period)
            graceful = True
    if strategy.begin_deletion(obj, options):
        return "update"
    set_dependents_finalizers(strategy, metadata, options)
    held = strategy.held(obj)
    if not graceful:
        if not held:
            return "remove"
        _mark(metadata, now, 0)
        return "update"
    return "update" if held or metadata["deletionGracePeriodSeconds"] > 0 else "update and remove"


def finished(strategy: Strategy, obj: Object) -> bool:
    """Whether an update took away the last thing that held back an object that is being deleted."""
    metadata = obj["metadata"]
    return (
        metadata.get("deletionTimestamp") is not None
        and not strategy.held(obj)
        and not metadata.get("deletionGracePeriodSeconds")
    )


def _mark(metadata: Object, now: datetime, period: int) -> None:
    if metadata.get("deletionTimestamp") is None:
        if metadata.get("generation"):
            metadata["generation"] += 1
        metadata["deletionTimestamp"] = timestamp(now + timedelta(seconds=period))
    metadata["deletionGracePeriodSeconds"] = period


def _shorten(metadata: Object, period: int | None) -> bool:
    """A pending deletion may only come sooner."""
    current = metadata.get("deletionGracePeriodSeconds")
    if current is None:
        metadata["deletionGracePeriodSeconds"] = 0
        return True
    if period is None or period >= current:
        return False
    due = datetime.strptime(metadata["deletionTimestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    metadata["deletionTimestamp"] = timestamp(due - timedelta(seconds=current - period))
    metadata["deletionGracePeriodSeconds"] = period
    return True


def set_dependents_finalizers(strategy: Strategy, metadata: Object, options: Object) -> None:
    """Leave word for the garbage collector: orphan the dependents, or delete them first."""
    before = metadata.get("finalizers") or []
    finalizers = [one for one in before if one not in (ORPHAN, FOREGROUND)]
    match _dependents_policy(strategy, before, options):
        case "Orphan":
            finalizers.append(ORPHAN)
        case "Foreground":
            finalizers.append(FOREGROUND)
    if set(finalizers) != set(before):
        metadata["finalizers"] = finalizers


def _dependents_policy(strategy: Strategy, finalizers: list[str], options: Object) -> str:
    if (orphan := options.get("orphanDependents")) is not None:
        return "Orphan" if orphan else "Background"
    if policy := options.get("propagationPolicy"):
        return str(policy)
    if ORPHAN in finalizers:
        return "Orphan"
    if FOREGROUND in finalizers:
        return "Foreground"
    return "Orphan" if strategy.orphan_dependents else "Background"
