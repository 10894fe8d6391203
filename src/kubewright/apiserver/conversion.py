"""Conversion of custom resources between versions: by rewriting ``apiVersion`` alone, or by the CRD's webhook.

Objects in one version go in, the same objects in another come out.  What a webhook may change, and the wording of what
goes wrong, follow `k8s.io/apiextensions-apiserver/pkg/apiserver/conversion`: metadata other than labels and annotations
is always the original's.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from kubewright.apiserver.registry.metadata_rules import validate_annotations, validate_labels
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.apiserver.webhook_client import CallFailed, WebhookClient
from kubewright.objects.errors import APIError
from kubewright.objects.go_values import type_name
from kubewright.objects.names import GroupVersionKind

_GROUP = "apiextensions.k8s.io"
_SUPPORTED_VERSIONS = ("v1", "v1beta1")
_TIMEOUT = 30.0


class Converter(Protocol):
    """Gives objects of one CRD in another of its versions; the arguments are left as they are.

    ``trivial`` tells that nothing but ``apiVersion`` changes.
    """

    trivial: bool

    async def convert(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        """The objects in ``api_version``, in the same order.

        :raises APIError: the conversion webhook failed.
        """


class NoConversion:
    """Strategy None: only ``apiVersion`` changes."""

    trivial = True

    async def convert(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        return [{**obj, "apiVersion": api_version} for obj in objects]


class WebhookConversion:
    """Strategy Webhook.

    :param webhook: ``spec.conversion.webhook`` of the CRD.
    """

    trivial = False

    def __init__(self, webhook: Mapping[str, Any], client: WebhookClient, reader: Reader) -> None:
        self.config: Mapping[str, Any] = webhook["clientConfig"]
        self.client = client
        self.reader = reader
        accepted = webhook.get("conversionReviewVersions") or ()
        self.review_version = next((one for one in accepted if one in _SUPPORTED_VERSIONS), "")

    async def convert(self, objects: Sequence[Object], api_version: str) -> list[Object]:
        """Objects that are in ``api_version`` already are not sent; the others go in one review."""
        sent = [obj for obj in objects if obj.get("apiVersion") != api_version]
        if not sent:
            return list(objects)
        failing = f"conversion webhook for {GroupVersionKind.parse(sent[0]['apiVersion'], sent[0].get('kind', ''))}"
        try:
            answers = await self._ask(sent, api_version)
        except (CallFailed, _InvalidAnswer) as error:
            raise APIError(f"{failing} failed: {error}") from error
        if len(answers) != len(sent):
            raise APIError(f"{failing} returned {len(answers)} objects, expected {len(sent)}")
        pairs = zip(sent, answers, strict=True)
        converted = iter([_checked(*pair, api_version, f"{failing} returned invalid") for pair in pairs])
        return [obj if obj.get("apiVersion") == api_version else next(converted) for obj in objects]

    async def _ask(self, objects: list[Object], api_version: str) -> list[Any]:
        uid = str(uuid.uuid4())
        if not self.review_version:
            raise _InvalidAnswer("webhook does not accept known ConversionReview versions")
        body = msgspec.json.encode(
            {
                "kind": "ConversionReview",
                "apiVersion": f"{_GROUP}/{self.review_version}",
                "request": {"uid": uid, "desiredAPIVersion": api_version, "objects": objects},
                # Go's encoder writes the empty response too, and recorded requests have it.
                "response": {"uid": "", "convertedObjects": None, "result": {"metadata": {}}},
            }
        )
        answer = await self.client.post(self.config, body, timeout=_TIMEOUT, reader=self.reader)
        return _read_answer(answer, uid, self.review_version)


class _InvalidAnswer(Exception):
    """What the webhook answered is no successful ConversionReview."""


class _Response(msgspec.Struct, rename="camel"):
    uid: str = ""
    converted_objects: list[Any] | None = None
    result: dict[str, Any] | None = None


class _Review(msgspec.Struct, rename="camel"):
    api_version: str = ""
    kind: str = ""
    response: _Response | None = None


_decoder = msgspec.json.Decoder(_Review)


def _read_answer(body: bytes, uid: str, version: str) -> list[Any]:
    try:
        review = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _InvalidAnswer(f"couldn't get version/kind; json parse error: {error}") from error
    expected = GroupVersionKind(_GROUP, version, "ConversionReview")
    received = GroupVersionKind.parse(review.api_version, review.kind)
    untyped = version == "v1beta1" and not review.api_version and not review.kind  # Nor has it to repeat the UID.
    if received != expected and not untyped:
        shown = f"{received.group}/{received.version}, Kind={received.kind}"
        raise _InvalidAnswer(f"expected webhook response of {expected}, got {shown}")
    response = review.response
    if response is None:
        raise _InvalidAnswer("no response provided")
    if version == "v1" and response.uid != uid:
        raise _InvalidAnswer(f'expected response.uid="{uid}", got "{response.uid}"')
    result = response.result or {}
    if result.get("status") != "Success":
        status = result.get("status") or ""
        raise _InvalidAnswer(result.get("message") or f"response.result.status was '{status}', not 'Success'")
    return response.converted_objects or []


def _checked(original: Object, converted: Any, api_version: str, invalid: str) -> Object:
    """The converted object with the original's metadata restored.

    kube-apiserver converts one object at a time, so its errors always speak of index 0.
    """
    if not isinstance(converted, dict):
        raise APIError(f"{invalid} object: invalid type, expected=Unstructured, got={type_name(converted)}")
    received = converted.get("apiVersion")
    if received != api_version:
        shown = received if isinstance(received, str) else ""
        raise APIError(f"{invalid} object at index 0: invalid groupVersion (expected {api_version}, received {shown})")
    kind = converted.get("kind") or ""
    if kind != original.get("kind"):
        raise APIError(f"{invalid} object at index 0: invalid kind (expected {original.get('kind')}, received {kind})")
    if problem := _identity_problem(original, converted):
        raise APIError(f"{invalid} object: {problem}")
    if problem := _metadata_problem(original, converted):
        raise APIError(f"{invalid} metadata: {problem}")
    metadata = dict(original.get("metadata") or {})
    for key in ("labels", "annotations"):
        metadata.pop(key, None)
        if (value := converted["metadata"].get(key)) is not None:
            metadata[key] = value
    return {**converted, "metadata": metadata}


def _identity_problem(original: Object, converted: Object) -> str | None:
    before, after = original.get("metadata") or {}, converted.get("metadata")
    if not isinstance(after, dict):
        return None  # reported with the metadata
    for key, word in (("name", "name"), ("namespace", "namespace"), ("uid", "UID")):
        if (before.get(key) or "") != (after.get(key) or ""):
            return f"must have the same {word}: {before.get(key) or ''} != {after.get(key) or ''}"
    return None


def _metadata_problem(original: Object, converted: Object) -> str | None:
    if "metadata" not in converted:
        return "missing metadata in converted object"
    after = converted["metadata"]
    if not isinstance(after, dict):
        return f"invalid metadata of type {type_name(after)} in converted object"
    before = original.get("metadata") or {}
    for key in ("labels", "annotations"):
        texts = after.get(key)
        if texts is None:
            continue
        if not isinstance(texts, dict):
            return f"invalid metadata.{key} of type {type_name(texts)} in converted object"
        for name, text in texts.items():
            if not isinstance(text, str):
                return f"metadata.{key}[{name}] must be a string, but is {type_name(text)} in converted object"
        if texts != before.get(key) and (problem := _texts_problem(key, texts)):
            return problem
    return None


def _texts_problem(key: str, texts: Mapping[str, str]) -> str:
    """Labels and annotations that the webhook changed must be ones that a client could have written."""
    if key == "labels":
        causes = validate_labels(texts, "metadata.labels")
    else:
        causes = validate_annotations(texts, "metadata.annotation")  # So Kubernetes calls them here.
    problems = list(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in causes))
    return f"[{', '.join(problems)}]" if len(problems) > 1 else "".join(problems)
