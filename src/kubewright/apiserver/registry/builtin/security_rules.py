"""Rules for the security contexts of pods and containers, and for what pods of an operating system may not have.

After ``ValidateSecurityContext``, ``validatePodSpecSecurityContext``, ``validateOS`` and their like in
``pkg/apis/core/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.field_rules import in_range, one_of, optional_one_of, relative_path
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, required

Spec = Mapping[str, Any]

_USER_LIMIT = 2**31 - 1
_SYSCTL = re.compile(r"([a-z0-9]([-_a-z0-9]*[a-z0-9])?[./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?\Z")
_IPC_SYSCTLS = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
_NOT_OF_WINDOWS_PODS = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls", "runAsUser",
    "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
)  # fmt: skip
_NOT_OF_WINDOWS_SPECS = ("hostUsers", "hostPID", "hostIPC", "shareProcessNamespace")
_NOT_OF_WINDOWS_CONTAINERS = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
)  # fmt: skip


def validate_pod_security_context(spec: Spec, field: str) -> list[Cause]:
    """``validatePodSpecSecurityContext``: what all containers of a pod have in common."""
    context = spec.get("securityContext") or {}
    field = f"{field}.securityContext"
    causes: list[Cause] = []
    for name in ("fsGroup", "runAsUser", "runAsGroup"):
        if name in context:
            causes += in_range(context[name], 0, _USER_LIMIT, f"{field}.{name}")
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        causes += in_range(group, 0, _USER_LIMIT, f"{field}.supplementalGroups[{index}]")
    causes += _sysctls(context.get("sysctls") or [], spec, f"{field}.sysctls")
    policies = ("Always", "OnRootMismatch")
    causes += optional_one_of(context.get("fsGroupChangePolicy"), policies, f"{field}.fsGroupChangePolicy")
    policies = ("Merge", "Strict")
    causes += optional_one_of(context.get("supplementalGroupsPolicy"), policies, f"{field}.supplementalGroupsPolicy")
    causes += validate_seccomp(context.get("seccompProfile"), f"{field}.seccompProfile")
    changes = ("MountOption", "Recursive")
    causes += optional_one_of(context.get("seLinuxChangePolicy"), changes, f"{field}.seLinuxChangePolicy")
    return causes + validate_app_armor(context.get("appArmorProfile"), f"{field}.appArmorProfile")


def _sysctls(sysctls: list[Spec], spec: Spec, field: str) -> list[Cause]:
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        name, path = sysctl.get("name", ""), f"{field}[{index}].name"
        if not name:
            causes.append(required(path))
        elif len(name) > 253 or not _SYSCTL.match(name):
            causes.append(invalid(path, name, "must have at most 253 characters and be a name of a kernel parameter"))
        elif name in seen:
            causes.append(duplicate(path, name))
        seen.add(name)
        dotted = name.replace("/", ".")
        if spec.get("hostNetwork") and dotted.startswith("net."):
            causes.append(invalid(path, name, "may not be specified when 'hostNetwork' is true"))
        if spec.get("hostIPC") and dotted.startswith(_IPC_SYSCTLS):
            causes.append(invalid(path, name, "may not be specified when 'hostIPC' is true"))
    return causes


def validate_security_context(context: Spec, path: str, *, host_users: bool = True) -> list[Cause]:
    """``ValidateSecurityContext``: of one container."""
    causes: list[Cause] = []
    for field in ("runAsUser", "runAsGroup"):
        if field in context:
            causes += in_range(context[field], 0, _USER_LIMIT, f"{path}.{field}")
    causes += optional_one_of(context.get("procMount"), ("Default", "Unmasked"), f"{path}.procMount")
    if host_users and context.get("procMount") == "Unmasked":
        causes.append(invalid(f"{path}.procMount", "Unmasked", "`hostUsers` must be false to use `Unmasked`"))
    causes += validate_seccomp(context.get("seccompProfile"), f"{path}.seccompProfile")
    causes += validate_app_armor(context.get("appArmorProfile"), f"{path}.appArmorProfile")
    escalation = context.get("allowPrivilegeEscalation")
    if escalation is False:
        if context.get("privileged"):
            text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            causes.append(invalid(path, context, text))
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            causes.append(invalid(path, context, text))
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
        if local is None:
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


def validate_operating_system(spec: Spec, containers: Iterable[tuple[str, Spec]], field: str) -> list[Cause]:
    """A pod that names its operating system leaves out what only the other one has."""
    system = spec.get("os")
    if system is None:
        return []
    if wrong := one_of(system.get("name"), ("linux", "windows"), f"{field}.os.name"):
        return wrong
    text = "windows options cannot be set for a linux pod"
    absent_here: tuple[str, ...] = ("windowsOptions",)
    absent_there = absent_here
    causes: list[Cause] = []
    if system["name"] == "windows":
        text = "cannot be set for a windows pod"
        absent_here, absent_there = _NOT_OF_WINDOWS_PODS, _NOT_OF_WINDOWS_CONTAINERS
        causes += [forbidden(f"{field}.{name}", text) for name in _NOT_OF_WINDOWS_SPECS if spec.get(name) is not None]
    own = spec.get("securityContext") or {}
    causes += [forbidden(f"{field}.securityContext.{name}", text) for name in absent_here if name in own]
    for path, container in containers:
        context = container.get("securityContext") or {}
        causes += [forbidden(f"{path}.securityContext.{name}", text) for name in absent_there if name in context]
    return causes
