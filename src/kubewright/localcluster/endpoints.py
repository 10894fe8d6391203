"""The Endpoints and EndpointSlice controllers: which Pods stand behind a Service."""

from __future__ import annotations

from collections.abc import Iterable

from kubewright.controller import Controller, Requeue
from kubewright.localcluster.pods import is_ready
from kubewright.localcluster.view import View
from kubewright.objects import ObjectKey, ObjectMeta, owner_reference
from kubewright.objects.core_v1 import (
    EndpointAddress,
    EndpointPort,
    Endpoints,
    EndpointSubset,
    ObjectReference,
    Pod,
    Service,
    ServicePort,
)
from kubewright.objects.discovery_v1 import Endpoint, EndpointConditions, EndpointSlice
from kubewright.objects.discovery_v1 import EndpointPort as SlicePort
from kubewright.objects.errors import NotFound
from kubewright.objects.selectors import LabelSelector, Requirement

_MANAGER = "endpointslice-controller.k8s.io"
_FIELD_MANAGER = "kubewright-endpoints"


def endpoints_controller(view: View) -> Controller[ObjectKey]:
    def services_of(pod: Pod) -> Iterable[ObjectKey]:
        """The Services that select the Pod."""
        for service in view.select(Service, pod.metadata.namespace):
            if service.spec.selector and service.spec.selector.items() <= pod.metadata.labels.items():
                yield ObjectKey(service.metadata.namespace, service.metadata.name)

    async def reconcile(service: Service) -> Requeue | None:
        if not service.spec.selector or service.metadata.deletion_timestamp is not None:
            return None  # without a selector, somebody else says who stands behind it
        pods = [pod for pod in _selected(view, service) if pod.status.pod_ip]
        pods = [pod for pod in pods if pod.status.phase not in ("Succeeded", "Failed")]
        await _apply(view, endpoints_of(service, pods))
        await _apply(view, slice_of(service, pods))
        return None

    return view.controller("endpoints", Service, reconcile, maps={Pod: services_of})


def _selected(view: View, service: Service) -> list[Pod]:
    requirements = [Requirement(key, "In", (value,)) for key, value in service.spec.selector.items()]
    return view.select(Pod, service.metadata.namespace, LabelSelector(requirements))


async def _apply(view: View, obj: Endpoints | EndpointSlice) -> None:
    try:
        await view.client.apply(obj, field_manager=_FIELD_MANAGER, force=True)
    except NotFound:
        return  # the namespace is going


def endpoints_of(service: Service, pods: list[Pod]) -> Endpoints:
    """The Endpoints object of a Service."""
    unready_too = bool(service.spec.publish_not_ready_addresses)
    ready = [pod for pod in pods if (is_ready(pod) or unready_too) and pod.metadata.deletion_timestamp is None]
    others = [pod for pod in pods if pod not in ready and pod.metadata.deletion_timestamp is None]
    subset = EndpointSubset(
        addresses=[_address(pod) for pod in ready],
        not_ready_addresses=[_address(pod) for pod in others],
        ports=[
            EndpointPort(name=port.name, port=number, protocol=port.protocol)
            for port in service.spec.ports
            if (number := _target(port, pods)) is not None
        ],
    )
    return Endpoints(metadata=_metadata(service, service.metadata.name), subsets=[subset] if ready or others else [])


def slice_of(service: Service, pods: list[Pod]) -> EndpointSlice:
    """The one EndpointSlice of a Service: a cluster of this size needs no more."""
    metadata = _metadata(service, f"{service.metadata.name}-kubewright")
    metadata.labels |= {
        "kubernetes.io/service-name": service.metadata.name,
        "endpointslice.kubernetes.io/managed-by": _MANAGER,
    }
    metadata.owner_references = [owner_reference(service)]
    return EndpointSlice(
        metadata=metadata,
        address_type="IPv4",
        endpoints=[_endpoint(service, pod) for pod in pods],
        ports=[
            SlicePort(name=port.name or "", port=number, protocol=port.protocol)
            for port in service.spec.ports
            if (number := _target(port, pods)) is not None
        ],
    )


def _metadata(service: Service, name: str) -> ObjectMeta:
    return ObjectMeta(name=name, namespace=service.metadata.namespace, labels=dict(service.metadata.labels))


def _endpoint(service: Service, pod: Pod) -> Endpoint:
    terminating = pod.metadata.deletion_timestamp is not None
    serving = is_ready(pod)
    ready = (serving and not terminating) or bool(service.spec.publish_not_ready_addresses)
    return Endpoint(
        addresses=[pod.status.pod_ip or ""],
        conditions=EndpointConditions(ready=ready, serving=serving, terminating=terminating),
        node_name=pod.spec.node_name,
        target_ref=_reference(pod),
    )


def _address(pod: Pod) -> EndpointAddress:
    return EndpointAddress(ip=pod.status.pod_ip or "", node_name=pod.spec.node_name, target_ref=_reference(pod))


def _reference(pod: Pod) -> ObjectReference:
    metadata = pod.metadata
    return ObjectReference(kind="Pod", name=metadata.name, namespace=metadata.namespace, uid=metadata.uid)


def _target(port: ServicePort, pods: list[Pod]) -> int | None:
    """The number of the port on the Pods; None when no Pod has a port of that name."""
    if not isinstance(port.target_port, str):
        return port.target_port or port.port
    for pod in pods:
        for container in pod.spec.containers:
            for declared in container.ports:
                if declared.name == port.target_port:
                    return declared.container_port
    return None
