"""Reviews, token requests and the audit log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.apiserver.auth.cluster import Cluster, Object, rule

from kubewright.apiserver.auth import (
    RBAC,
    AlwaysAllow,
    AuditLog,
    Authentication,
    Decision,
    ServiceAccountTokens,
    access_reviews,
    audit_event,
    token_reviews,
)
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.objects.errors import BadRequest, Conflict, Invalid, NotFound

NOW = 1_900_000_000.5
JANE = UserInfo("jane", ("system:authenticated",), "u-1")


@pytest.fixture
def cluster() -> Cluster:
    cluster = Cluster()
    cluster.role("r", rule("list", "deployments", "apps"), {"verbs": ["get"], "nonResourceURLs": ["/x"]})
    cluster.bind("r", "User:jane")
    cluster.add("serviceaccounts", "sa", "shop")
    cluster.add("pods", "p", "shop", spec={"serviceAccountName": "sa"})
    return cluster


def review(kind: str = "SelfSubjectAccessReview", **spec: Any) -> Object:
    return {"kind": kind, "spec": spec}


DEPLOYMENTS = {"verb": "list", "group": "apps", "resource": "deployments", "namespace": "shop"}


def test_access_reviews_tell_whether_one_may(cluster: Cluster) -> None:
    rbac = RBAC(cluster, cluster.version)
    own = access_reviews.self_subject_access_review(review(resourceAttributes=DEPLOYMENTS), JANE, rbac)
    assert own["metadata"] == {}
    assert own["status"]["allowed"] is True
    other = access_reviews.subject_access_review(review(user="bob", resourceAttributes=DEPLOYMENTS), rbac)
    assert other["status"] == {"allowed": False}
    masters = review(user="bob", groups=["system:masters"], resourceAttributes=DEPLOYMENTS)
    masters["metadata"] = {"namespace": "shop"}
    assert access_reviews.local_subject_access_review(masters, "shop", rbac)["status"]["allowed"] is True
    nothing = access_reviews.self_subject_access_review(review(resourceAttributes={}), JANE, rbac)
    assert nothing["status"]["allowed"] is False
    path = review(nonResourceAttributes={"verb": "get", "path": "/x"})
    assert access_reviews.self_subject_access_review(path, JANE, rbac)["status"]["allowed"] is True


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({}, "spec.resourceAttributes"),
        ({"resourceAttributes": {}, "nonResourceAttributes": {}}, "spec.nonResourceAttributes"),
    ],
)
def test_a_review_says_what_exactly(cluster: Cluster, spec: Object, field: str) -> None:
    with pytest.raises(Invalid) as error:
        access_reviews.self_subject_access_review(review(**spec), JANE, RBAC(cluster, cluster.version))
    assert [cause.field for cause in error.value.causes] == [field]
    assert error.value.status()["details"]["group"] == "authorization.k8s.io"


def test_a_review_of_another_says_whom(cluster: Cluster) -> None:
    with pytest.raises(Invalid) as error:
        access_reviews.subject_access_review(review(resourceAttributes=DEPLOYMENTS), RBAC(cluster, cluster.version))
    assert [cause.field for cause in error.value.causes] == ["spec.user"]


def test_rules_reviews_list_the_rules(cluster: Cluster) -> None:
    answer = access_reviews.self_subject_rules_review(review(namespace="shop"), JANE, RBAC(cluster, cluster.version))
    assert answer["status"] == {
        "resourceRules": [{"verbs": ["list"], "apiGroups": ["apps"], "resources": ["deployments"]}],
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/x"]}],
        "incomplete": False,
    }
    with pytest.raises(BadRequest, match="no namespace on request"):
        access_reviews.self_subject_rules_review(review(), JANE, RBAC(cluster, cluster.version))


def test_a_self_subject_review_names_the_caller() -> None:
    answer = token_reviews.self_subject_review({"kind": "SelfSubjectReview"}, JANE, now=NOW)
    assert answer["metadata"] == {"creationTimestamp": "2030-03-17T17:46:40Z"}
    assert answer["status"] == {"userInfo": {"username": "jane", "uid": "u-1", "groups": ["system:authenticated"]}}


# --- tokens ---------------------------------------------------------------------------------------------------------

TOKENS = ServiceAccountTokens.generate()


def request(cluster: Cluster, name: str = "sa", **spec: Any) -> Object:
    body = {"kind": "TokenRequest", "spec": spec}
    return token_reviews.token_request(body, "shop", name, TOKENS, cluster, now=NOW, token_id="id-1")


def test_a_requested_token_authenticates_and_is_reviewed(cluster: Cluster) -> None:
    granted = request(cluster, expirationSeconds=3600)
    assert granted["metadata"]["uid"] == "uid-of-sa"
    assert granted["spec"] == {
        "audiences": ["https://kubernetes.default.svc"],
        "expirationSeconds": 3600,
        "boundObjectRef": None,
    }
    assert granted["status"]["expirationTimestamp"] == "2030-03-17T18:46:40Z"
    authentication = Authentication(service_accounts=TOKENS)
    asked = review("TokenReview", token=granted["status"]["token"])
    status = token_reviews.token_review(asked, authentication, cluster, now=NOW)["status"]
    assert status["authenticated"] is True
    assert status["user"]["username"] == "system:serviceaccount:shop:sa"
    assert status["audiences"] == ["https://kubernetes.default.svc"]


def test_bound_tokens_with_an_audience(cluster: Cluster) -> None:
    reference = {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "uid-of-p"}
    token = request(cluster, audiences=["me"], boundObjectRef=reference)["status"]["token"]
    authentication = Authentication(service_accounts=TOKENS)
    for audience, authenticated in (("me", True), ("other", None)):
        asked = review("TokenReview", token=token, audiences=[audience])
        status = token_reviews.token_review(asked, authentication, cluster, now=NOW)["status"]
        assert status.get("authenticated") is authenticated


def test_reviews_of_bad_tokens(cluster: Cluster) -> None:
    authentication = Authentication(service_accounts=TOKENS)
    garbage = token_reviews.token_review(review(token="garbage"), authentication, cluster, now=NOW)
    assert garbage["status"] == {"user": {}, "error": "invalid bearer token"}
    with pytest.raises(BadRequest):
        token_reviews.token_review(review(token=""), authentication, cluster, now=NOW)


@pytest.mark.parametrize(
    ("name", "spec", "error"),
    [
        ("none", {}, NotFound),
        ("sa", {"expirationSeconds": 5}, Invalid),
        ("sa", {"expirationSeconds": 1 << 33}, Invalid),
        ("sa", {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "nope"}}, NotFound),
        ("sa", {"boundObjectRef": {"kind": "ConfigMap", "apiVersion": "v1", "name": "x"}}, BadRequest),
        ("sa", {"boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "x"}}, Conflict),
    ],
)
def test_tokens_that_cannot_be_issued(cluster: Cluster, name: str, spec: Object, error: type[Exception]) -> None:
    with pytest.raises(error):
        request(cluster, name, **spec)


# --- audit ----------------------------------------------------------------------------------------------------------


def test_the_audit_log_gets_a_line_an_event(tmp_path: Path) -> None:
    log = AuditLog(str(tmp_path / "audit.log"))
    asked = RequestInfo("get", "/api/v1/namespaces/shop/pods/web", True, "", "v1", "pods", "", "shop", "web")
    event = audit_event(
        asked,
        JANE,
        audit_id="a-1",
        uri="/api/v1/namespaces/shop/pods/web?pretty=1",
        received=NOW,
        finished=NOW + 0.25,
        code=403,
        decision=Decision(False),
        source="127.0.0.1",
        status={"status": "Failure", "reason": "Forbidden", "message": "no"},
    )
    log.write([event, event])
    log.close()
    first, second = (json.loads(line) for line in (tmp_path / "audit.log").read_text().splitlines())
    assert first == second == event
    assert first["objectRef"] == {"resource": "pods", "namespace": "shop", "name": "web", "apiVersion": "v1"}
    assert first["responseStatus"] == {
        "metadata": {},
        "status": "Failure",
        "message": "no",
        "reason": "Forbidden",
        "code": 403,
    }
    assert first["stageTimestamp"] == "2030-03-17T17:46:40.750000Z"
    assert first["annotations"]["authorization.k8s.io/decision"] == "forbid"


@pytest.mark.parametrize(
    ("selectors", "fields"),
    [
        ({"fieldSelector": {}}, ["fieldSelector.requirements"]),
        ({"fieldSelector": {"requirements": [{"key": "", "operator": "In"}]}}, ["key", "values"]),
        ({"fieldSelector": {"requirements": [{"key": "a", "operator": "Exists", "values": ["b"]}]}}, ["values"]),
        ({"labelSelector": {"rawSelector": "a", "requirements": [{"key": "a", "operator": "New"}]}}, ["rawSelector"]),
        ({"labelSelector": {"requirements": [{"key": "-", "operator": "Exists"}]}}, ["key"]),
        ({"labelSelector": {"rawSelector": "a=b"}, "fieldSelector": {"rawSelector": "c=d"}}, []),
    ],
)
def test_selectors_of_a_review_are_checked(selectors: Mapping[str, Any], fields: list[str]) -> None:
    asked = review(resourceAttributes={"verb": "list", "resource": "pods", **selectors})
    found: list[str] = []
    try:
        access_reviews.self_subject_access_review(asked, UserInfo("jane"), AlwaysAllow())
    except Invalid as error:
        found = [cause.field for cause in error.causes]
    assert len(found) == len(fields)
    assert all(one.endswith(field) for one, field in zip(found, fields, strict=True))
