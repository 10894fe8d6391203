"""May this user do that?  What every authorizer answers, and how a refusal reads.

A user and a `RequestInfo` go in, a `Decision` comes out; `require` turns a refusal into the Forbidden error that
kube-apiserver gives.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.objects.errors import Forbidden, resource_details
from kubewright.objects.names import GroupResource

MASTERS: Final = "system:masters"
"""Whoever is in this group may do everything, whatever the roles say."""


class Decision(NamedTuple):
    """``reason`` says which binding allowed it, or what could not be found out."""

    allowed: bool
    reason: str = ""


class Authorizer(Protocol):
    """Decides for one logical cluster."""

    def authorize(self, user: UserInfo, request: RequestInfo) -> Decision: ...


class AlwaysAllow:
    """``--authorization-mode=AlwaysAllow``."""

    def authorize(self, user: UserInfo, request: RequestInfo) -> Decision:
        return Decision(True)


def require(authorizer: Authorizer, user: UserInfo, request: RequestInfo) -> None:
    """Do nothing if the user may.

    :raises Forbidden: the user may not.
    """
    decision = authorizer.authorize(user, request)
    if not decision.allowed:
        raise forbidden(user, request, decision.reason)


def forbidden(user: UserInfo, request: RequestInfo, reason: str = "") -> Forbidden:
    """``pods "web" is forbidden: User "jane" cannot get resource "pods" in API group "" in the namespace "shop"``."""
    tail = f": {reason}" if reason else ""
    if not request.is_resource:
        return Forbidden(f'forbidden: User "{user.name}" cannot {request.verb} path "{request.path}"{tail}', details={})
    resource = GroupResource(request.group, request.resource)
    named = f'{resource} "{request.name}"' if request.name else str(resource)
    full = f"{request.resource}/{request.subresource}" if request.subresource else request.resource
    scope = f'in the namespace "{request.namespace}"' if request.namespace else "at the cluster scope"
    return Forbidden(
        f'{named} is forbidden: User "{user.name}" cannot {request.verb} resource "{full}" '
        f'in API group "{request.group}" {scope}{tail}',
        details=resource_details(resource, request.name),
    )
