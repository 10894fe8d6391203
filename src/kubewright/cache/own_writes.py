"""What the answer to a write says about the object: is it still there, and in which state.

A `Write` of the client comes in; whether the object is gone, and its uid, go out.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from kubewright.client import Write


class Outcome(NamedTuple):
    gone: bool
    uid: str


class _Metadata(msgspec.Struct, rename="camel"):
    uid: str = ""
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    finalizers: list[str] | None = None


class _Details(msgspec.Struct):
    uid: str = ""


class _Finalizers(msgspec.Struct):
    finalizers: list[str] | None = None


class _Answer(msgspec.Struct):
    kind: str = ""
    spec: msgspec.Raw = msgspec.Raw(b"{}")
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    details: _Details | None = None


_decode = msgspec.json.Decoder(_Answer).decode
_decode_finalizers = msgspec.json.Decoder(_Finalizers).decode


def outcome_of(write: Write) -> Outcome:
    """Whether an object is there after a write.

    A deletion is answered with a ``Status``, or with the object: then it is gone unless it is marked as being deleted.
    A write that removes the last finalizer of an object that is being deleted is answered with the object, though the
    write has removed it.  A namespace is held by ``spec.finalizers``, too.
    """
    answer = _decode(write.answer)
    if answer.kind == "Status":
        return Outcome(True, answer.details.uid if answer.details else "")
    metadata = answer.metadata
    marked = metadata.deletion_timestamp is not None
    if write.verb == "delete" and not marked:
        return Outcome(True, metadata.uid)
    held = metadata.finalizers or metadata.deletion_grace_period_seconds
    if marked and not held and answer.kind == "Namespace":
        held = _decode_finalizers(answer.spec).finalizers
    return Outcome(marked and not held, metadata.uid)
