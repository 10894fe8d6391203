"""Requests that are not about stored objects: to most subresources, and to resources like reviews and bindings.

Subresources that hold the whole object go the way of the object itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from kubewright.apiserver.http import scale
from kubewright.apiserver.http.pod_eviction import evict
from kubewright.apiserver.http.pod_streams import connect, log
from kubewright.apiserver.http.pod_subresources import bind
from kubewright.apiserver.http.resources import VERBS, Handler
from kubewright.apiserver.http.reviews import REVIEWS, review, token_request
from kubewright.apiserver.http.status import method_not_allowed, resource_not_found
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.request import RequestInfo
from kubewright.objects.errors import MethodNotAllowed, NotFound

_HANDLERS: Mapping[tuple[str, str, str], Handler] = {
    **{(*name, ""): review for name in REVIEWS},
    ("", "bindings", ""): bind,
    ("", "pods", "attach"): connect,
    ("", "pods", "binding"): bind,
    ("", "pods", "eviction"): evict,
    ("", "pods", "exec"): connect,
    ("", "pods", "log"): log,
    ("", "pods", "portforward"): connect,
    ("", "serviceaccounts", "token"): token_request,
}
"""By group, resource and subresource."""


def resource_handler(resource: Resource, verb: str) -> Handler:
    """What answers a request to a resource, with a verb that it has."""
    return _HANDLERS.get((*resource.group_resource, "")) or VERBS[verb]


def subresource_handler(resource: Resource, info: RequestInfo) -> Handler:
    """What answers a request to a subresource.

    :raises NotFound: there is no such subresource.
    :raises MethodNotAllowed: it has no such verb.
    """
    subresource = resource.subresource(info.subresource)
    if subresource is None:
        if resource.custom:
            raise NotFound.of(resource.group_resource, info.name)
        raise resource_not_found()
    if info.verb not in subresource.verbs or not info.name:
        if resource.custom:
            group, plural = resource.group_resource
            raise MethodNotAllowed(
                f'{info.verb} is not supported on resources of kind "{plural}.{group}"',
                details={"group": group, "kind": plural},
            )
        raise method_not_allowed()
    special = _HANDLERS.get((*resource.group_resource, subresource.name))
    if special is not None:
        return special
    if subresource.name == "scale":
        return scale.HANDLERS[info.verb]
    if subresource.kind == resource.gvk and info.verb in VERBS:
        return VERBS[info.verb]
    raise method_not_allowed()
