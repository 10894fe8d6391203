"""Asking who a token, or the caller, is, and for a token: ``authentication.k8s.io/v1``.

A request object goes in, the same with its status filled in comes out; nothing is stored.  Semantics:
pkg/registry/authentication and pkg/registry/core/serviceaccount/storage/token.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from kubewright.apiserver.auth.authentication import Authentication
from kubewright.apiserver.auth.service_accounts import Bound, ServiceAccountTokens
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.apiserver.request import UserInfo
from kubewright.objects import field_errors
from kubewright.objects.errors import BadRequest, Cause, Conflict, Invalid, NotFound, Unauthorized
from kubewright.objects.names import GroupKind, GroupResource

_GROUP: Final = "authentication.k8s.io"
DEFAULT_SECONDS: Final = 3600
"""How long a token lives whose request does not say."""

_MIN_SECONDS: Final = 600
_MAX_SECONDS: Final = 1 << 32


def self_subject_review(review: Object, user: UserInfo, *, now: float) -> Object:
    """Who the caller is."""
    metadata = {"creationTimestamp": _timestamp(now)}
    return {**review, "metadata": metadata, "status": {"userInfo": user.to_json()}}


def token_review(review: Object, authentication: Authentication, reader: Reader, *, now: float) -> Object:
    """Whose token it is.

    :raises BadRequest: the review holds no token.
    """
    spec = review.get("spec") or {}
    token, audiences = spec.get("token") or "", spec.get("audiences") or []
    if not token:
        raise BadRequest("token is required for TokenReview in authentication")
    answer = {**review, "metadata": review.get("metadata") or {}}
    try:
        user = authentication.authenticate_token(token, reader, now=now, audiences=audiences)
    except Unauthorized:
        return {**answer, "status": {"user": {}, "error": "invalid bearer token"}}
    status: Object = {"authenticated": True, "user": user.to_json()}
    accounts = authentication.service_accounts
    if accounts is not None:
        meant = accounts.audiences(token) if accounts.issued(token) else [accounts.issuer]
        status["audiences"] = [audience for audience in audiences or [accounts.issuer] if audience in meant]
    return {**answer, "status": status}


def token_request(
    request: Object,
    namespace: str,
    name: str,
    tokens: ServiceAccountTokens,
    reader: Reader,
    *,
    now: float,
    token_id: str,
) -> Object:
    """A token for a service account (its ``token`` subresource).

    :param token_id: a fresh UUID.
    :raises NotFound: there is no such account, or no such object to bind the token to.
    :raises BadRequest: the token cannot be bound to that.
    :raises Conflict: what it is to be bound to is another object of that name.
    :raises Invalid: the life time is too short or too long.
    """
    account = reader.get("", "serviceaccounts", namespace, name)
    if account is None:
        raise NotFound.of(GroupResource("", "serviceaccounts"), name)
    asked = (request.get("metadata") or {}).get("name")
    if asked and asked != name:
        raise BadRequest(f"the name of the object ({asked}) does not match the name on the URL ({name})")
    spec = request.get("spec") or {}
    seconds = spec.get("expirationSeconds")
    seconds = DEFAULT_SECONDS if seconds is None else seconds
    if causes := _check_life_time(seconds):
        raise Invalid.of(GroupKind(_GROUP, "TokenRequest"), "", causes)
    bound = _bound(spec.get("boundObjectRef"), namespace, name, reader)
    audiences = spec.get("audiences") or [tokens.issuer]
    issued = int(now)
    token = tokens.issue(
        account, audiences=audiences, issued=issued, expires=issued + seconds, token_id=token_id, bound=bound
    )
    uid = account["metadata"]["uid"]
    metadata = {"name": name, "namespace": namespace, "uid": uid, "creationTimestamp": _timestamp(now)}
    return {
        **request,
        "metadata": metadata,
        "spec": {
            "audiences": audiences,
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": _timestamp(issued + seconds)},
    }


def _check_life_time(seconds: int) -> list[Cause]:
    path = "spec.expirationSeconds"
    if seconds < _MIN_SECONDS:
        return [field_errors.invalid(path, seconds, "may not specify a duration less than 10 minutes")]
    if seconds > _MAX_SECONDS:
        return [field_errors.invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")]
    return []


def _bound(reference: Mapping[str, Any] | None, namespace: str, account: str, reader: Reader) -> Bound | None:
    """The object that a token is to be bound to, if it exists and may be."""
    if reference is None:
        return None
    kind, name = reference.get("kind") or "", reference.get("name") or ""
    if (reference.get("apiVersion"), kind) not in (("v1", "Pod"), ("v1", "Secret"), ("v1", "Node")):
        raise BadRequest(f"cannot bind token to object of type /{reference.get('apiVersion') or ''}, Kind={kind}")
    plural = f"{kind.lower()}s"
    found = reader.get("", plural, "" if kind == "Node" else namespace, name)
    if found is None:
        raise NotFound.of(GroupResource("", plural), name)
    if kind == "Pod" and (found.get("spec") or {}).get("serviceAccountName") != account:
        raise BadRequest(
            f'cannot bind token for serviceaccount "{account}" to pod running with different serviceaccount name.'
        )
    uid = found["metadata"]["uid"]
    if reference.get("uid") and reference["uid"] != uid:
        why = (
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise Conflict.of(GroupResource("", plural), name, why)
    return Bound(kind.lower(), name, uid)


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
