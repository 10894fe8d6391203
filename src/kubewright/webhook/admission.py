"""Defaulting, validation and raw admission: a user's function in, a handler of reviews out.

The function's signature says what it wants: the object, for validators the old object, and a parameter called
``request`` for the `AdmissionRequest`.  A plain function runs on the event loop, which keeps a review below a tenth of
a millisecond: one that waits for anything has to be ``async``.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeAlias, TypeVar

import msgspec

from kubewright.objects import from_json
from kubewright.objects.changes import carry_over
from kubewright.objects.codec import to_json_in_full
from kubewright.objects.errors import APIError
from kubewright.objects.meta import Object
from kubewright.objects.unstructured import Unstructured
from kubewright.webhook.errors import Problem, causes_of, refusal, status_of, undecodable
from kubewright.webhook.json_patch import json_patch
from kubewright.webhook.review import AdmissionRequest, AdmissionResponse

T = TypeVar("T", bound=Object | Unstructured)

Handler: TypeAlias = Callable[[AdmissionRequest], AdmissionResponse | Awaitable[AdmissionResponse]]
"""Answers one request; what it raises counts as a bug in the webhook."""

Problems: TypeAlias = Iterable[Problem] | None


def defaulting(cls: type[T], function: Callable[..., Awaitable[None] | None]) -> Handler:
    """A handler that lets ``function`` change the object in place.

    An object that does not fit the class is let through with a warning: the API server is about to check it against the
    schema, and says better what is wrong.
    """
    call = _arguments(function, objects=1)

    def finish(request: AdmissionRequest, obj: T, before: bytes) -> AdmissionResponse:
        if (after := to_json_in_full(obj)) == before:
            return AdmissionResponse()
        original = request.object
        merged = carry_over(original, msgspec.json.decode(before), msgspec.json.decode(after))
        return AdmissionResponse(patch=json_patch(original, merged))

    async def wait(request: AdmissionRequest, obj: T, before: bytes, result: Awaitable[None]) -> AdmissionResponse:
        try:
            await result
        except Exception as error:
            return _refused(error, request)
        return finish(request, obj, before)

    def handle(request: AdmissionRequest) -> AdmissionResponse | Awaitable[AdmissionResponse]:
        if request.operation == "DELETE":  # there is no new object
            return AdmissionResponse()
        try:
            obj = from_json(cls, request.object_json)
        except ValueError as error:
            for cause in causes_of(undecodable(error, _subject(request)), _subject(request)):
                request.warn(f"defaults were not set: {cause.field}: {cause.message}")
            return AdmissionResponse()
        before = to_json_in_full(obj)
        try:
            result = call(request, obj, None)
        except Exception as error:
            return _refused(error, request)
        return wait(request, obj, before, result) if inspect.isawaitable(result) else finish(request, obj, before)

    return handle


def validating(cls: type[T], function: Callable[..., Awaitable[Problems] | Problems]) -> Handler:
    """A handler that asks ``function`` about the new and the old object.

    It refuses by raising `Invalid` (or an ``ExceptionGroup`` of them, or any `APIError`), or by returning or yielding
    several problems.  On a deletion both objects are the one that is to go.

    A stored object that doesn't fit the class any more can be corrected, and finalizers be taken off it: an update that
    leaves all but metadata and status as it is passes with a warning, and for one that mends it the old object is None.
    """
    call = _arguments(function, objects=2)

    def finish(request: AdmissionRequest, returned: object) -> AdmissionResponse:
        if isinstance(returned, str) or not isinstance(returned, Iterable | None):
            raise TypeError(f"a validator raises Invalid, or returns problems or nothing, and not {returned!r}")
        found: list[Problem] = list(returned) if returned is not None else []
        return AdmissionResponse(False, status=status_of(found, _subject(request))) if found else AdmissionResponse()

    async def wait(request: AdmissionRequest, result: Awaitable[Problems]) -> AdmissionResponse:
        try:
            return finish(request, await result)
        except Exception as error:
            return _refused(error, request)

    def handle(request: AdmissionRequest) -> AdmissionResponse | Awaitable[AdmissionResponse]:
        updates = request.operation == "UPDATE"
        try:
            new = _decode(cls, request.old_object_json if request.operation == "DELETE" else request.object_json)
        except ValueError as error:
            problems = undecodable(error, _subject(request))
            if not updates or _substance(request.object) != _substance(request.old_object):
                return AdmissionResponse(False, status=status_of(problems, _subject(request)))
            for cause in causes_of(problems, _subject(request)):
                request.warn(f"the object was stored before this was checked: {cause.field}: {cause.message}")
            return AdmissionResponse()
        old = new if request.operation == "DELETE" else None
        if updates:
            try:
                old = _decode(cls, request.old_object_json)
            except ValueError:
                request.warn("the object as it was stored can't be read any more: what it changes from wasn't checked")
        try:
            result = call(request, new, old)
            return wait(request, result) if inspect.isawaitable(result) else finish(request, result)
        except Exception as error:
            return _refused(error, request)

    return handle


def raw(function: Callable[[AdmissionRequest], Any]) -> Handler:
    """A handler for any kind and operation.

    ``function`` gets the request and returns an `AdmissionResponse`, or None to allow it, or raises to refuse it.
    """

    async def wait(request: AdmissionRequest, result: Awaitable[AdmissionResponse | None]) -> AdmissionResponse:
        try:
            return await result or AdmissionResponse()
        except Exception as error:
            return _refused(error, request)

    def handle(request: AdmissionRequest) -> AdmissionResponse | Awaitable[AdmissionResponse]:
        try:
            result = function(request)
        except Exception as error:
            return _refused(error, request)
        return wait(request, result) if inspect.isawaitable(result) else result or AdmissionResponse()

    return handle


def _refused(error: Exception, request: AdmissionRequest) -> AdmissionResponse:
    """The answer to a handler that raised.

    :raises Exception: the error itself, when it does not refuse the object but is a bug.
    """
    said = refusal(error)
    if said is None:
        raise error
    if isinstance(said, APIError):
        return AdmissionResponse(False, status=said.status())
    return AdmissionResponse(False, status=status_of(said, _subject(request)))


def _subject(request: AdmissionRequest) -> dict[str, Any]:
    return request.object or request.old_object or {}


def _substance(obj: dict[str, Any] | None) -> dict[str, Any]:
    """What of an object its users write."""
    return {key: value for key, value in (obj or {}).items() if key not in ("metadata", "status")}


def _decode(cls: type[T], text: bytes) -> T | None:
    return None if text == b"null" else from_json(cls, text)


def _arguments(function: Callable[..., Any], *, objects: int) -> Callable[[AdmissionRequest, Any, Any], Any]:
    """Call a function with as many objects as it takes, and with the request where it has a parameter for it.

    :raises TypeError: the function wants something else.
    """
    parameters = inspect.signature(function).parameters.values()
    wants_request = any(parameter.name == "request" for parameter in parameters)
    taken = [p.name for p in parameters if p.name != "request" and p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    if not 1 <= len(taken) <= objects:
        name = getattr(function, "__qualname__", repr(function))
        wanted = "the object" if objects == 1 else "the new object and, if it likes, the old one"
        raise TypeError(f"{name}({', '.join(taken)}): a handler takes {wanted}, and `request` if it wants the request")
    match len(taken), wants_request:
        case 1, False:
            return lambda request, new, old: function(new)
        case 1, True:
            return lambda request, new, old: function(new, request=request)
        case 2, False:
            return lambda request, new, old: function(new, old)
    return lambda request, new, old: function(new, old, request=request)
