from typing import Any, ClassVar

import msgspec
import pytest

from kubewright.objects.base import Struct
from kubewright.objects.meta import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.webhook.conversion import ConversionError, Conversions, answer_conversion
from kubewright.webhook.review import MalformedReview


class HostSpec(Struct):
    host: str = ""


class SiteSpec(Struct):
    hostname: str = ""
    replicas: int = 1


class V1Alpha1(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("example.com", "v1alpha1", "Site")
    plural: ClassVar[str] = "sites"
    spec: HostSpec = msgspec.field(default_factory=HostSpec)


class V1Beta1(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("example.com", "v1beta1", "Site")
    plural: ClassVar[str] = "sites"
    spec: HostSpec = msgspec.field(default_factory=HostSpec)


class V1(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("example.com", "v1", "Site")
    plural: ClassVar[str] = "sites"
    spec: SiteSpec = msgspec.field(default_factory=SiteSpec)


def site(version: str, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": "s", "uid": "1"}
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": f"example.com/{version}", "kind": "Site", "metadata": metadata, "spec": spec}


def conversions(*, lossless: bool = False) -> Conversions:
    found = Conversions(lossless=lossless)
    found.add(V1Alpha1, V1, lambda old: V1(spec=SiteSpec(hostname=old.spec.host)))
    found.add(V1, V1Alpha1, lambda new: V1Alpha1(spec=HostSpec(host=new.spec.hostname)))
    found.add(V1Beta1, V1, lambda old: V1(spec=SiteSpec(hostname=old.spec.host)))
    found.add(V1, V1Beta1, lambda new: V1Beta1(spec=HostSpec(host=new.spec.hostname)))
    return found


def test_a_function_converts_and_the_metadata_comes_along() -> None:
    converted = conversions().convert(site("v1alpha1", {"a": "b"}, host="h"), "example.com/v1")
    assert converted == site("v1", {"a": "b"}, hostname="h", replicas=1)


def test_versions_without_a_function_between_them_meet_at_the_hub() -> None:
    assert conversions().convert(site("v1alpha1", host="h"), "example.com/v1beta1") == site("v1beta1", host="h")


def test_a_missing_route_names_what_there_is() -> None:
    only = Conversions()
    only.add(V1, V1Alpha1, lambda new: V1Alpha1())
    with pytest.raises(
        ConversionError, match=r"no functions convert .*v1alpha1 to .*/v1; there are: example.com/v1 to"
    ):
        only.convert(site("v1alpha1"), "example.com/v1")


def test_a_function_that_fails_is_named_with_its_object() -> None:
    broken = Conversions()
    broken.add(V1, V1Alpha1, lambda new: V1Alpha1(spec=HostSpec(host=[][0])))
    with pytest.raises(ConversionError, match=r'converting Site "s" from example.com/v1 to .*: IndexError'):
        broken.convert(site("v1"), "example.com/v1alpha1")


def test_versions_of_different_kinds_cannot_be_converted() -> None:
    class Other(V1):
        gvk: ClassVar[GroupVersionKind] = GroupVersionKind("example.com", "v1", "Other")

    with pytest.raises(ValueError, match="not versions of one kind"):
        Conversions().add(V1Alpha1, Other, lambda old: Other())


def test_lossless_conversion_brings_back_what_the_older_version_cannot_say() -> None:
    original = site("v1", hostname="h", replicas=5)
    assert conversions().convert(conversions().convert(original, "example.com/v1alpha1"), "example.com/v1") != original
    lossless = conversions(lossless=True)
    old = lossless.convert(original, "example.com/v1alpha1")
    assert old["spec"] == {"host": "h"}
    assert lossless.convert(old, "example.com/v1") == original


def test_what_a_user_changes_in_the_older_version_wins_over_what_was_kept() -> None:
    lossless = conversions(lossless=True)
    old = lossless.convert(site("v1", hostname="h", replicas=5), "example.com/v1alpha1")
    old["spec"]["host"] = "changed"
    assert lossless.convert(old, "example.com/v1") == site("v1", hostname="changed", replicas=5)


def test_what_was_kept_survives_a_detour_through_a_third_version() -> None:
    lossless = conversions(lossless=True)
    old = lossless.convert(site("v1", hostname="h", replicas=5), "example.com/v1alpha1")
    beta = lossless.convert(old, "example.com/v1beta1")
    assert beta["spec"] == {"host": "h"}
    assert lossless.convert(beta, "example.com/v1") == site("v1", hostname="h", replicas=5)


def test_nothing_is_kept_when_nothing_is_lost() -> None:
    converted = conversions(lossless=True).convert(site("v1alpha1", host="h"), "example.com/v1")
    assert "annotations" not in converted["metadata"]


def test_a_garbled_annotation_is_the_users_business() -> None:
    lossless = conversions(lossless=True)
    converted = lossless.convert(site("v1alpha1", {Conversions.annotation: "{"}, host="h"), "example.com/v1")
    assert converted["spec"]["hostname"] == "h"


def answer(*objects: dict[str, Any], api_version: str = "apiextensions.k8s.io/v1") -> dict[str, Any]:
    request = {"uid": "u", "desiredAPIVersion": "example.com/v1", "objects": list(objects)}
    body = msgspec.json.encode({"apiVersion": api_version, "kind": "ConversionReview", "request": request})
    response, _ = answer_conversion(body, lambda api_version, kind: conversions() if kind == "Site" else None)
    decoded: dict[str, Any] = msgspec.json.decode(response)
    return decoded


def test_a_review_is_answered_in_its_order() -> None:
    response = answer(site("v1alpha1", host="a"), site("v1beta1", host="b"))["response"]
    assert (response["uid"], response["result"]) == ("u", {"status": "Success"})
    assert [obj["spec"]["hostname"] for obj in response["convertedObjects"]] == ["a", "b"]


def test_one_failure_fails_the_review() -> None:
    response = answer(site("v1alpha1", host="a"), {"apiVersion": "example.com/v1", "kind": "Gadget"})["response"]
    assert response["convertedObjects"] == []
    assert response["result"]["message"] == 'no conversion functions for example.com/v1 Gadget ""'


def test_another_body_is_malformed() -> None:
    with pytest.raises(MalformedReview):
        answer(api_version="example.com/v1")
    with pytest.raises(MalformedReview):
        answer_conversion(b"{", lambda api_version, kind: None)
    with pytest.raises(MalformedReview, match="must be texts"):
        answer({"apiVersion": 5, "kind": "Site"})
