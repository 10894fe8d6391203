"""Conversion between the versions of one kind, by plain functions from one class to another.

ConversionReviews come in as bytes and go out as bytes.  Functions need not exist for every pair of versions: an object
travels the shortest way through those there are, so with a hub version two functions a version suffice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any, TypeVar

import msgspec

from kubewright.objects import from_dict, to_dict
from kubewright.objects.changes import carry_over
from kubewright.objects.meta import Object, ObjectMeta
from kubewright.webhook.review import MalformedReview, decode_review

GROUP = "apiextensions.k8s.io"

S = TypeVar("S", bound=Object)
D = TypeVar("D", bound=Object)

_BESIDE_CONTENT = ("apiVersion", "kind", "metadata")


class ConversionError(Exception):
    """An object cannot be converted; the text is what the API server shows."""


class Conversions:
    """The functions between the versions of one kind.

    :param lossless: keep what a version cannot express in the annotation ``kubewright.dev/converted-from``, and restore
        it on the way back unless the user changed it meanwhile.
    """

    annotation = "kubewright.dev/converted-from"

    def __init__(self, *, lossless: bool = False) -> None:
        self.lossless = lossless
        self._classes: dict[str, type[Object]] = {}
        self._steps: dict[str, dict[str, Callable[[Any], Object]]] = {}

    def add(self, source: type[S], target: type[D], function: Callable[[S], D]) -> None:
        """Register how an object of one version becomes one of another.

        The function may leave the metadata alone: it is carried over.

        :raises ValueError: the two are not versions of one kind.
        """
        if source.gvk.group_kind != target.gvk.group_kind:
            raise ValueError(f"{source.gvk} and {target.gvk} are not versions of one kind")
        for cls in (source, target):
            self._classes[cls.gvk.api_version] = cls
        self._steps.setdefault(source.gvk.api_version, {})[target.gvk.api_version] = function

    @property
    def api_versions(self) -> list[str]:
        return list(self._classes)

    @property
    def plural(self) -> str:
        """The kind's plural, which its versions share."""
        return next(iter(self._classes.values())).plural

    def missing(self, api_versions: Sequence[str]) -> list[tuple[str, str]]:
        """The pairs of versions without a way from the first to the second."""
        reached = {source: self._came_from(source) for source in api_versions}
        return [pair for pair in permutations(api_versions, 2) if pair[1] not in reached[pair[0]]]

    def convert(self, obj: dict[str, Any], api_version: str) -> dict[str, Any]:
        """The object, as plain JSON, in another version.

        :raises ConversionError: no functions lead there, or one failed.
        """
        if not self.lossless:
            return self._travel(obj, api_version)
        obj, saved = self._without_saved(obj)
        if saved is not None and saved["apiVersion"] != obj["apiVersion"]:
            # What the user changed since is the difference between the object and what was made of the saved one.
            then = self._travel(saved, obj["apiVersion"])
            before, after = (self._travel(one, saved["apiVersion"]) for one in (then, obj))
            obj = {**carry_over(_content(saved), _content(before), _content(after)), **_identity(after)}
        converted = self._travel(obj, api_version)
        if _content(self._travel(converted, obj["apiVersion"])) != _content(obj):
            converted = self._with_saved(converted, obj)
        return converted

    def _travel(self, obj: dict[str, Any], api_version: str) -> dict[str, Any]:
        for target in self._route(obj["apiVersion"], api_version):
            obj = self._step(obj, target)
        return obj

    def _step(self, obj: dict[str, Any], target: str) -> dict[str, Any]:
        source = obj["apiVersion"]
        try:
            typed = from_dict(self._classes[source], obj)
        except ValueError as error:
            raise ConversionError(f"{_describe(obj)} is no valid {source} object: {error}") from error
        try:
            converted = self._steps[source][target](typed)
        except Exception as error:
            raise ConversionError(
                f"converting {_describe(obj)} from {source} to {target}: {type(error).__name__}: {error}"
            ) from error
        metadata = dict(obj.get("metadata") or {})
        if converted.metadata not in (ObjectMeta(), typed.metadata):
            metadata |= {"labels": converted.metadata.labels, "annotations": converted.metadata.annotations}
        return {**to_dict(converted), "apiVersion": target, "kind": obj["kind"], "metadata": metadata}

    def _route(self, source: str, target: str) -> list[str]:
        """The versions to pass, without the first: breadth first, so the fewest."""
        if source == target:
            return []
        came_from = self._came_from(source)
        if target not in came_from:
            known = ", ".join(f"{a} to {b}" for a, steps in self._steps.items() for b in steps)
            raise ConversionError(f"no functions convert {source} to {target}; there are: {known or 'none'}")
        route = [target]
        while came_from[route[0]] != source:
            route.insert(0, came_from[route[0]])
        return route

    def _came_from(self, source: str) -> dict[str, str]:
        """For each version that can be reached, the one before it on the shortest way."""
        came_from = {source: ""}
        queue = deque([source])
        while queue:
            version = queue.popleft()
            for following in self._steps.get(version, ()):
                if following not in came_from:
                    came_from[following] = version
                    queue.append(following)
        return came_from

    def _without_saved(self, obj: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any] | None]:
        metadata = obj.get("metadata") or {}
        annotations = dict(metadata.get("annotations") or {})
        text = annotations.pop(self.annotation, None)
        if text is None:
            return obj, None
        metadata = {**metadata, "annotations": annotations}
        if not annotations:
            del metadata["annotations"]
        obj = {**obj, "metadata": metadata}
        try:
            saved = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError:
            return obj, None  # a user wrote something else there
        if saved.get("apiVersion") not in self._classes:
            return obj, None
        return obj, {**saved, "kind": obj["kind"], "metadata": metadata}

    def _with_saved(self, converted: dict[str, Any], original: dict[str, Any]) -> dict[str, Any]:
        text = msgspec.json.encode({"apiVersion": original["apiVersion"], **_content(original)}).decode()
        metadata = converted["metadata"]
        annotations = {**(metadata.get("annotations") or {}), self.annotation: text}
        return {**converted, "metadata": {**metadata, "annotations": annotations}}


def _content(obj: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in obj.items() if key not in _BESIDE_CONTENT}


def _identity(obj: dict[str, Any]) -> dict[str, Any]:
    return {key: obj[key] for key in _BESIDE_CONTENT}


def _describe(obj: dict[str, Any]) -> str:
    metadata = obj.get("metadata") or {}
    name = "/".join(filter(None, (metadata.get("namespace"), metadata.get("name"))))
    return f'{obj.get("kind", "object")} "{name}"'


class _Request(msgspec.Struct, rename={"desired_api_version": "desiredAPIVersion"}):
    uid: str
    desired_api_version: str
    objects: list[dict[str, Any]] = []


class _Review(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    request: _Request | None = None


_decoder = msgspec.json.Decoder(_Review)


def answer_conversion(body: bytes, find: Callable[[str, str], Conversions | None]) -> tuple[bytes, bool]:
    """The answer to a ConversionReview, and whether it is a success.

    :param find: gives the conversions of a kind by the object's ``apiVersion`` and ``kind``.
    :raises MalformedReview: the body is something else.
    """
    review = decode_review(body, _decoder, "a ConversionReview")
    if review.kind != "ConversionReview" or not review.api_version.startswith(f"{GROUP}/"):
        found = f"apiVersion {review.api_version!r}, kind {review.kind!r}"
        raise MalformedReview(f"not a ConversionReview of {GROUP}: {found}")
    if review.request is None:
        raise MalformedReview("the ConversionReview has no request")
    request = review.request
    response: dict[str, Any] = {"uid": request.uid}
    try:
        response["convertedObjects"] = [_convert(obj, request.desired_api_version, find) for obj in request.objects]
        response["result"] = {"status": "Success"}
    except ConversionError as error:
        response["convertedObjects"] = []
        response["result"] = {"status": "Failure", "message": str(error)}
    answer = msgspec.json.encode({"apiVersion": review.api_version, "kind": review.kind, "response": response})
    return answer, response["result"]["status"] == "Success"


def _convert(obj: dict[str, Any], api_version: str, find: Callable[[str, str], Conversions | None]) -> dict[str, Any]:
    named = obj.get("apiVersion", ""), obj.get("kind", "")
    if not all(isinstance(name, str) for name in named):
        raise MalformedReview(f"apiVersion {named[0]!r} and kind {named[1]!r} of an object must be texts")
    conversions = find(*named)
    if conversions is None:
        raise ConversionError(f"no conversion functions for {obj.get('apiVersion')} {_describe(obj)}")
    return conversions.convert(obj, api_version)
