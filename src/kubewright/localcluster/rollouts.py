"""The arithmetic of Deployments: how many Pods each ReplicaSet has next, in a rollout and when the number changes.

Sizes go in, and sizes come out for those ReplicaSets that change; nothing is read or written here.  The rules are those
of `pkg/controller/deployment`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Sizes(NamedTuple):
    """One ReplicaSet as a rollout sees it."""

    name: str
    replicas: int
    """What its spec asks for."""
    available: int
    maximum: int = 0
    """How many Pods the whole Deployment could have had when this was last sized; 0 when nobody wrote it down."""


def plan_rollout(wanted: int, new: Sizes, old: Sequence[Sizes], *, surge: int, unavailable: int) -> dict[str, int]:
    """The next sizes of a rolling update, for those ReplicaSets that change.

    Never more than ``wanted + surge`` Pods, never fewer than ``wanted - unavailable`` available ones; Pods of old
    ReplicaSets that are not available go first.

    :param old: oldest first.
    """
    sizes: dict[str, int] = {}
    total = new.replicas + sum(one.replicas for one in old)
    if new.replicas > wanted:
        sizes[new.name] = wanted
    elif (room := wanted + surge - total) > 0 and new.replicas < wanted:
        sizes[new.name] = min(new.replicas + room, wanted)
    if sizes:
        return sizes  # one thing at a time: the next look sees what came of it
    may_go = total - (wanted - unavailable) - max(new.replicas - new.available, 0)
    remaining = {one.name: one.replicas for one in old}
    for one in old:
        unhealthy = min(max(one.replicas - one.available, 0), may_go)
        if unhealthy > 0:
            remaining[one.name] -= unhealthy
            may_go -= unhealthy
    spare = new.available + sum(min(one.available, remaining[one.name]) for one in old) - (wanted - unavailable)
    for one in old:
        going = min(remaining[one.name], spare)
        if going > 0:
            remaining[one.name] -= going
            spare -= going
    return {one.name: remaining[one.name] for one in old if remaining[one.name] != one.replicas}


def plan_scaling(
    wanted: int, replicasets: Sequence[Sizes], *, has_new: bool, surge: int, rolling: bool, present: int
) -> dict[str, int]:
    """The sizes with which a changed ``wanted`` is met while templates stay as they are.

    A single ReplicaSet with Pods gets all of them.  In the middle of a rollout each gets its share, the largest what
    rounding leaves, so that no version gains on another only because there are more Pods.

    :param replicasets: the new one first if ``has_new``, then the others, youngest first.
    :param rolling: whether versions may run side by side.
    :param present: how many Pods there are in all.
    """
    active = [one for one in replicasets if one.replicas]
    if len(active) <= 1:
        target = (active or replicasets)[:1]
        return {one.name: wanted for one in target if one.replicas != wanted}
    new, old = (replicasets[0], replicasets[1:]) if has_new else (None, replicasets)
    if new is not None and new.replicas == new.available == wanted:
        return {one.name: 0 for one in old if one.replicas}
    if not rolling:
        return {}
    allowed = wanted + surge if wanted else 0
    missing = allowed - sum(one.replicas for one in active)
    # Equal ones keep their order: the youngest grows first, the oldest shrinks first.
    ranked = sorted(active if missing > 0 else reversed(active), key=lambda one: -one.replicas)
    sizes: dict[str, int] = {}
    left = missing
    for one in ranked:
        share = _share_of(one, wanted, surge, present)
        change = min(share, left) if missing > 0 else max(share, left)
        if missing and left:
            sizes[one.name] = one.replicas + change
            left -= change
    if left:
        largest = ranked[0]
        sizes[largest.name] = max(sizes.get(largest.name, largest.replicas) + left, 0)
    return {one.name: sizes[one.name] for one in ranked if sizes.get(one.name, one.replicas) != one.replicas}


def _share_of(one: Sizes, wanted: int, surge: int, present: int) -> int:
    """By how much a ReplicaSet changes when it keeps its part of the whole."""
    if not wanted:
        return -one.replicas
    before = one.maximum or present
    if not before:
        return 0
    return math.floor(one.replicas * (wanted + surge) / before + 0.5) - one.replicas
