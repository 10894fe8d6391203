"""One write as the expressions of policies see it: ``request``, ``object``, ``namespaceObject``, ``authorizer``, ..."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.rules import Target
from kubewright.apiserver.auth.authorizer import Authorizer as RequestAuthorizer
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.request import RequestInfo, UserInfo
from kubewright.cel.library.authorizer import Authorizer, Decision, Query, ResourceCheck
from kubewright.cel.values import Timestamp
from kubewright.objects.errors import NotFound
from kubewright.objects.names import GroupResource

_NAMESPACES = GroupResource("", "namespaces")
_TIMES = ("creationTimestamp", "deletionTimestamp")
_NAMESPACE_METADATA = (
    "name", "generateName", "namespace", "labels", "annotations", "deletionGracePeriodSeconds", "generation",
    "resourceVersion", "finalizers",
)  # fmt: skip


def inputs(
    attributes: Attributes,
    target: Target,
    *,
    obj: Object | None,
    old: Object | None,
    params: Object | None,
    authorizer: RequestAuthorizer,
) -> dict[str, Any]:
    """The variables of all expressions but ``variables``; ``obj`` and ``old`` are in the version of ``target``.

    :raises NotFound: the request's namespace does not exist.
    """
    access = Authorizer(_decider(attributes.user, attributes.cluster, authorizer))
    of_request = Query(
        group=attributes.resource.group,
        resource=attributes.resource.resource,
        subresource=attributes.subresource,
        namespace=attributes.namespace,
        name=attributes.name,
    )
    return {
        "object": obj,
        "oldObject": old,
        "request": _request(attributes, target),
        "namespaceObject": _namespace(attributes),
        "params": params,
        "authorizer": access,
        "authorizer.requestResource": ResourceCheck(access.decide, of_request),
    }


def _request(attributes: Attributes, target: Target) -> Object:
    request: Object = {
        "kind": target.kind._asdict(),
        "resource": target.resource._asdict(),
        "requestKind": attributes.kind._asdict(),
        "requestResource": attributes.resource._asdict(),
        "operation": attributes.operation,
        "userInfo": attributes.user.to_json(),
        "dryRun": attributes.dry_run,
        "options": attributes.options or None,
    }
    optional = {
        "name": attributes.name,
        "namespace": attributes.namespace,
        "subResource": attributes.subresource,
        "requestSubResource": attributes.subresource,
    }
    return request | {key: value for key, value in optional.items() if value}


def _namespace(attributes: Attributes) -> Object | None:
    """What policies may know of the request's namespace; None for cluster-scoped objects and namespaces themselves."""
    if not attributes.namespace or attributes.resource.group_resource == _NAMESPACES:
        return None
    namespace = attributes.reader.get("", "namespaces", "", attributes.namespace)
    if namespace is None:
        raise NotFound.of(_NAMESPACES, attributes.namespace)
    metadata = namespace["metadata"]
    shown: Object = {key: metadata[key] for key in _NAMESPACE_METADATA if key in metadata}
    shown |= {key: Timestamp.parse(metadata[key]) for key in _TIMES if metadata.get(key)}
    shown["UID"] = metadata.get("uid", "")
    result: Object = {"metadata": shown}
    for key in ("spec", "status"):
        if key in namespace:
            result[key] = namespace[key]
    return result


def _decider(user: UserInfo, cluster: str, authorizer: RequestAuthorizer) -> Callable[[Query], Decision]:
    """Asks the authorizer, each question once a request."""
    answers: dict[Query, Decision] = {}

    def decide(query: Query) -> Decision:
        if query not in answers:
            who = user if query.service_account is None else _service_account(*query.service_account)
            decision = authorizer.authorize(who, _request_info(query, cluster))
            answers[query] = Decision(decision.allowed, decision.reason)
        return answers[query]

    return decide


def _service_account(namespace: str, name: str) -> UserInfo:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return UserInfo(f"system:serviceaccount:{namespace}:{name}", groups)


def _request_info(query: Query, cluster: str) -> RequestInfo:
    if query.path:
        return RequestInfo(query.verb, query.path, cluster=cluster)
    return RequestInfo(
        query.verb,
        "",
        is_resource=True,
        group=query.group,
        version="*",
        resource=query.resource,
        subresource=query.subresource,
        namespace=query.namespace,
        name=query.name,
        cluster=cluster,
    )
