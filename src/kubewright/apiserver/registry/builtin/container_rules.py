"""Rules for the containers of a pod: images, ports, environment, mounts, probes, resources, security.

After ``validateContainers`` and what it calls in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.field_rules import (
    PROTOCOLS,
    in_range,
    is_port_name,
    no_backsteps,
    non_negative,
    non_negative_quantity,
    one_of,
    optional_one_of,
    port_number,
    port_number_or_name,
    problems,
    relative_path,
)
from kubewright.apiserver.registry.builtin.volume_rules import validate_key_reference, validate_resource_field
from kubewright.apiserver.registry.metadata_rules import is_dns_label, is_dns_subdomain, is_qualified_name
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_found, not_supported, required
from kubewright.objects.quantity import Quantity

Spec = dict[str, Any]

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_TERMINATION_POLICIES = ("FallbackToLogsOnError", "File")
_STANDARD_RESOURCES = ("cpu", "memory", "ephemeral-storage")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_FIELD_PATHS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_SUBSCRIPTED = re.compile(r"metadata\.(labels|annotations)\['(.*)'\]\Z")
_ENV_NAME = re.compile(r"[ -<>-~]+\Z")
_ENV_NAME_ERROR = (
    "a valid environment variable name must consist only of printable ASCII characters other than '=' "
    "(regex used for validation is '^[ -<>-~]+$')"
)
_USER_LIMIT = 2**31 - 1
_HEADER_NAME = re.compile(r"[-A-Za-z0-9]+\Z")
_HEADER_ERROR = (
    "a valid HTTP header must consist of alphanumeric characters or '-' "
    "(e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
)


def validate_containers(
    containers: Iterable[Spec], volumes: Mapping[str, Spec], field: str, *, taken: set[str], init: bool = False
) -> list[Cause]:
    """One list of containers; names in ``taken`` belong to the pod's other containers, and grow with these."""
    causes: list[Cause] = []
    for index, container in enumerate(containers):
        path = f"{field}[{index}]"
        causes += _name(container.get("name", ""), f"{path}.name", taken)
        causes += _container(container, volumes, path)
        if init:
            causes += _init_container(container, path)
    return causes


def host_port_conflicts(containers: Iterable[Spec], field: str) -> list[Cause]:
    """A port of the host belongs to one container of a pod (``checkHostPortConflicts``)."""
    causes: list[Cause] = []
    taken: set[str] = set()
    for index, container in enumerate(containers):
        for at, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            claim = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{port['hostPort']}"
            if claim in taken:
                causes.append(duplicate(f"{field}[{index}].ports[{at}].hostPort", claim))
            taken.add(claim)
    return causes


def untrimmed_images(containers: Iterable[Spec], field: str) -> list[Cause]:
    """Spaces around an image's name: refused in Pods only, as some have used them in templates."""
    text = "must not have leading or trailing whitespace"
    images = [(f"{field}[{index}].image", container.get("image", "")) for index, container in enumerate(containers)]
    return [invalid(path, image, text) for path, image in images if image != image.strip()]


def _name(name: str, field: str, taken: set[str]) -> list[Cause]:
    if not name:
        return [required(field)]
    if found := is_dns_label(name):
        return problems(found, name, field)
    if name in taken:
        return [duplicate(field, name)]
    taken.add(name)
    return []


def _container(container: Spec, volumes: Mapping[str, Spec], path: str) -> list[Cause]:
    causes: list[Cause] = []
    image = container.get("image", "")
    if not image:
        causes.append(required(f"{path}.image"))
    policy = container.get("terminationMessagePolicy")
    causes += one_of(policy, _TERMINATION_POLICIES, f"{path}.terminationMessagePolicy")
    causes += _ports(container.get("ports") or [], f"{path}.ports")
    causes += _environment(container, path)
    causes += _mounts(container, volumes, path)
    causes += one_of(container.get("imagePullPolicy"), PULL_POLICIES, f"{path}.imagePullPolicy")
    causes += validate_resource_requirements(container.get("resources") or {}, f"{path}.resources")
    causes += _security_context(container.get("securityContext") or {}, f"{path}.securityContext")
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe in container:
            causes += _probe(container, probe, path)
    for hook, handler in (container.get("lifecycle") or {}).items():
        if isinstance(handler, dict):
            causes += _handler(handler, f"{path}.lifecycle.{hook}", (*_HANDLERS[:3], "sleep"))
    return causes + _resize_policy(container.get("resizePolicy") or [], f"{path}.resizePolicy")


def _resize_policy(policies: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, resize in enumerate(policies):
        name = resize.get("resourceName", "")
        if name in seen:
            causes.append(duplicate(f"{field}[{index}]", name))
        seen.add(name)
        causes += one_of(name, ("cpu", "memory"), field)
        causes += one_of(resize.get("restartPolicy"), ("NotRequired", "RestartContainer"), field)
    return causes


def _restarts_always(container: Spec) -> bool:
    return container.get("restartPolicy") == "Always"


def _init_container(container: Spec, path: str) -> list[Cause]:
    """What only sidecars, init containers that keep running, may have."""
    causes: list[Cause] = []
    if not _restarts_always(container):
        for name in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if name in container:
                text = "may not be set for init containers without restartPolicy=Always"
                causes.append(forbidden(f"{path}.{name}", text))
    return causes


def _ports(ports: list[Spec], field: str) -> list[Cause]:
    causes: list[Cause] = []
    names: set[str] = set()
    for index, port in enumerate(ports):
        path = f"{field}[{index}]"
        if name := port.get("name"):
            if found := is_port_name(name):
                causes += problems(found, name, f"{path}.name")
            elif name in names:
                causes.append(duplicate(f"{path}.name", name))
            names.add(name)
        number = port.get("containerPort", 0)
        causes += port_number(number, f"{path}.containerPort") if number else [required(f"{path}.containerPort")]
        if port.get("hostPort"):
            causes += port_number(port["hostPort"], f"{path}.hostPort")
        causes += one_of(port.get("protocol"), PROTOCOLS, f"{path}.protocol")
    return causes


def _environment(container: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, variable in enumerate(container.get("env") or ()):
        at = f"{path}.env[{index}]"
        name = variable.get("name", "")
        if not name:
            causes.append(required(f"{at}.name"))
        elif not _ENV_NAME.match(name):
            causes.append(invalid(f"{at}.name", name, _ENV_NAME_ERROR))
        if "valueFrom" in variable:
            causes += _value_from(variable, f"{at}.valueFrom")
    for index, source in enumerate(container.get("envFrom") or ()):
        at = f"{path}.envFrom[{index}]"
        prefix = source.get("prefix", "")
        if prefix and not _ENV_NAME.match(prefix):
            causes.append(invalid(f"{at}.prefix", prefix, _ENV_NAME_ERROR))
        given = [name for name in ("configMapRef", "secretRef") if name in source]
        if not given:
            causes.append(invalid(f"{path}.envFrom", "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            causes.append(invalid(f"{path}.envFrom", "", "may not have more than one field specified at a time"))
        for name in given:
            reference = source[name].get("name", "")
            if not reference:
                causes.append(required(f"{at}.{name}.name"))
            else:
                causes += problems(is_dns_subdomain(reference), reference, f"{at}.{name}.name")
    return causes


def _value_from(variable: Spec, path: str) -> list[Cause]:
    source = variable["valueFrom"]
    causes: list[Cause] = []
    for name, reference in source.items():
        if name in ("configMapKeyRef", "secretKeyRef"):
            causes += validate_key_reference(reference, f"{path}.{name}")
        elif name == "fieldRef":
            causes += _field_reference(reference, f"{path}.{name}")
        elif name == "resourceFieldRef":
            causes += validate_resource_field(reference, f"{path}.{name}")
    if not source:
        text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        causes.append(invalid(path, "", text))
    elif variable.get("value"):
        causes.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(source) > 1:
        causes.append(invalid(path, "", "may not have more than one field specified at a time"))
    return causes


def _field_reference(reference: Spec, path: str) -> list[Cause]:
    if not reference.get("apiVersion"):
        return [required(f"{path}.apiVersion")]
    wanted = reference.get("fieldPath", "")
    if not wanted:
        return [required(f"{path}.fieldPath")]
    subscripted = _SUBSCRIPTED.match(wanted)
    if subscripted:
        key = subscripted.group(2)
        return problems(is_qualified_name(key.lower()), key, path)
    return [] if wanted in _FIELD_PATHS else [not_supported(f"{path}.fieldPath", wanted, _FIELD_PATHS)]


def _mounts(container: Spec, volumes: Mapping[str, Spec], path: str) -> list[Cause]:
    causes: list[Cause] = []
    targets: set[str] = set()
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        at = f"{path}.volumeMounts[{index}]"
        name, target = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            causes.append(required(f"{at}.name"))
        if name not in volumes:
            causes.append(not_found(f"{at}.name", name))
        if not target:
            causes.append(required(f"{at}.mountPath"))
        if target in targets:
            causes.append(invalid(f"{at}.mountPath", target, "must be unique"))
        targets.add(target)
        for field in ("subPath", "subPathExpr"):
            if mount.get(field):
                # Kubernetes leaves the index out of these paths, and out of that of the propagation.
                causes += relative_path(mount[field], f"{path}.volumeMounts.{field}")
        if mount.get("subPath") and mount.get("subPathExpr"):
            text = "subPathExpr and subPath are mutually exclusive"
            causes.append(invalid(f"{at}.subPathExpr", mount["subPathExpr"], text))
        propagation = ("Bidirectional", "HostToContainer", "None")
        spot = f"{path}.volumeMounts.mountPropagation"
        causes += optional_one_of(mount.get("mountPropagation"), propagation, spot)
        if mount.get("mountPropagation") == "Bidirectional" and not _privileged(container):
            text = "Bidirectional mount propagation is available only to privileged containers"
            causes.append(forbidden(spot, text))
    return causes + _devices(container, volumes, path)


def _devices(container: Spec, volumes: Mapping[str, Spec], path: str) -> list[Cause]:
    """Block devices: volumes of their own, made from claims, not mounted as file systems as well."""
    causes: list[Cause] = []
    mounts = container.get("volumeMounts") or ()
    mounted = ({mount.get("name") for mount in mounts}, {mount.get("mountPath") for mount in mounts})
    names: set[str] = set()
    paths: set[str] = set()
    for index, device in enumerate(container.get("volumeDevices") or ()):
        at = f"{path}.volumeDevices[{index}]"
        name, device_path = device.get("name", ""), device.get("devicePath", "")
        if not name:
            causes.append(required(f"{at}.name"))
        if name in names:
            causes.append(invalid(f"{at}.name", name, "must be unique"))
        if name not in volumes:
            causes.append(not_found(f"{at}.name", name))
        elif not {"persistentVolumeClaim", "ephemeral"} & volumes[name].keys():
            text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            causes.append(invalid(f"{at}.name", name, text))
        if not device_path:
            causes.append(required(f"{at}.devicePath"))
        if device_path in paths:
            causes.append(invalid(f"{at}.devicePath", device_path, "must be unique"))
        causes += no_backsteps(device_path, f"{at}.devicePath")
        if name in mounted[0]:
            causes.append(invalid(f"{at}.name", name, "must not already exist in volumeMounts"))
        if device_path in mounted[1]:
            text = "must not already exist as a path in volumeMounts"
            causes.append(invalid(f"{at}.devicePath", device_path, text))
        names.add(name)
        paths.add(device_path)
    return causes


def _privileged(container: Spec) -> bool:
    return bool((container.get("securityContext") or {}).get("privileged"))


def _probe(container: Spec, name: str, path: str) -> list[Cause]:
    probe = container[name]
    at = f"{path}.{name}"
    causes = _handler(probe, at, _HANDLERS)
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        causes += non_negative(probe.get(field, 0), f"{at}.{field}")
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        causes.append(invalid(f"{at}.terminationGracePeriodSeconds", grace, "must be greater than 0"))
    if name == "readinessProbe":
        if grace is not None:
            text = "must not be set for readinessProbes"
            causes.append(invalid(f"{at}.terminationGracePeriodSeconds", grace, text))
    elif probe.get("successThreshold", 1) != 1:
        causes.append(invalid(f"{at}.successThreshold", probe["successThreshold"], "must be 1"))
    return causes


def _handler(handler: Spec, path: str, kinds: Iterable[str]) -> list[Cause]:
    given = [kind for kind in kinds if kind in handler]
    if not given:
        return [required(path, "must specify a handler type")]
    text = "may not specify more than 1 handler type"
    causes = [forbidden(f"{path}.{extra}", text) for extra in given[1:]]
    kind, action, at = given[0], handler[given[0]], f"{path}.{given[0]}"
    match kind:
        case "exec":
            if not action.get("command"):
                causes.append(required(f"{at}.command"))
        case "httpGet":
            if not action.get("path"):
                causes.append(required(f"{at}.path"))
            causes += port_number_or_name(action.get("port", 0), f"{at}.port")
            causes += optional_one_of(action.get("scheme", ""), ("HTTP", "HTTPS"), f"{at}.scheme")
            for header in action.get("httpHeaders") or ():
                if not _HEADER_NAME.match(header.get("name", "")):
                    causes.append(invalid(f"{at}.httpHeaders", header.get("name", ""), _HEADER_ERROR))
        case "tcpSocket" | "grpc":
            causes += port_number_or_name(action.get("port", 0), f"{at}.port")
    return causes


def validate_resource_requirements(resources: Spec, path: str) -> list[Cause]:
    """Limits and requests of a container, each by itself and against each other."""
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    causes: list[Cause] = []
    for name, amount in sorted(limits.items()):
        at = f"{path}.limits[{name}]"
        causes += _resource_name(name, at) + non_negative_quantity(amount, at)
    for name, amount in sorted(requests.items()):
        at = f"{path}.requests[{name}]"
        causes += _resource_name(name, at) + non_negative_quantity(amount, at)
        limit = limits.get(name)
        if limit is None:
            if not _overcommit_allowed(name):
                causes.append(required(f"{path}.limits", "Limit must be set for non overcommitable resources"))
        elif Quantity(amount) != Quantity(limit) and not _overcommit_allowed(name):
            text = f"must be equal to {name} limit of {limit}"
            causes.append(invalid(f"{path}.requests", amount, text))
        elif Quantity(amount) > Quantity(limit):
            text = f"must be less than or equal to {name} limit of {limit}"
            causes.append(invalid(f"{path}.requests", amount, text))
    return causes


def _overcommit_allowed(name: str) -> bool:
    return ("/" not in name or "kubernetes.io/" in name) and not name.startswith("hugepages-")


def _resource_name(name: str, field: str) -> list[Cause]:
    if found := is_qualified_name(name):
        return problems(found, name, field)
    if "/" not in name and name not in _STANDARD_RESOURCES and not name.startswith("hugepages-"):
        return [invalid(field, name, "must be a standard resource for containers")]
    return []


def _security_context(context: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for field in ("runAsUser", "runAsGroup"):
        if field in context:
            causes += in_range(context[field], 0, _USER_LIMIT, f"{path}.{field}")
    causes += optional_one_of(context.get("procMount"), ("Default", "Unmasked"), f"{path}.procMount")
    causes += validate_seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    causes += validate_app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")
    escalation = context.get("allowPrivilegeEscalation")
    if escalation is False:
        if context.get("privileged"):
            text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            causes.append(invalid(f"{path}.allowPrivilegeEscalation", False, text))
        if "SYS_ADMIN" in [name.removeprefix("CAP_") for name in (context.get("capabilities") or {}).get("add") or ()]:
            text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            causes.append(invalid(f"{path}.allowPrivilegeEscalation", False, text))
    return causes


def validate_app_armor(profile: Spec | None, path: str) -> list[Cause]:
    """``ValidateAppArmorProfileField``."""
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    at = f"{path}.localhostProfile"
    if kind != "Localhost":
        causes = [] if local is None else [invalid(at, local, "can only be set when AppArmor type is Localhost")]
        return causes + one_of(kind, ("Localhost", "RuntimeDefault", "Unconfined"), f"{path}.type")
    if not local:
        return [required(at, "must be set when AppArmor type is Localhost")]
    return [invalid(at, local, "must not be padded with whitespace")] if local != local.strip() else []


def validate_seccomp(profile: Spec | None, path: str) -> list[Cause]:
    if profile is None:
        return []
    kind, local = profile.get("type", ""), profile.get("localhostProfile")
    if kind == "Localhost":
        if not local:
            return [required(f"{path}.localhostProfile", "must be set when seccomp type is Localhost")]
        return relative_path(local, f"{path}.localhostProfile")
    causes = []
    if local is not None:
        text = "can only be set when seccomp type is Localhost"
        causes.append(invalid(f"{path}.localhostProfile", profile, text))
    if not kind:
        causes.append(required(f"{path}.type", "type is required when seccompProfile is set"))
    else:
        causes += optional_one_of(kind, ("Localhost", "RuntimeDefault", "Unconfined"), f"{path}.type")
    return causes
