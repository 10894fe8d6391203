"""Acting as another: the ``Impersonate-*`` headers, and whether the caller may send them.

The authenticated user and the headers go in, the user to act as comes out.  Semantics:
k8s.io/apiserver/pkg/endpoints/filters/impersonation.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote

from kubewright.apiserver.auth.authentication import AUTHENTICATED, Headers
from kubewright.apiserver.auth.authorizer import Authorizer, require
from kubewright.apiserver.auth.service_accounts import groups_of, split_user_name
from kubewright.apiserver.request import ANONYMOUS, RequestInfo, UserInfo
from kubewright.objects.errors import BadRequest

_PREFIX: Final = b"impersonate-"
_EXTRA: Final = b"impersonate-extra-"
_UNAUTHENTICATED: Final = "system:unauthenticated"


def impersonated(user: UserInfo, headers: Headers, authorizer: Authorizer, path: str) -> UserInfo:
    """The user whom the request acts as: the caller, if no header asks for another.

    :param path: the request's URL path.
    :raises BadRequest: groups, a uid or extra are given without a user.
    :raises Forbidden: the caller may not impersonate one of them.
    """
    asked = [(name, value.decode("latin-1")) for name, value in headers if name.startswith(_PREFIX)]
    if not asked:
        return user
    name = next((value for header, value in asked if header == b"impersonate-user"), "")
    uid = next((value for header, value in asked if header == b"impersonate-uid"), "")
    groups = [value for header, value in asked if header == b"impersonate-group"]
    extra: dict[str, list[str]] = {}
    for header, value in asked:
        if header.startswith(_EXTRA):
            extra.setdefault(unquote(header[len(_EXTRA) :].decode("latin-1")), []).append(value)
    if not name:
        if groups or uid or extra:
            raise BadRequest("requested to impersonate groups, a uid or extra without impersonating a user")
        return user
    for request in _requests(name, groups, uid, extra, path):
        require(authorizer, user, request)
    return UserInfo(name, _with_implied(name, groups), uid, extra)


def _requests(name: str, groups: list[str], uid: str, extra: dict[str, list[str]], path: str) -> Iterator[RequestInfo]:
    """What the caller must be allowed, one by one."""
    account = split_user_name(name)
    if account is not None:
        yield _request(path, "serviceaccounts", account[1], namespace=account[0])
    else:
        yield _request(path, "users", name)
    for group in groups:
        yield _request(path, "groups", group)
    for key, values in extra.items():
        for value in values:
            yield _request(path, "userextras", value, group="authentication.k8s.io", subresource=key)
    if uid:
        yield _request(path, "uids", uid, group="authentication.k8s.io")


def _request(
    path: str, resource: str, name: str, *, namespace: str = "", group: str = "", subresource: str = ""
) -> RequestInfo:
    return RequestInfo(
        verb="impersonate",
        path=path,
        is_resource=True,
        group=group,
        version="v1",
        resource=resource,
        subresource=subresource,
        namespace=namespace,
        name=name,
    )


def _with_implied(name: str, groups: list[str]) -> tuple[str, ...]:
    """The groups, with those that every user of the sort is in."""
    account = split_user_name(name)
    if account is not None and not groups:
        groups = list(groups_of(account[0]))
    if AUTHENTICATED in groups or _UNAUTHENTICATED in groups:
        return tuple(groups)
    return (*groups, _UNAUTHENTICATED if name == ANONYMOUS.name else AUTHENTICATED)
