"""AdmissionReviews for the tests of this folder, and a kind to put into them."""

from typing import Any, ClassVar

import msgspec

from kubewright.objects.base import Struct
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.webhook.review import AdmissionRequest, read_review


class WidgetSpec(Struct):
    size: int | None = None
    host: str | None = None
    ports: list[int] = []


class Widget(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("example.com", "v1", "Widget")
    plural: ClassVar[str] = "widgets"

    spec: WidgetSpec = msgspec.field(default_factory=WidgetSpec)


def widget(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w", "namespace": "n"}, "spec": spec}


def review(
    operation: str = "CREATE", obj: dict[str, Any] | None = None, old: dict[str, Any] | None = None, **fields: Any
) -> bytes:
    request = {
        "uid": "u-1",
        "kind": {"group": "example.com", "version": "v1", "kind": "Widget"},
        "resource": {"group": "example.com", "version": "v1", "resource": "widgets"},
        "name": "w",
        "namespace": "n",
        "operation": operation,
        "userInfo": {"username": "alice", "groups": ["devs"]},
        "object": obj,
        "oldObject": old,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        **fields,
    }
    return msgspec.json.encode({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request})


def request(*args: Any, **fields: Any) -> AdmissionRequest:
    return read_review(review(*args, **fields))[1]
