"""PodSecurity: the Pod Security Standards that a namespace's labels ask for.

``pod-security.kubernetes.io/enforce`` refuses pods, ``warn`` warns, ``audit`` annotates; each names ``privileged``,
``baseline`` or ``restricted``.  After ``k8s.io/pod-security-admission``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.pod_security_policy import PREFIX, Standard, policy_of
from kubewright.apiserver.admission.refusal import refused
from kubewright.apiserver.registry.builtin.pod_defaults import containers_of
from kubewright.objects.errors import Invalid

Spec = dict[str, Any]
Check = Callable[[Spec], Iterator[str]]

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
        if attributes.resource.group_resource == ("", "namespaces"):
            _validate_namespace(attributes)
            return
        spec, is_pod = _pod_spec(attributes)
        if spec is None or (is_pod and not _matters(spec, attributes.old)):
            return
        namespace = attributes.reader.view("", "namespaces", "", attributes.namespace) or {"metadata": {}}
        policy, _ = policy_of(namespace["metadata"].get("labels") or {})
        if is_pod and (found := violations(policy.enforce.level, spec)):
            raise refused(attributes, f'violates PodSecurity "{policy.enforce}": {", ".join(found)}')
        if found := violations(policy.warn.level, spec):
            attributes.warnings.append(f'would violate PodSecurity "{policy.warn}": {", ".join(found)}')
        if found := violations(policy.audit.level, spec):
            text = f'would violate PodSecurity "{policy.audit}": {", ".join(found)}'
            attributes.audit_annotations[f"{PREFIX}audit-violations"] = text


def _validate_namespace(attributes: Attributes) -> None:
    """Labels have to make sense when they are set; pods that a stricter level would refuse are told of.

    :raises Invalid: they do not.
    """
    if attributes.obj is None or attributes.subresource:
        return
    policy, wrong = policy_of(attributes.obj["metadata"].get("labels") or {})
    before, was_wrong = policy_of(((attributes.old or {}).get("metadata") or {}).get("labels") or {})
    if wrong and (attributes.old is None or wrong != was_wrong):
        raise Invalid.of(attributes.kind.group_kind, attributes.name, wrong)
    if attributes.old is None or policy.enforce == before.enforce:
        return
    if policy.enforce.version != before.enforce.version or policy.enforce.stricter_than(before.enforce):
        attributes.warnings += _warnings_of_pods(attributes, policy.enforce)


def _warnings_of_pods(attributes: Attributes, standard: Standard) -> list[str]:
    names: dict[str, list[str]] = {}
    for pod in attributes.reader.list("", "pods", attributes.name):
        if reason := ", ".join(name for name, _ in _broken(standard.level, pod["spec"])):
            names.setdefault(reason, []).append(pod["metadata"]["name"])
    if not names:
        return []
    found = []
    for reason, pods in names.items():
        others = f" (and {len(pods) - 1} other pod{'s' if len(pods) > 2 else ''})" if len(pods) > 1 else ""
        found.append(f"{min(pods)}{others}: {reason}")
    head = f'existing pods in namespace "{attributes.name}" violate the new PodSecurity enforce level "{standard}"'
    return [head, *sorted(found)]


def _matters(spec: Spec, old: Spec | None) -> bool:
    """Whether something changes that a standard looks at: a pod is made, or gets other containers or images."""
    return old is None or _images(spec) != _images(old["spec"])


def _images(spec: Spec) -> list[tuple[str, str]]:
    return [(container.get("name", ""), container.get("image", "")) for container in containers_of(spec)]


def _pod_spec(attributes: Attributes) -> tuple[Spec | None, bool]:
    resource = attributes.resource.group_resource
    if attributes.obj is None or attributes.operation not in ("CREATE", "UPDATE"):
        return None, False
    if resource == ("", "pods"):
        relevant = not attributes.subresource or attributes.subresource == "ephemeralcontainers"
        return (attributes.obj["spec"] if relevant else None), True
    if attributes.subresource or resource not in TEMPLATED:
        return None, False
    found: Any = attributes.obj
    for field in TEMPLATED[resource]:
        found = (found or {}).get(field)
    return (found or {}).get("spec"), False


def violations(level: str, spec: Spec) -> list[str]:
    """What a pod spec breaks of a level, each as ``rule (where)``."""
    return [f"{name} ({'; '.join(reasons)})" for name, reasons in _broken(level, spec)]


def _broken(level: str, spec: Spec) -> Iterator[tuple[str, list[str]]]:
    """Each rule of a level that a pod spec breaks, and where."""
    checks = {"privileged": (), "baseline": BASELINE}.get(level, (*BASELINE, *RESTRICTED))
    for name, check in checks:
        if reasons := list(check(spec)):
            yield name, reasons


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
