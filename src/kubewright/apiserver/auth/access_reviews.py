"""The reviews by which clients ask what somebody may do: ``authorization.k8s.io/v1``.

A review object goes in, the same with its status filled in comes out; nothing is stored.  Semantics:
pkg/registry/authorization.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from kubewright.apiserver.auth.authorizer import Authorizer
from kubewright.apiserver.auth.rbac import RBAC
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.objects import field_errors
from kubewright.objects.errors import BadRequest, Cause, Invalid
from kubewright.objects.names import GroupKind
from kubewright.objects.selectors import label_key_problem

_GROUP: Final = "authorization.k8s.io"


def self_subject_access_review(review: Object, user: UserInfo, authorizer: Authorizer) -> Object:
    """Whether the caller may.

    :raises Invalid: the review does not say what exactly.
    """
    spec = review.get("spec") or {}
    _require_valid([*_check_attributes(spec), *_check_metadata(review, ())])
    return _answered(review, user, spec, authorizer)


def subject_access_review(review: Object, authorizer: Authorizer) -> Object:
    """Whether the user named in the review may.

    :raises Invalid: the review does not say who, or what exactly.
    """
    spec = review.get("spec") or {}
    _require_valid([*_check_attributes(spec), *_check_subject(spec), *_check_metadata(review, ())])
    return _answered(review, _subject(spec), spec, authorizer)


def local_subject_access_review(review: Object, namespace: str, authorizer: Authorizer) -> Object:
    """Whether the user named in the review may, in the namespace of the request.

    :raises BadRequest: the review is about another namespace.
    :raises Invalid: it does not say who, or what exactly.
    """
    spec = review.get("spec") or {}
    causes = [*_check_attributes(spec), *_check_subject(spec), *_check_metadata(review, ("namespace",))]
    resource = spec.get("resourceAttributes") or {}
    if "resourceAttributes" in spec and (review["metadata"].get("namespace") or "") != (
        resource.get("namespace") or ""
    ):
        text = "must match metadata.namespace"
        causes.append(field_errors.invalid("spec.resourceAttributes.namespace", resource.get("namespace") or "", text))
    if "nonResourceAttributes" in spec:
        text = "disallowed on this kind of request"
        causes.append(field_errors.invalid("spec.nonResourceAttributes", spec["nonResourceAttributes"], text))
    _require_valid(causes)
    if (resource.get("namespace") or "") != namespace:
        raise BadRequest(f"spec.resourceAttributes.namespace must match namespace: {namespace}")
    return _answered(review, _subject(spec), spec, authorizer)


def self_subject_rules_review(review: Object, user: UserInfo, authorizer: Authorizer) -> Object:
    """What the caller may do in a namespace, as far as rules can tell.

    :raises BadRequest: no namespace is named.
    """
    namespace = (review.get("spec") or {}).get("namespace") or ""
    if not namespace:
        raise BadRequest("no namespace on request")
    if isinstance(authorizer, RBAC):
        rules = authorizer.rules(user, namespace)
    else:
        rules = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}, {"verbs": ["*"], "nonResourceURLs": ["*"]}]
    status = {
        "resourceRules": [
            _only(rule, "verbs", "apiGroups", "resources", "resourceNames") for rule in rules if rule.get("resources")
        ],
        "nonResourceRules": [_only(rule, "verbs", "nonResourceURLs") for rule in rules if rule.get("nonResourceURLs")],
        "incomplete": False,
    }
    return {**review, "metadata": review.get("metadata") or {}, "status": status}


def _only(rule: Mapping[str, Any], *parts: str) -> dict[str, Any]:
    return {part: rule[part] for part in parts if rule.get(part)}


def _answered(review: Object, user: UserInfo, spec: Mapping[str, Any], authorizer: Authorizer) -> Object:
    decision = authorizer.authorize(user, _request(spec))
    status: Object = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return {**review, "status": status}


def _subject(spec: Mapping[str, Any]) -> UserInfo:
    return UserInfo(
        spec.get("user") or "", tuple(spec.get("groups") or ()), spec.get("uid") or "", spec.get("extra") or {}
    )


def _request(spec: Mapping[str, Any]) -> RequestInfo:
    if (resource := spec.get("resourceAttributes")) is not None:
        return RequestInfo(
            verb=resource.get("verb") or "",
            path="",
            is_resource=True,
            group=resource.get("group") or "",
            version=resource.get("version") or "*",
            resource=resource.get("resource") or "",
            subresource=resource.get("subresource") or "",
            namespace=resource.get("namespace") or "",
            name=resource.get("name") or "",
        )
    attributes = spec["nonResourceAttributes"]
    return RequestInfo(verb=attributes.get("verb") or "", path=attributes.get("path") or "")


# --- validation -----------------------------------------------------------------------------------------------------


def _check_attributes(spec: Mapping[str, Any]) -> list[Cause]:
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and other is not None:
        text = "cannot be specified in combination with resourceAttributes"
        return [field_errors.invalid("spec.nonResourceAttributes", other, text)]
    if resource is None and other is None:
        text = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [field_errors.invalid("spec.resourceAttributes", None, text)]
    causes: list[Cause] = []
    for kind in ("fieldSelector", "labelSelector"):
        if (selector := (resource or {}).get(kind)) is not None:
            causes += _check_selector(selector, f"spec.resourceAttributes.{kind}", labels=kind == "labelSelector")
    return causes


def _check_selector(selector: Mapping[str, Any], path: str, *, labels: bool) -> Iterator[Cause]:
    """``validateFieldSelectorAttributes`` and ``validateLabelSelectorAttributes``; operators may be from the future."""
    raw, requirements = selector.get("rawSelector"), selector.get("requirements") or ()
    if raw and requirements:
        yield field_errors.invalid(f"{path}.rawSelector", raw, "may not specified at the same time as requirements")
    if not raw and not requirements:
        text = f"when {path} is specified, requirements or rawSelector is required"
        yield field_errors.required(f"{path}.requirements", text)
    for index, requirement in enumerate(requirements):
        yield from _check_requirement(requirement, f"{path}.requirements[{index}]", labels=labels)


def _check_requirement(requirement: Mapping[str, Any], path: str, *, labels: bool) -> Iterator[Cause]:
    key, operator, values = (requirement.get(part) or "" for part in ("key", "operator", "values"))
    if not key and not labels:
        yield field_errors.required(f"{path}.key", "must be specified")
    if operator in ("In", "NotIn") and not values:
        yield field_errors.required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    if operator in ("Exists", "DoesNotExist") and values:
        text = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
        yield field_errors.forbidden(f"{path}.values", text)
    if labels and (problem := label_key_problem(key)):
        yield field_errors.invalid(f"{path}.key", key, problem)


def _check_subject(spec: Mapping[str, Any]) -> list[Cause]:
    if spec.get("user") or spec.get("groups"):
        return []
    return [field_errors.invalid("spec.user", "", "at least one of user or group must be specified")]


def _check_metadata(review: Object, allowed: tuple[str, ...]) -> list[Cause]:
    metadata = review.setdefault("metadata", {})
    if all(name in (*allowed, "managedFields", "creationTimestamp") for name in metadata):
        return []
    text = "must be empty except for namespace" if allowed else "must be empty"
    return [field_errors.invalid("metadata", metadata, text)]


def _require_valid(causes: list[Cause]) -> None:
    if causes:
        raise Invalid.of(GroupKind(_GROUP, ""), "", causes)
