"""Rules for the containers of a pod: names, images, ports, mounts, probes, hooks, restarts.

After ``validateContainers``, ``validateInitContainers`` and ``validateEphemeralContainers`` in
``pkg/apis/core/validation``; environment, resources and security have modules of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.environment_rules import file_key_volumes, validate_environment
from kubewright.apiserver.registry.builtin.field_rules import (
    PROTOCOLS,
    is_port_name,
    no_backsteps,
    non_negative,
    one_of,
    optional_one_of,
    port_number,
    port_number_or_name,
    problems,
    relative_path,
)
from kubewright.apiserver.registry.builtin.resource_requirements import (
    validate_resize_policy,
    validate_resource_requirements,
)
from kubewright.apiserver.registry.builtin.security_rules import validate_security_context
from kubewright.apiserver.registry.metadata_rules import is_dns_label
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_found, required

Spec = dict[str, Any]

PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_TERMINATION_POLICIES = ("FallbackToLogsOnError", "File")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_NOT_EPHEMERAL = (
    "ports", "resources", "resizePolicy", *_PROBES, "lifecycle", "restartPolicy", "restartPolicyRules",
)  # fmt: skip
_HEADER_NAME = re.compile(r"[-A-Za-z0-9]+\Z")
_HEADER_ERROR = (
    "a valid HTTP header must consist of alphanumeric characters or '-' "
    "(e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
)


class PodContainers:
    """The containers of one pod and the rules that they follow, which look at the rest of its spec.

    :param spec: the pod's spec.
    :param field: the path of that spec.
    """

    def __init__(self, spec: Spec, field: str) -> None:
        self._spec = spec
        self._field = field
        self._volumes = {volume.get("name", ""): volume for volume in spec.get("volumes") or ()}
        self._claims = {claim["name"] for claim in spec.get("resourceClaims") or () if claim.get("name")}
        self._host_users = spec.get("hostUsers") is not False
        self._taken: set[str] = set()

    def __iter__(self) -> Iterator[tuple[str, Spec]]:
        """Each container with its path."""
        for kind in ("initContainers", "containers", "ephemeralContainers"):
            yield from self._of_kind(kind)

    def _of_kind(self, kind: str) -> Iterator[tuple[str, Spec]]:
        for index, container in enumerate(self._spec.get(kind) or ()):
            yield f"{self._field}.{kind}[{index}]", container

    def validate(self) -> list[Cause]:
        """What is wrong with any of them."""
        containers = self._spec.get("containers") or []
        causes = [] if containers else [required(f"{self._field}.containers")]
        for path, container in self._of_kind("containers"):
            causes += self._common(container, path) + self._hooks(container, path) + _restart_rules(container, path)
        causes += host_port_conflicts(containers, f"{self._field}.containers")
        for path, container in self._of_kind("initContainers"):
            causes += self._common(container, path) + self._init_container(container, path)
        for path, container in self._of_kind("ephemeralContainers"):
            causes += self._common(container, path) + self._ephemeral_container(container, path)
        return causes + file_key_volumes(iter(self), self._volumes)

    def _common(self, container: Spec, path: str) -> list[Cause]:
        """``validateContainerCommon``."""
        causes = _name(container.get("name", ""), f"{path}.name", self._taken)
        if not container.get("image"):
            causes.append(required(f"{path}.image"))
        policy = container.get("terminationMessagePolicy")
        causes += one_of(policy, _TERMINATION_POLICIES, f"{path}.terminationMessagePolicy")
        causes += _ports(container.get("ports") or [], f"{path}.ports")
        causes += validate_environment(container, path)
        causes += _mounts(container, self._volumes, path)
        causes += one_of(container.get("imagePullPolicy"), PULL_POLICIES, f"{path}.imagePullPolicy")
        resources = container.get("resources") or {}
        causes += validate_resource_requirements(resources, f"{path}.resources", self._claims)
        resizing, restarts = container.get("resizePolicy") or [], self._spec.get("restartPolicy", "")
        causes += validate_resize_policy(resizing, f"{path}.resizePolicy", restarts)
        context = container.get("securityContext") or {}
        if not self._host_users and container.get("volumeDevices"):
            causes.append(forbidden(f"{path}.volumeDevices", "when `hostUsers` is false"))
        return causes + validate_security_context(context, f"{path}.securityContext", host_users=self._host_users)

    def _hooks(self, container: Spec, path: str) -> list[Cause]:
        """Probes, and what is run after a container starts and before it stops."""
        causes: list[Cause] = []
        for probe in _PROBES:
            if probe in container:
                causes += _probe(container, probe, path)
        grace = self._spec.get("terminationGracePeriodSeconds", 30)
        for hook, handler in (container.get("lifecycle") or {}).items():
            if isinstance(handler, dict):
                at = f"{path}.lifecycle.{hook}"
                causes += _handler(handler, at, (*_HANDLERS[:3], "sleep")) + _sleep(handler.get("sleep"), grace, at)
        return causes

    def _init_container(self, container: Spec, path: str) -> list[Cause]:
        """Sidecars, which are init containers that keep running, may have what others may not."""
        field, _, _ = path.rpartition("[")
        # Init containers run one after another, so each has the ports of the host for itself.
        causes = host_port_conflicts([container], field)
        if "restartPolicy" in container:
            causes += _restart_rules(container, path)
        if container.get("restartPolicy") == "Always":
            return causes + self._hooks(container, path)
        text = "may not be set for init containers without restartPolicy=Always"
        given = [name for name in ("lifecycle", *_PROBES) if name in container]
        return causes + [forbidden(f"{path}.{name}", text) for name in given]

    def _ephemeral_container(self, container: Spec, path: str) -> list[Cause]:
        """Containers for a look inside: nothing that a pod could come to rely on."""
        causes = untrimmed_image(container, path)
        target = container.get("targetContainerName")
        others = [one.get("name") for kind in ("containers", "initContainers") for one in self._spec.get(kind) or ()]
        if target and target not in others:
            causes.append(not_found(f"{path}.targetContainerName", target))
        text = "cannot be set for an Ephemeral Container"
        causes += [forbidden(f"{path}.{name}", text) for name in _NOT_EPHEMERAL if container.get(name)]
        for index, mount in enumerate(container.get("volumeMounts") or ()):
            given = [name for name in ("subPath", "subPathExpr") if mount.get(name)]
            causes += [forbidden(f"{path}.volumeMounts[{index}].{name}", text) for name in given]
        return causes


def _sleep(action: Spec | None, grace: int, path: str) -> list[Cause]:
    seconds = (action or {}).get("seconds", 0)
    if 0 <= seconds <= max(grace, 0):
        return []
    text = f"must be non-negative and less than terminationGracePeriodSeconds ({grace})"
    return [invalid(f"{path}.sleep", seconds, text)]


def _restart_rules(container: Spec, path: str) -> list[Cause]:
    """When one container is started again, other than the pod's policy says."""
    policy, rules = container.get("restartPolicy"), container.get("restartPolicyRules") or []
    causes = optional_one_of(policy, ("Always", "Never", "OnFailure"), f"{path}.restartPolicy")
    if policy is None and rules:
        text = "must specify restartPolicy when restart rules are used"
        causes.append(required(f"{path}.restartPolicy", text))
    for index, rule in enumerate(rules):
        at, codes = f"{path}.restartPolicyRules[{index}]", rule.get("exitCodes")
        causes += optional_one_of(rule.get("action", ""), ("Restart", "RestartAllContainers"), f"{at}.action")
        if codes is None:
            causes.append(required(f"{at}.exitCodes", "must be specified"))
        else:
            causes += optional_one_of(codes.get("operator", ""), ("In", "NotIn"), f"{at}.exitCodes.operator")
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


def untrimmed_image(container: Spec, path: str) -> list[Cause]:
    """Spaces around an image's name: refused in Pods only, as some have used them in templates."""
    image = container.get("image", "")
    text = "must not have leading or trailing whitespace"
    return [] if image == image.strip() else [invalid(f"{path}.image", image, text)]


def _name(name: str, field: str, taken: set[str]) -> list[Cause]:
    if not name:
        return [required(field)]
    if found := is_dns_label(name):
        return problems(found, name, field)
    if name in taken:
        return [duplicate(field, name)]
    taken.add(name)
    return []


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


def _mounts(container: Spec, volumes: Mapping[str, Spec], path: str) -> list[Cause]:
    causes: list[Cause] = []
    targets: set[str] = set()
    devices = {one.get("name"): one.get("devicePath") for one in container.get("volumeDevices") or ()}
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
        if name in devices:
            causes.append(invalid(f"{at}.name", name, "must not already exist in volumeDevices"))
        if target in devices.values():
            text = "must not already exist as a path in volumeDevices"
            causes.append(invalid(f"{at}.mountPath", target, text))
        causes += _recursive_read_only(mount, f"{at}.recursiveReadOnly")
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


def _recursive_read_only(mount: Spec, path: str) -> list[Cause]:
    wanted = mount.get("recursiveReadOnly")
    if wanted in (None, "Disabled"):
        return []
    causes: list[Cause] = []
    if not mount.get("readOnly"):
        causes.append(forbidden(path, "may only be specified when readOnly is true"))
    if mount.get("mountPropagation", "None") != "None":
        text = "may only be specified when mountPropagation is None or not specified"
        causes.append(forbidden(path, text))
    return causes + optional_one_of(wanted, ("Disabled", "Enabled", "IfPossible"), path)


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
