"""``pods/log``, ``exec``, ``attach`` and ``portforward``: what a kubelet answers, where there is only a simulated one.

Containers are not run, so nothing can be executed in them, and their logs are what `pod_logs.py` makes up; what is
checked before the kubelet is asked is checked here too (``pkg/registry/core/pod/strategy.go``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from kubewright.apiserver.http import unstored
from kubewright.apiserver.http.messages import Response, StreamResponse
from kubewright.apiserver.http.pod_logs import LogOptions, LogStream, log_text, run_of
from kubewright.apiserver.http.resources import Call
from kubewright.apiserver.registry.options import Write, first, integer, truth
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import BadRequest, Cause, InternalError, Invalid, NotFound
from kubewright.objects.field_errors import forbidden, invalid
from kubewright.objects.names import GroupKind, GroupResource

_NUMBERS = ("tailLines", "limitBytes", "sinceSeconds")
_NO_KUBELET = "error dialing backend: the containers of this cluster are simulated; nothing can be run in them"


async def log(call: Call) -> Response | StreamResponse:
    """The log of a container.

    :raises Invalid: the options do not make sense.
    :raises BadRequest: the pod has no such container, or several and none is named, or it has not run.
    :raises NotFound: there is no such pod, or not the node that it runs on.
    """
    query = call.request.query
    if causes := _log_problems(
        {name: integer(query, name) for name in _NUMBERS}, since=bool(first(query, "sinceTime"))
    ):
        raise Invalid.of(GroupKind("", "PodLogOptions"), call.info.name, causes)
    pod = await call.store.get(call.info.namespace, call.info.name)
    container = _container(pod, first(query, "container"))
    if not _node(call, pod):
        return Response(b"", status=204, media_type="text/plain")
    now = datetime.now(UTC)
    options = LogOptions.of(query, now)
    run = run_of(pod, container, previous=options.previous)
    if options.follow:
        stream = LogStream(call.store, call.info.namespace, call.info.name, container, options)
        return StreamResponse(stream, media_type="text/plain")
    return Response(log_text(run, options, now), media_type="text/plain")


def _log_problems(given: Mapping[str, int | None], *, since: bool) -> list[Cause]:
    """``ValidatePodLogOptions``."""
    causes: list[Cause] = []
    tail, limit, seconds = (given[name] for name in _NUMBERS)
    if tail is not None and tail < 0:
        causes.append(invalid("tailLines", tail, "must be greater than or equal to 0"))
    if limit is not None and limit < 1:
        causes.append(invalid("limitBytes", limit, "must be greater than 0"))
    if seconds is not None and since:
        causes.append(forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif seconds is not None and seconds < 1:
        causes.append(invalid("sinceSeconds", seconds, "must be greater than 0"))
    return causes


async def connect(call: Call) -> Response:
    """:raises BadRequest: the pod runs nowhere, or has no such container.
    :raises NotFound: there is no such pod, or not the node that it runs on.
    :raises InternalError: its kubelet is a simulated one.
    """
    await _admit(call)
    pod = await call.store.get(call.info.namespace, call.info.name)
    if call.info.subresource != "portforward":
        _container(pod, first(call.request.query, "container"))
    if not _node(call, pod):
        raise BadRequest(f"pod {call.info.name} does not have a host assigned")
    raise InternalError(_NO_KUBELET)


def _node(call: Call, pod: Object) -> str:
    """The node that a pod runs on; empty before it is scheduled.

    :raises NotFound: there is no such node.
    """
    node: str = pod["spec"].get("nodeName") or ""
    if node and call.store.cluster.reader.get("", "nodes", "", node) is None:
        raise NotFound.of(GroupResource("", "nodes"), node)
    return node


async def _admit(call: Call) -> None:
    """Ask admission, which sees the options of the connection as its object.

    :raises APIError: a stage refuses it.
    """
    info, query, store = call.info, call.request.query, call.store
    subresource = store.resource.subresource(info.subresource)
    assert subresource is not None  # it has been found on the way here
    options: Object = {"apiVersion": subresource.kind.api_version, "kind": subresource.kind.kind}
    options |= {name: True for name in ("stdin", "stdout", "stderr", "tty") if truth(query, name)}
    if container := first(query, "container"):
        options["container"] = container
    if command := query.get("command"):
        options["command"] = list(command)
    if ports := query.get("ports"):
        options["ports"] = [int(port) for port in ports if port.isdigit()]
    write = Write(call.user, {}, warnings=call.request.warnings)
    found = unstored.attributes(call, "CONNECT", subresource.kind, info.name, options, None, write)
    await store.cluster.admission.admit(found)
    await store.cluster.admission.validate(found)


def _container(pod: Object, named: str) -> str:
    """The container that is meant.

    :raises BadRequest: there is none of that name, or several and none is named.
    """
    name = pod["metadata"]["name"]
    of_kind: dict[str, list[str]] = {
        kind: [container["name"] for container in pod["spec"].get(kind) or ()]
        for kind in ("containers", "initContainers", "ephemeralContainers")
    }
    if not named:
        named = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container", "")
    every = [one for names in of_kind.values() for one in names]
    if named:
        if named not in every:
            raise BadRequest(f"container {named} is not valid for pod {name}")
        return named
    if len(of_kind["containers"]) == 1:
        return of_kind["containers"][0]
    text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(of_kind['containers'])}]"
    if of_kind["initContainers"]:
        text += f" or one of the init containers: [{' '.join(of_kind['initContainers'])}]"
    if of_kind["ephemeralContainers"]:
        text += f" or one of the ephemeral containers: [{' '.join(of_kind['ephemeralContainers'])}]"
    raise BadRequest(text)
