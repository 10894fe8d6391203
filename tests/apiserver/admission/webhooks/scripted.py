"""A WebhookClient whose webhooks are functions of the review, by URL."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.apiserver.webhook_client import CallFailed, WebhookClient
from kubewright.objects.names import GroupVersionKind, GroupVersionResource

Script = Callable[[dict[str, Any]], dict[str, Any] | bytes]
"""Takes ``request`` of a review; gives ``response``, which is completed, or a raw body."""


class ScriptedClient(WebhookClient):
    def __init__(self, scripts: dict[str, Script]) -> None:
        super().__init__()
        self.scripts = scripts
        self.requests: list[tuple[str, dict[str, Any]]] = []

    async def post(self, config: Mapping[str, Any], body: bytes, *, timeout: float, reader: Reader) -> bytes:
        name = config["url"]
        review = msgspec.json.decode(body)
        self.requests.append((name, review["request"]))
        if name not in self.scripts:
            raise CallFailed(f'Post "{name}?timeout={timeout:.0f}s": connection refused')
        answer = self.scripts[name](review["request"])
        if isinstance(answer, bytes):
            return answer
        response = {"uid": review["request"]["uid"], "allowed": True, **answer}
        return msgspec.json.encode({**review, "response": response})


class OneVersion:
    """Every resource is served in one version only; defaulting labels what it has seen."""

    def equivalents(
        self, resource: GroupVersionResource, subresource: str
    ) -> Sequence[tuple[GroupVersionResource, GroupVersionKind]]:
        return []

    async def convert(self, obj: Object, kind: GroupVersionKind) -> Object:
        return {**obj, "apiVersion": kind.api_version}

    def default(self, obj: Object) -> None:
        obj.setdefault("data", {})


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"patchType": "JSONPatch", "patch": base64.b64encode(msgspec.json.encode(operations)).decode()}


def hook(name: str, **fields: Any) -> dict[str, Any]:
    """A webhook for every write of ConfigMaps, at the URL ``name``."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"], "scope": "*"}
    defaults = {
        "clientConfig": {"url": name},
        "rules": [rule],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "failurePolicy": "Fail",
    }
    return {"name": name, **defaults, **fields}


def configuration(name: str, *hooks: dict[str, Any]) -> Object:
    return {"metadata": {"name": name}, "webhooks": list(hooks)}
