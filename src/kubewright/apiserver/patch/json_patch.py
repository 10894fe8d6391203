"""JSON Patch (RFC 6902) as kube-apiserver carries it out, which is as evanphx/json-patch v4 does.

It differs from the RFC where that library does: ``replace`` of an absent member adds it, ``copy`` of one copies null,
negative indexes count from the end, and ``add``, ``remove``, ``copy`` and ``move`` cannot name the whole document.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from kubewright.apiserver.patch.rejection import unprocessable
from kubewright.objects.errors import BadRequest, RequestEntityTooLarge
from kubewright.schema.node import MISSING

MAX_OPERATIONS: Final = 10_000

Operation = Mapping[str, Any]


class PatchFailed(Exception):
    """An operation does not apply to the document; the text says why, as evanphx/json-patch says it."""


class ValueDiffers(PatchFailed):
    """A ``test`` found another value."""


class _Failure(Exception):
    """Why an operation does not apply to what its pointer leads to."""


class _NoSuchPath(_Failure):
    """A pointer leads nowhere."""


def json_patch(document: Any, operations: Any) -> Any:
    """Carry out the operations one after the other; all or (seen from outside) none.

    :param document: consumed: changed in place.
    :param operations: the decoded body of the patch.
    :raises BadRequest: the body is no list of operations.
    :raises RequestEntityTooLarge: there are more than `MAX_OPERATIONS`.
    :raises Invalid: an operation failed, a ``test`` included.
    """
    try:
        return carry_out(document, operations)
    except PatchFailed:
        raise unprocessable() from None


def carry_out(document: Any, operations: Any) -> Any:
    """Like `json_patch`, for those whom Kubernetes tells why an operation failed.

    :raises PatchFailed: an operation failed.
    """
    for operation in _checked(operations):
        kind = operation.get("op", "")
        if kind not in _OPERATIONS:
            raise PatchFailed(f"Unexpected kind: {kind}")
        try:
            document = _OPERATIONS[kind](document, operation)
        except _NoSuchPath as failure:
            shown = f'"{failure}"' if kind in ("add", "remove") else str(failure)
            raise PatchFailed(f"{kind} operation does not apply: doc is missing path: {shown}: missing value") from None
        except _Failure as failure:
            raise PatchFailed(f"error in {kind} for path: '{operation.get('path')}': {failure}") from None
    return document


def _checked(operations: Any) -> list[Operation]:
    if operations is None:
        return []
    if not isinstance(operations, list):
        raise BadRequest(
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        )
    if len(operations) > MAX_OPERATIONS:
        raise RequestEntityTooLarge(
            f"Request entity too large: The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, "
            f"got {len(operations)}"
        )
    for position, operation in enumerate(operations):
        if not isinstance(operation, dict):
            raise BadRequest(f"error decoding patch: [{position}] is no object")
        for name in ("op", "path", "from"):
            if not isinstance(operation.get(name, ""), str):
                raise BadRequest(f"error decoding patch: [{position}].{name} is no string")
    return operations


# --- pointers -------------------------------------------------------------------------------------------------------


def _pointer(operation: Operation, name: str) -> list[str]:
    """The steps of a JSON pointer; none for the whole document."""
    text = operation.get(name)
    if text is None or (text and text[0] != "/"):
        raise _NoSuchPath(text or "")
    return [step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]]


def _container(document: Any, pointer: list[str]) -> Any:
    """What holds the value that a pointer names."""
    text = "/" + "/".join(pointer)
    if not pointer:
        raise _NoSuchPath("")
    try:
        for step in pointer[:-1]:
            document = _get(document, step)
    except _Failure:
        raise _NoSuchPath(text) from None
    if not isinstance(document, (dict, list)):
        raise _NoSuchPath(text)
    return document


def _get(container: Any, step: str) -> Any:
    """One member or item; MISSING for an absent member."""
    if isinstance(container, dict):
        return container.get(step, MISSING)
    if isinstance(container, list):
        return container[_index(container, step, len(container))]
    raise _Failure(step)


def _index(items: list[Any], step: str, limit: int) -> int:
    """A position below ``limit``; negative ones count from the end."""
    try:
        index = int(step)
    except ValueError:
        raise _Failure(f'strconv.Atoi: parsing "{step}": invalid syntax') from None
    if not -limit <= index < limit:
        raise _Failure(f"Unable to access invalid index: {index}: invalid index referenced")
    return index + limit if index < 0 else index


# --- operations -----------------------------------------------------------------------------------------------------


def _add(document: Any, operation: Operation) -> Any:
    pointer = _pointer(operation, "path")
    _insert(_container(document, pointer), pointer[-1], operation.get("value"))
    return document


def _insert(container: Any, step: str, value: Any) -> None:
    if isinstance(container, dict):
        container[step] = value
    elif step == "-":
        container.append(value)
    else:
        container.insert(_index(container, step, len(container) + 1), value)


def _remove(document: Any, operation: Operation) -> Any:
    pointer = _pointer(operation, "path")
    _take(_container(document, pointer), pointer[-1])
    return document


def _take(container: Any, step: str) -> Any:
    if isinstance(container, dict):
        if step not in container:
            raise _Failure(f"Unable to remove nonexistent key: {step}: missing value")
        return container.pop(step)
    return container.pop(_index(container, step, len(container)))


def _replace(document: Any, operation: Operation) -> Any:
    pointer = _pointer(operation, "path")
    value = operation.get("value")
    if not pointer:
        if not isinstance(value, (dict, list)):
            raise _Failure("replace operation value must be object or array")
        return value
    container = _container(document, pointer)
    if isinstance(container, dict):
        container[pointer[-1]] = value
    else:
        container[_index(container, pointer[-1], len(container))] = value
    return document


def _move(document: Any, operation: Operation) -> Any:
    source, target = _pointer(operation, "from"), _pointer(operation, "path")
    value = _take(_container(document, source), source[-1])
    _insert(_container(document, target), target[-1], value)
    return document


def _copy(document: Any, operation: Operation) -> Any:
    source, target = _pointer(operation, "from"), _pointer(operation, "path")
    value = _get(_container(document, source), source[-1])
    _insert(_container(document, target), target[-1], None if value is MISSING else copy.deepcopy(value))
    return document


def _test(document: Any, operation: Operation) -> Any:
    pointer = _pointer(operation, "path")
    value = _get(_container(document, pointer), pointer[-1]) if pointer else document
    if _canonical(None if value is MISSING else value) != _canonical(operation.get("value")):
        raise ValueDiffers(f"testing value {operation.get('path')} failed: test failed")
    return document


def _canonical(value: Any) -> bytes:
    """A form in which equal JSON values are equal (and true is not 1)."""
    return msgspec.json.encode(value, order="deterministic")


_OPERATIONS: Final[Mapping[str, Callable[[Any, Operation], Any]]] = {
    "add": _add,
    "remove": _remove,
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}
