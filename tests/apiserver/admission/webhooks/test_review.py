from typing import Any

import msgspec
import pytest
from tests.apiserver.admission.attributes import CONFIG_MAP, CONFIG_MAPS, attributes, config_map
from tests.apiserver.admission.webhooks.scripted import patch

from kubewright.apiserver.admission.rules import Target
from kubewright.apiserver.admission.webhooks.review import InvalidAnswer, Verdict, read_answer, request_body


def answer(api_version: str = "admission.k8s.io/v1", **response: Any) -> bytes:
    review = {"apiVersion": api_version, "kind": "AdmissionReview", "response": {"uid": "u", **response}}
    return msgspec.json.encode(review)


def test_a_review_describes_the_write() -> None:
    request = attributes("UPDATE", obj=config_map(labels={"a": "b"}), old=config_map(), dry_run=True)
    body = request_body(
        request, Target(CONFIG_MAPS, CONFIG_MAP), uid="u", version="v1", obj=request.obj, old=request.old
    )
    kind = {"group": "", "version": "v1", "kind": "ConfigMap"}
    resource = {"group": "", "version": "v1", "resource": "configmaps"}
    assert msgspec.json.decode(body) == {
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": "u",
            "kind": kind,
            "resource": resource,
            "requestKind": kind,
            "requestResource": resource,
            "name": "a",
            "namespace": "team",
            "operation": "UPDATE",
            "userInfo": {"username": "alice", "groups": ["system:authenticated"]},
            "object": config_map(labels={"a": "b"}),
            "oldObject": config_map(),
            "dryRun": True,
            "options": {"kind": "UpdateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    }


def test_a_subresource_is_named_twice_and_a_missing_name_not_at_all() -> None:
    request = attributes(subresource="status", name="", namespace="")
    body = request_body(request, Target(CONFIG_MAPS, CONFIG_MAP), uid="u", version="v1", obj=None, old=None)
    sent = msgspec.json.decode(body)["request"]
    assert (sent["subResource"], sent["requestSubResource"]) == ("status", "status")
    assert "name" not in sent and "namespace" not in sent


@pytest.mark.parametrize(
    ("body", "mutating", "why"),
    [
        (b"not json", True, "couldn't get version/kind; json parse error"),
        (b'{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}', True, "webhook response was absent"),
        (answer(uid="other"), True, 'expected response.uid="u", got "other"'),
        (
            answer("admission.k8s.io/v9"),
            True,
            "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got admission.k8s.io/v9, Kind=Adm",
        ),
        (answer(patch="W10="), True, "webhook returned response.patch but not response.patchType"),
        (answer(patchType="JSONPatch"), True, "webhook returned response.patchType but not response.patch"),
        (answer(patch="?", patchType="JSONPatch"), True, "illegal base64 data"),
        (answer(**patch({"op": "add"})), False, "validating webhook may not return response.patch"),
        (answer(patchType="JSONPatch"), False, "validating webhook may not return response.patchType"),
    ],
)
def test_a_bad_answer_is_explained(body: bytes, mutating: bool, why: str) -> None:
    with pytest.raises(InvalidAnswer) as error:
        read_answer(body, uid="u", version="v1", mutating=mutating)
    assert why in str(error.value)


def test_the_beta_version_is_read_leniently() -> None:
    verdict = read_answer(answer("", uid="", patch="W10="), uid="u", version="v1beta1", mutating=True)
    assert verdict.patch_type == "JSONPatch"


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (None, 400, 'admission webhook "h" denied the request without explanation'),
        ({"message": "no"}, 400, 'admission webhook "h" denied the request: no'),
        ({"reason": "Custom", "code": 418}, 418, 'admission webhook "h" denied the request: Custom'),
        ({"message": "ok?", "code": 200, "status": "Success"}, 400, 'admission webhook "h" denied the request: ok?'),
    ],
)
def test_a_rejection_is_always_an_error(status: dict[str, Any] | None, code: int, message: str) -> None:
    error = Verdict(status=status).rejection("h").status()
    assert (error["code"], error["message"], error["status"]) == (code, message, "Failure")


def test_a_rejection_keeps_the_webhooks_causes() -> None:
    causes = [{"field": "data.x", "message": "m", "reason": "FieldValueInvalid"}]
    error = Verdict(status={"code": 422, "reason": "Invalid", "details": {"causes": causes}}).rejection("h")
    assert error.status()["details"] == {"causes": causes}
