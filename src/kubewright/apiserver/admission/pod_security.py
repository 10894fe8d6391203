"""PodSecurity: the Pod Security Standards that a namespace's labels ask for.

``pod-security.kubernetes.io/enforce`` refuses pods, ``warn`` warns, ``audit`` annotates; each names ``privileged``,
``baseline`` or ``restricted``.  After ``k8s.io/pod-security-admission``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import refused
from kubewright.apiserver.registry.builtin.pod_defaults import containers_of

Spec = dict[str, Any]
Check = Callable[[Spec], Iterator[str]]

_PREFIX = "pod-security.kubernetes.io/"
TEMPLATED = {
    ("", "podtemplates"): ("template",),
    ("", "replicationcontrollers"): ("spec", "template"),
    ("apps", "daemonsets"): ("spec", "template"),
    ("apps", "deployments"): ("spec", "template"),
    ("apps", "replicasets"): ("spec", "template"),
    ("apps", "statefulsets"): ("spec", "template"),
    ("batch", "jobs"): ("spec", "template"),
    ("batch", "cronjobs"): ("spec", "jobTemplate", "spec", "template"),
}
_BASELINE_CAPABILITIES = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip
_SAFE_SYSCTLS = frozenset(
    {
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem",
    }
)  # fmt: skip
_RESTRICTED_VOLUMES = frozenset(
    {
        "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected",
        "secret",
    }
)  # fmt: skip
_SELINUX_TYPES = frozenset({"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"})


class PodSecurity:
    """Runs on the final object; objects that only hold a template are never refused, but warned about."""

    async def validate(self, attributes: Attributes) -> None:
        spec, is_pod = _pod_spec(attributes)
        if spec is None:
            return
        namespace = attributes.reader.view("", "namespaces", "", attributes.namespace) or {"metadata": {}}
        labels = namespace["metadata"].get("labels") or {}
        enforced, enforce_text = _evaluate(labels, "enforce", spec)
        if enforced and is_pod:
            raise refused(attributes, f"violates PodSecurity {enforce_text}")
        warned, warn_text = _evaluate(labels, "warn", spec)
        if warned:
            attributes.warnings.append(f"would violate PodSecurity {warn_text}")
        audited, audit_text = _evaluate(labels, "audit", spec)
        if audited:
            attributes.audit_annotations[_PREFIX + "audit-violations"] = f"would violate PodSecurity {audit_text}"


def _pod_spec(attributes: Attributes) -> tuple[Spec | None, bool]:
    resource = attributes.resource.group_resource
    if attributes.obj is None or attributes.operation not in ("CREATE", "UPDATE"):
        return None, False
    if resource == ("", "pods"):
        relevant = not attributes.subresource or attributes.subresource == "ephemeralcontainers"
        return (attributes.obj["spec"] if relevant else None), True
    if attributes.subresource:
        return None, False
    found: Any = attributes.obj
    for field in TEMPLATED.get(resource, ("",)):
        found = (found or {}).get(field)
    return (found or {}).get("spec"), False


def _evaluate(labels: Mapping[str, str], mode: str, spec: Spec) -> tuple[bool, str]:
    """Whether a pod breaks the level of a mode, and the message that says how."""
    level = labels.get(_PREFIX + mode, "privileged")
    if level not in ("baseline", "restricted"):
        return False, ""
    version = labels.get(f"{_PREFIX}{mode}-version", "latest")
    found = violations(level, spec)
    return bool(found), f'"{level}:{version}": {", ".join(found)}'


def violations(level: str, spec: Spec) -> list[str]:
    """What a pod spec breaks of a level, each as ``rule (where)``."""
    checks = (*BASELINE, *RESTRICTED) if level == "restricted" else BASELINE
    found = []
    for name, check in checks:
        reasons = list(check(spec))
        if reasons:
            found.append(f"{name} ({'; '.join(reasons)})")
    return found


def _names(containers: list[str]) -> str:
    noun = "container" if len(containers) == 1 else "containers"
    return f"{noun} " + ", ".join(f'"{name}"' for name in containers)


def _contexts(spec: Spec) -> Iterator[tuple[str, Spec]]:
    for container in containers_of(spec):
        yield container.get("name", ""), container.get("securityContext") or {}


def _privileged(spec: Spec) -> Iterator[str]:
    if bad := [name for name, context in _contexts(spec) if context.get("privileged")]:
        yield f"{_names(bad)} must not set securityContext.privileged=true"


def _host_namespaces(spec: Spec) -> Iterator[str]:
    if bad := [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]:
        yield ", ".join(bad)


def _host_paths(spec: Spec) -> Iterator[str]:
    if bad := [volume["name"] for volume in spec.get("volumes") or () if "hostPath" in volume]:
        noun = "volume" if len(bad) == 1 else "volumes"
        yield f"{noun} " + ", ".join(f'"{name}"' for name in bad)


def _host_ports(spec: Spec) -> Iterator[str]:
    bad: dict[str, list[int]] = {}
    for container in containers_of(spec):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                bad.setdefault(container.get("name", ""), []).append(port["hostPort"])
    if bad:
        numbers = sorted({number for ports in bad.values() for number in ports})
        noun, verb = ("hostPort", "uses") if len(numbers) == 1 else ("hostPorts", "use" if len(bad) > 1 else "uses")
        yield f"{_names(list(bad))} {verb} {noun} {', '.join(map(str, numbers))}"


def _baseline_capabilities(spec: Spec) -> Iterator[str]:
    bad: dict[str, set[str]] = {}
    for name, context in _contexts(spec):
        extra = set((context.get("capabilities") or {}).get("add") or ()) - _BASELINE_CAPABILITIES
        if extra:
            bad[name] = extra
    if bad:
        listed = ", ".join(f'"{name}"' for name in sorted(set().union(*bad.values())))
        yield f"{_names(list(bad))} must not include {listed} in securityContext.capabilities.add"


def _seccomp_unconfined(spec: Spec) -> Iterator[str]:
    if (spec.get("securityContext") or {}).get("seccompProfile", {}).get("type") == "Unconfined":
        yield 'pod must not set securityContext.seccompProfile.type to "Unconfined"'
    bad = [name for name, context in _contexts(spec) if context.get("seccompProfile", {}).get("type") == "Unconfined"]
    if bad:
        yield f'{_names(bad)} must not set securityContext.seccompProfile.type to "Unconfined"'


def _proc_mount(spec: Spec) -> Iterator[str]:
    if bad := [name for name, context in _contexts(spec) if context.get("procMount", "Default") != "Default"]:
        yield f'{_names(bad)} must not set securityContext.procMount to "Unmasked"'


def _sysctls(spec: Spec) -> Iterator[str]:
    names = [sysctl.get("name", "") for sysctl in (spec.get("securityContext") or {}).get("sysctls") or ()]
    if bad := [name for name in names if name not in _SAFE_SYSCTLS]:
        yield ", ".join(bad)


def _selinux(spec: Spec) -> Iterator[str]:
    options = [("pod", (spec.get("securityContext") or {}).get("seLinuxOptions") or {})]
    options += [(_names([name]), context.get("seLinuxOptions") or {}) for name, context in _contexts(spec)]
    for where, option in options:
        if option.get("type", "") not in _SELINUX_TYPES:
            yield f'{where} set forbidden securityContext.seLinuxOptions: type "{option["type"]}"'
        for field in ("user", "role"):
            if option.get(field):
                yield f"{where} set forbidden securityContext.seLinuxOptions: {field} may not be set"


def _restricted_volumes(spec: Spec) -> Iterator[str]:
    for volume in spec.get("volumes") or ():
        kinds = [kind for kind in volume if kind != "name" and kind not in _RESTRICTED_VOLUMES]
        if kinds:
            yield f'volume "{volume.get("name", "")}" uses restricted volume type "{kinds[0]}"'


def _privilege_escalation(spec: Spec) -> Iterator[str]:
    if bad := [name for name, context in _contexts(spec) if context.get("allowPrivilegeEscalation") is not False]:
        yield f"{_names(bad)} must set securityContext.allowPrivilegeEscalation=false"


def _run_as_non_root(spec: Spec) -> Iterator[str]:
    pod = (spec.get("securityContext") or {}).get("runAsNonRoot")
    explicit = [name for name, context in _contexts(spec) if context.get("runAsNonRoot") is False]
    if explicit:
        yield f"{_names(explicit)} must not set securityContext.runAsNonRoot=false"
    if pod is False:
        yield "pod must not set securityContext.runAsNonRoot=false"
    elif pod is None:
        silent = [name for name, context in _contexts(spec) if context.get("runAsNonRoot") is None]
        if silent:
            yield f"pod or {_names(silent)} must set securityContext.runAsNonRoot=true"


def _run_as_user(spec: Spec) -> Iterator[str]:
    if (spec.get("securityContext") or {}).get("runAsUser") == 0:
        yield "pod must not set runAsUser=0"
    if bad := [name for name, context in _contexts(spec) if context.get("runAsUser") == 0]:
        yield f"{_names(bad)} must not set runAsUser=0"


def _seccomp_required(spec: Spec) -> Iterator[str]:
    pod = (spec.get("securityContext") or {}).get("seccompProfile", {}).get("type")
    if pod in ("RuntimeDefault", "Localhost"):
        return
    bad = [name for name, context in _contexts(spec) if not context.get("seccompProfile", {}).get("type")]
    if bad:
        yield (
            f"pod or {_names(bad)} must set securityContext.seccompProfile.type "
            'to "RuntimeDefault" or "Localhost"'
        )  # fmt: skip


def _restricted_capabilities(spec: Spec) -> Iterator[str]:
    undropped = []
    added: dict[str, set[str]] = {}
    for name, context in _contexts(spec):
        capabilities = context.get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or ()):
            undropped.append(name)
        if extra := set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
            added[name] = extra
    if undropped:
        yield f'{_names(undropped)} must set securityContext.capabilities.drop=["ALL"]'
    if added:
        listed = ", ".join(f'"{name}"' for name in sorted(set().union(*added.values())))
        yield f"{_names(list(added))} must not include {listed} in securityContext.capabilities.add"


BASELINE: tuple[tuple[str, Check], ...] = (
    ("non-default capabilities", _baseline_capabilities),
    ("host namespaces", _host_namespaces),
    ("hostPath volumes", _host_paths),
    ("hostPort", _host_ports),
    ("privileged", _privileged),
    ("procMount", _proc_mount),
    ("seLinuxOptions", _selinux),
    ("seccompProfile", _seccomp_unconfined),
    ("forbidden sysctls", _sysctls),
)
RESTRICTED: tuple[tuple[str, Check], ...] = (
    ("allowPrivilegeEscalation != false", _privilege_escalation),
    ("unrestricted capabilities", _restricted_capabilities),
    ("restricted volume types", _restricted_volumes),
    ("runAsNonRoot != true", _run_as_non_root),
    ("runAsUser=0", _run_as_user),
    ("seccompProfile", _seccomp_required),
)
