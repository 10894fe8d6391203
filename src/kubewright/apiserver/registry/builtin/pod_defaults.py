"""Defaults of pods and of the pod templates inside other kinds (``pkg/apis/core/v1/defaults.go``).

Templates get `default_pod_spec`; Pods get `default_pod` on top, which holds what only a real Pod is given.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubewright.apiserver.registry.builtin.base import fill
from kubewright.apiserver.registry.strategy import Object

Spec = dict[str, Any]

_FILE_MODE = 0o644
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def containers_of(spec: Spec) -> Iterator[Spec]:
    """All containers of a pod spec, init and ephemeral ones too."""
    for field in ("initContainers", "containers", "ephemeralContainers"):
        yield from spec.get(field) or ()


def default_template(template: Object | None) -> None:
    """Fill a PodTemplateSpec."""
    if template:
        default_pod_spec(template.setdefault("spec", {}))


def default_pod_spec(spec: Spec) -> None:
    _drop_disabled(spec)
    spec.setdefault("dnsPolicy", "ClusterFirst")
    spec.setdefault("restartPolicy", "Always")
    spec.setdefault("securityContext", {})
    spec.setdefault("terminationGracePeriodSeconds", 30)
    spec.setdefault("schedulerName", "default-scheduler")
    for container in containers_of(spec):
        _default_container(container)
    for volume in spec.get("volumes") or ():
        _default_volume(volume)


def _drop_disabled(spec: Spec) -> None:
    """Take away what belongs to features that are off.

    They are GenericWorkload, ContainerStopSignals, ClusterTrustBundleProjection and PodCertificateRequest.
    """
    spec.pop("schedulingGroup", None)
    for volume in spec.get("volumes") or ():
        for projection in (volume.get("projected") or {}).get("sources") or ():
            projection.pop("clusterTrustBundle", None)
            projection.pop("podCertificate", None)
    for container in containers_of(spec):
        if "stopSignal" in (container.get("lifecycle") or {}):
            del container["lifecycle"]["stopSignal"]
            if not container["lifecycle"]:
                del container["lifecycle"]


def default_pod(pod: Object) -> None:
    spec = pod["spec"]
    default_pod_spec(spec)
    spec.setdefault("enableServiceLinks", True)
    for field in ("containers", "initContainers"):
        for container in spec.get(field) or ():
            resources = container.get("resources") or {}
            for name, limit in (resources.get("limits") or {}).items():
                resources.setdefault("requests", {}).setdefault(name, limit)
            if spec.get("hostNetwork"):
                for port in container.get("ports") or ():
                    port.setdefault("hostPort", port["containerPort"])
    _default_pod_level_resources(spec)


def _default_pod_level_resources(spec: Spec) -> None:
    """Limits at pod level become requests where neither the pod nor a container asks for the resource."""
    resources = spec.get("resources")
    limits = (resources or {}).get("limits")
    if not resources or not limits:
        return
    asked = {name for c in containers_of(spec) for name in (c.get("resources") or {}).get("requests") or ()}
    for name, limit in limits.items():
        if name not in asked:
            resources.setdefault("requests", {}).setdefault(name, limit)


def image_pull_policy(image: str) -> str:
    """Always for ``latest``, given or implied; IfNotPresent for any other tag or a digest."""
    if "@" in image:
        return "IfNotPresent"
    tag = image.rpartition("/")[2].partition(":")[2]
    return "Always" if tag in ("", "latest") else "IfNotPresent"


def _default_container(container: Spec) -> None:
    container.setdefault("imagePullPolicy", image_pull_policy(container.get("image", "")))
    container.setdefault("terminationMessagePath", "/dev/termination-log")
    container.setdefault("terminationMessagePolicy", "File")
    for port in container.get("ports") or ():
        port.setdefault("protocol", "TCP")
    for variable in container.get("env") or ():
        source = variable.get("valueFrom") or {}
        _default_field_ref(source.get("fieldRef"))
        if file_key := source.get("fileKeyRef"):
            file_key.setdefault("optional", False)
    for field in _PROBES:
        if probe := container.get(field):
            _default_probe(probe)
    for hook in (container.get("lifecycle") or {}).values():
        if isinstance(hook, dict):
            _default_http_get(hook.get("httpGet"))


def _default_field_ref(reference: Spec | None) -> None:
    if reference is not None:
        reference.setdefault("apiVersion", "v1")


def _default_http_get(action: Spec | None) -> None:
    if action is not None:
        action.setdefault("path", "/")
        action.setdefault("scheme", "HTTP")


def _default_probe(probe: Spec) -> None:
    probe.setdefault("timeoutSeconds", 1)
    probe.setdefault("periodSeconds", 10)
    probe.setdefault("successThreshold", 1)
    probe.setdefault("failureThreshold", 3)
    _default_http_get(probe.get("httpGet"))
    if "grpc" in probe:
        fill(probe["grpc"], "service", "")


def _default_volume(volume: Spec) -> None:
    sources = [field for field in volume if field != "name"]
    if not sources:
        volume["emptyDir"] = {}
    for field in sources:
        default_volume_source(field, volume[field])
    if (image := volume.get("image")) is not None:
        image.setdefault("pullPolicy", image_pull_policy(image.get("reference", "")))


def default_volume_source(field: str, source: Spec) -> None:
    """Fill one source of a volume or of a PersistentVolume; ``field`` is its name there."""
    match field:
        case "secret" | "configMap" | "downwardAPI" | "projected":
            source.setdefault("defaultMode", _FILE_MODE)
        case "hostPath":
            source.setdefault("type", "")
        case "iscsi":
            source.setdefault("iscsiInterface", "default")
        case "rbd":
            source.setdefault("pool", "rbd")
            source.setdefault("user", "admin")
            source.setdefault("keyring", "/etc/ceph/keyring")
        case "azureDisk":
            source.setdefault("cachingMode", "ReadWrite")
            source.setdefault("kind", "Shared")
            source.setdefault("fsType", "ext4")
            source.setdefault("readOnly", False)
        case "scaleIO":
            source.setdefault("storageMode", "ThinProvisioned")
            source.setdefault("fsType", "xfs")
        case "ephemeral":
            if template := source.get("volumeClaimTemplate"):
                template.setdefault("spec", {}).setdefault("volumeMode", "Filesystem")
    for item in source.get("items") or ():
        _default_field_ref(item.get("fieldRef"))
    for projection in source.get("sources") or ():
        if token := projection.get("serviceAccountToken"):
            token.setdefault("expirationSeconds", 3600)
        for item in (projection.get("downwardAPI") or {}).get("items") or ():
            _default_field_ref(item.get("fieldRef"))
