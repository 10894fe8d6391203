"""An operator's rehearsal: its samples applied as a user would, on a cluster where it runs, until each is ready.

Samples go in as plain objects; what became of each comes out as an `Outcome`.  ``kubewright rehearse`` prints these,
and the scorecard judges by them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from kubewright.client import Client, MetadataOnly, Untyped
from kubewright.controller.readiness import Readiness, readiness
from kubewright.objects import Object, Unstructured
from kubewright.objects.errors import APIError, NotFound
from kubewright.operator import Operator

USER = "kubewright-rehearsal"
"""The field manager that applies samples."""

_POLL = 0.05


class Outcome(NamedTuple):
    """What became of one sample.

    ``why`` is the Ready condition's text, or what kept it from becoming ready.
    """

    sample: Unstructured
    ready: bool
    why: str
    children: list[Object]
    seconds: float


async def rehearse(
    client: Client,
    operator: Operator,
    samples: Sequence[dict[str, Any]],
    *,
    timeout: float = 30.0,
    done: Callable[[Outcome], None] = lambda outcome: None,
) -> list[Outcome]:
    """Apply samples of a running operator's kinds, all at once, and wait for each.

    :param timeout: seconds that each sample has.
    :param done: told of each outcome as soon as it is known.
    """

    async def play(sample: dict[str, Any]) -> Outcome:
        outcome = await _play(client, operator, sample, timeout)
        done(outcome)
        return outcome

    return list(await asyncio.gather(*(play(sample) for sample in samples)))


async def _play(client: Client, operator: Operator, sample: dict[str, Any], timeout: float) -> Outcome:
    clock = asyncio.get_running_loop().time
    started = clock()
    obj = Unstructured(_copy(sample))
    try:
        obj = await client.apply(obj, field_manager=USER)
    except APIError as error:
        return Outcome(obj, False, str(error), [], clock() - started)
    children: list[Object] = []
    state = Readiness(False, "")
    try:
        async with asyncio.timeout(timeout):
            while not state.ready:
                await asyncio.sleep(_POLL)
                obj = await reread(client, obj)
                children = await children_of(client, operator, obj)
                state = judge(obj, children)
    except TimeoutError:
        state = Readiness(False, f"not within {timeout:g} s: {state.why}")
    except APIError as error:
        state = Readiness(False, str(error))
    return Outcome(obj, *state, children, clock() - started)


def judge(obj: Unstructured, children: Iterable[Object]) -> Readiness:
    """A custom resource is ready when it says so; where it says nothing, when the children that it has are."""
    own = readiness(obj)
    children = list(children)
    if not own.ready or own.why:
        return own
    if not obj.get("status") and not children:
        return Readiness(False, "the operator has neither written a status nor made a child")
    for child in children:
        state = readiness(child)
        if not state.ready:
            return Readiness(False, f"{type(child).__name__} {child.metadata.name}: {state.why}")
    return own


async def reread(client: Client, obj: Unstructured) -> Unstructured:
    """The object as it is now.

    :raises NotFound: it is gone.
    """
    return await client.get(Untyped(obj.gvk), obj.metadata.name, obj.metadata.namespace or None)


async def children_of(client: Client, operator: Operator, obj: Unstructured) -> list[Object]:
    """The objects that belong to a custom resource by owner reference, of the kinds that the operator owns."""
    found: list[Object] = []
    for kind in operator.owned(obj.gvk.group_kind):
        everything = await client.list(kind, namespace=obj.metadata.namespace or None)
        found += [one for one in everything if is_owner(obj, one)]
    return found


def is_owner(obj: Unstructured, child: Object) -> bool:
    return any(owner.uid == obj.metadata.uid for owner in child.metadata.owner_references)


async def gone(client: Client, obj: Unstructured | Object, *, timeout: float) -> bool:
    """Whether an object, this very one, goes in time."""
    target = MetadataOnly(obj.gvk)
    try:
        async with asyncio.timeout(timeout):
            while True:
                now = await client.get(target, obj.metadata.name, obj.metadata.namespace or None)
                if now.metadata.uid != obj.metadata.uid:
                    return True
                await asyncio.sleep(_POLL)
    except NotFound:
        return True
    except TimeoutError:
        return False


def _copy(sample: dict[str, Any]) -> dict[str, Any]:
    """`Unstructured` takes its content over."""
    return {**sample, "metadata": dict(sample["metadata"])}
