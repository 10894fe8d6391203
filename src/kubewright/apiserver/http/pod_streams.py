"""``pods/log``, ``exec``, ``attach`` and ``portforward``: what a kubelet answers, where there is only a simulated one.

Containers are not run, so their logs are empty and nothing can be executed in them; what is checked before the kubelet
is asked is checked here too (``pkg/registry/core/pod/strategy.go``).
"""

from __future__ import annotations

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.http.messages import Response
from kubewright.apiserver.http.resources import Call
from kubewright.apiserver.registry.options import first, truth
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.errors import BadRequest, InternalError

_NO_KUBELET = "error dialing backend: the containers of this cluster are simulated; nothing can be run in them"


async def log(call: Call) -> Response:
    """The log of a container, which never wrote any.

    :raises BadRequest: the pod has no such container, or several and none is named.
    """
    pod = await call.store.get(call.info.namespace, call.info.name)
    _container(pod, first(call.request.query, "container"))
    assigned = bool(pod["spec"].get("nodeName"))
    return Response(b"", status=200 if assigned else 204, media_type="text/plain")


async def connect(call: Call) -> Response:
    """:raises BadRequest: the pod runs nowhere, or has no such container.
    :raises InternalError: its kubelet is a simulated one.
    """
    await _admit(call)
    pod = await call.store.get(call.info.namespace, call.info.name)
    if call.info.subresource != "portforward":
        _container(pod, first(call.request.query, "container"))
    if not pod["spec"].get("nodeName"):
        raise BadRequest(f"pod {call.info.name} does not have a host assigned")
    raise InternalError(_NO_KUBELET)


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
    attributes = Attributes(
        "CONNECT", subresource.kind, store.resource.gvr, info.subresource, info.namespace, info.name, options, None,
        call.user, {}, dry_run=False, reader=store.cluster.reader, cluster=store.cluster.name,
    )  # fmt: skip
    await store.cluster.admission.admit(attributes)
    await store.cluster.admission.validate(attributes)


def _container(pod: Object, named: str) -> None:
    """Check that one container is meant, and that there is one of that name."""
    name = pod["metadata"]["name"]
    of_kind = {
        kind: [container["name"] for container in pod["spec"].get(kind) or ()]
        for kind in ("containers", "initContainers", "ephemeralContainers")
    }
    if not named:
        named = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container", "")
    every = [one for names in of_kind.values() for one in names]
    if named:
        if named not in every:
            raise BadRequest(f"container {named} is not valid for pod {name}")
        return
    if len(of_kind["containers"]) == 1:
        return
    text = f"a container name must be specified for pod {name}, choose one of: [{' '.join(of_kind['containers'])}]"
    if of_kind["initContainers"]:
        text += f" or one of the init containers: [{' '.join(of_kind['initContainers'])}]"
    if of_kind["ephemeralContainers"]:
        text += f" or one of the ephemeral containers: [{' '.join(of_kind['ephemeralContainers'])}]"
    raise BadRequest(text)
