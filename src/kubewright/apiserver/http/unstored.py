"""Objects that requests carry and nobody stores: a Scale, a Binding, an Eviction, a TokenRequest.

A body comes in and is read like that of any other object, by its own kind's rules; admission is shown it, as an object
of the subresource that it was sent to.  What it means is for its handler to say.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from kubewright.apiserver.admission.attributes import Attributes, Operation
from kubewright.apiserver.http.resources import Call
from kubewright.apiserver.registry.builtin import definition_name, definitions
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy
from kubewright.apiserver.registry.codec import Codec
from kubewright.apiserver.registry.identity import place
from kubewright.apiserver.registry.options import Write
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.names import GroupVersionKind

_FORMER: Final = {GroupVersionKind("policy", "v1", "Eviction"): ("policy/v1beta1",)}
"""Versions that are no longer served, in which clients may send their objects all the same."""


@cache
def codec_of(kind: GroupVersionKind) -> Codec:
    """Reads the objects of a kind that is no resource."""
    definition = definition_name(kind)
    strategy = BuiltinStrategy(definition)
    resource = Resource(
        gvk=kind,
        plural=kind.kind.lower(),
        singular=kind.kind.lower(),
        namespaced=True,
        node=definitions()[definition],
        strategy_source=lambda: strategy,
        storage_version=kind.version,
    )
    return Codec(resource, _FORMER.get(kind, ()))


async def read(call: Call, kind: GroupVersionKind, write: Write) -> Object:
    """The object in a request's body.

    :raises BadRequest: it is none of this kind, or lies in another namespace than the URL.
    """
    body_type = call.body_type()
    obj = codec_of(kind).decode(await call.request.body(), body_type, write)
    place(obj, call.info.namespace)
    return obj


def attributes(
    call: Call, operation: Operation, kind: GroupVersionKind, name: str, obj: Object, old: Object | None, write: Write
) -> Attributes:
    """The request as admission sees it: its object is the one of the body, not the one that is stored."""
    found = call.store.attributes(operation, obj, old, call.info.namespace, name, write, call.info.subresource)
    found.kind = kind
    return found


async def admit(call: Call, found: Attributes) -> Object:
    """The object after mutating admission.

    :raises APIError: a stage refuses it.
    """
    before = found.obj
    await call.store.cluster.admission.admit(found)
    assert found.obj is not None
    if found.obj is not before:
        found.obj = codec_of(found.kind).decode_mutated(found.obj)
    return found.obj


async def admit_creation(call: Call, kind: GroupVersionKind, name: str, obj: Object, write: Write) -> Object:
    """What admission makes of an object that is sent as if to be created, once all stages have agreed.

    :raises APIError: a stage refuses it.
    """
    found = attributes(call, "CREATE", kind, name, obj, None, write)
    obj = await admit(call, found)
    await call.store.cluster.admission.validate(found)
    return obj


async def admitted_before(obj: Object, old: Object) -> None:
    """The guard of a change that such an object brings about: admission has been asked about that object only."""
