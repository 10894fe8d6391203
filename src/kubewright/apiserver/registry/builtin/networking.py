"""Ingresses, IngressClasses, NetworkPolicies, IPAddresses and ServiceCIDRs.

After ``pkg/apis/networking/validation``.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from kubewright.apiserver.registry.builtin.addresses import cidr_warnings, is_cidr, is_ip
from kubewright.apiserver.registry.builtin.base import (
    ALL_METADATA,
    BuiltinStrategy,
    age,
    class_name,
    columns,
    fill,
    name_of,
    selector_text,
)
from kubewright.apiserver.registry.builtin.field_rules import (
    PROTOCOLS,
    domain_prefixed_path,
    is_port_name,
    label_selector,
    optional_one_of,
    port_number,
    port_number_or_name,
    problems,
)
from kubewright.apiserver.registry.metadata_rules import (
    immutable,
    is_dns_label,
    is_dns_subdomain,
    path_segment,
)
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import forbidden, invalid, required, show, too_long

Spec = dict[str, Any]

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")
DEFAULT_INGRESS_CLASS = "ingressclass.kubernetes.io/is-default-class"
_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
_BAD_SEQUENCES = ("//", "/./", "/../", "%2f", "%2F")
_BAD_ENDINGS = ("/..", "/.")
_WILDCARD = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', "
    r"regex used for validation is '\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


class IngressStrategy(BuiltinStrategy):
    columns = columns("Class", "Hosts", "Address", "Ports", "Age")
    status = True
    generation = True
    update_checks_metadata_twice = True

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes: list[Cause] = []
        for index, tls in enumerate(spec.get("tls") or ()):
            for at, host in enumerate(tls.get("hosts") or ()):
                causes += _host(host, f"spec.tls[{index}].hosts[{at}]")
            if secret := tls.get("secretName"):
                causes += problems(is_dns_subdomain(secret), secret, f"spec.tls[{index}].secretName")
        if not spec.get("rules") and spec.get("defaultBackend") is None:
            text = "either `defaultBackend` or `rules` must be specified"
            causes.append(invalid("spec", spec.get("rules"), text))
        for index, rule in enumerate(spec.get("rules") or ()):
            causes += _ingress_rule(rule, f"spec.rules[{index}]")
        if "defaultBackend" in spec:
            causes += _backend(spec["defaultBackend"], "spec.defaultBackend")
        if "ingressClassName" in spec:
            name = spec["ingressClassName"]
            causes += problems(is_dns_subdomain(name), name, "spec.ingressClassName")
        return causes

    def validate(self, obj: Object, reader: Reader) -> list[Cause]:
        causes = super().validate(obj, reader)
        annotation = (obj["metadata"].get("annotations") or {}).get(_CLASS_ANNOTATION)
        if annotation is not None and obj["spec"].get("ingressClassName") not in (None, annotation):
            text = "must match `ingressClassName` when both are specified"
            # The path is Kubernetes' own slip.
            causes.append(invalid(f"annotations.{_CLASS_ANNOTATION}", annotation, text))
        return causes

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        annotated = _CLASS_ANNOTATION in (obj["metadata"].get("annotations") or {})
        if old is not None or not annotated or "ingressClassName" in obj["spec"]:
            return []
        return [f"annotation {show(_CLASS_ANNOTATION)} is deprecated, please use 'spec.ingressClassName' instead"]

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        causes: list[Cause] = []
        for index, ingress in enumerate((obj["status"].get("loadBalancer") or {}).get("ingress") or ()):
            path = f"status.loadBalancer.ingress[{index}]"
            if ingress.get("ip"):
                causes += problems(is_ip(ingress["ip"]), ingress["ip"], f"{path}.ip")
            if host := ingress.get("hostname"):
                causes += problems(is_dns_subdomain(host), host, f"{path}.hostname")
                if not is_ip(host):
                    text = "must be a DNS name, not an IP address"
                    causes.append(invalid(f"{path}.hostname", host, text))
        return causes

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        hosts = [rule["host"] for rule in spec.get("rules") or () if rule.get("host")]
        rules = len(spec.get("rules") or ())
        shown = ",".join(hosts[:3]) + (f" + {rules - 3} more..." if rules > 3 and hosts else "")
        ingress = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
        return [
            name_of(obj),
            spec.get("ingressClassName") or "<none>",
            shown or "*",
            ",".join(sorted({entry.get("ip") or entry.get("hostname", "") for entry in ingress} - {""})),
            "80, 443" if spec.get("tls") else "80",
            age(obj),
        ]


def _host(host: str, field: str) -> list[Cause]:
    if "*" in host:
        wrong = not host.startswith("*.") or bool(is_dns_subdomain(host[2:]))
        return [invalid(field, host, _WILDCARD)] if wrong else []
    return problems(is_dns_subdomain(host), host, field)


def _ingress_rule(rule: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    if host := rule.get("host"):
        if not is_ip(host):
            causes.append(invalid(f"{path}.host", host, "must be a DNS name, not an IP address"))
        else:
            causes += _host(host, f"{path}.host")
    http = rule.get("http")
    if http is None:
        return causes
    paths = http.get("paths") or []
    if not paths:
        causes.append(required(f"{path}.http.paths"))
    for index, entry in enumerate(paths):
        causes += _ingress_path(entry, f"{path}.http.paths[{index}]")
    return causes


def _ingress_path(entry: Spec, at: str) -> list[Cause]:
    kind, path = entry.get("pathType"), entry.get("path", "")
    causes: list[Cause] = []
    if kind is None:
        return [required(f"{at}.pathType", "pathType must be specified")]
    if kind in ("Exact", "Prefix"):
        if not path.startswith("/"):
            causes.append(invalid(f"{at}.path", path, "must be an absolute path"))
        if path:
            bad = [f"must not contain '{text}'" for text in _BAD_SEQUENCES if text in path]
            bad += [f"cannot end with '{text}'" for text in _BAD_ENDINGS if path.endswith(text)]
            causes += problems(bad, path, f"{at}.path")
    elif kind == "ImplementationSpecific":
        if path and not path.startswith("/"):
            causes.append(invalid(f"{at}.path", path, "must be an absolute path"))
    else:
        causes += optional_one_of(kind, _PATH_TYPES, f"{at}.pathType")
    return causes + _backend(entry.get("backend") or {}, f"{at}.backend")


def _backend(backend: Spec, path: str) -> list[Cause]:
    service, resource = backend.get("service"), backend.get("resource")
    if service is not None and resource is not None:
        return [invalid(path, "", "cannot set both resource and service backends")]
    if resource is not None:
        return _reference(resource, f"{path}.resource")
    if service is None:
        return [invalid(path, "", "resource or service backend is required")]
    causes = []
    name = service.get("name", "")
    if not name:
        causes.append(required(f"{path}.service.name"))
    else:
        causes += problems(is_dns_label(name), name, f"{path}.service.name")
    port = service.get("port") or {}
    if port.get("name") and port.get("number"):
        causes.append(invalid(path, "", "cannot set both port name & port number"))
    elif port.get("name"):
        causes += problems(is_port_name(port["name"]), port["name"], f"{path}.service.port.name")
    elif port.get("number"):
        causes += port_number(port["number"], f"{path}.service.port.number")
    else:
        causes.append(required(path, "port name or number is required"))
    return causes


def _reference(reference: Spec, path: str) -> list[Cause]:
    """An object of any kind, by its group, kind and name."""
    causes: list[Cause] = []
    if (group := reference.get("apiGroup")) is not None:
        causes += problems(is_dns_subdomain(group), group, f"{path}.apiGroup")
    for field in ("kind", "name"):
        value = reference.get(field, "")
        if not value:
            causes.append(required(f"{path}.{field}", f"{field} is required"))
        causes += problems(path_segment(value, False), value, f"{path}.{field}")
    return causes


class IngressClassStrategy(BuiltinStrategy):
    columns = columns("Controller", "Parameters", "Age")
    generation = True
    update_checks_metadata_twice = True

    def default(self, obj: Object) -> None:
        parameters = obj["spec"].get("parameters")
        if parameters is not None:
            fill(parameters, "scope", "Cluster")

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        controller = spec.get("controller", "")
        causes = [too_long("spec.controller", 250)] if len(controller.encode()) > 250 else []
        causes += domain_prefixed_path(controller, "spec.controller")
        parameters = spec.get("parameters")
        if parameters is None:
            return causes
        path, scope = "spec.parameters", parameters.get("scope")
        causes += _reference(parameters, path) + optional_one_of(scope, ("Cluster", "Namespace"), f"{path}.scope")
        namespace = parameters.get("namespace")
        if scope == "Namespace" and namespace is None:
            causes.append(required(f"{path}.namespace", "`parameters.scope` is set to 'Namespace'"))
        elif scope == "Namespace":
            causes += problems(is_dns_label(namespace), namespace, f"{path}.namespace")
        elif scope == "Cluster" and namespace is not None:
            causes.append(forbidden(f"{path}.namespace", "`parameters.scope` is set to 'Cluster'"))
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        controller = immutable(obj["spec"].get("controller"), old["spec"].get("controller"), "spec.controller")
        return controller + self.rules(obj)

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        parameters = spec.get("parameters")
        text = "<none>"
        if parameters:
            group = parameters.get("apiGroup")
            text = f"{parameters['kind']}{'.' + group if group else ''}/{parameters['name']}"
        return [class_name(obj, DEFAULT_INGRESS_CLASS), spec.get("controller", ""), text, age(obj)]


class NetworkPolicyStrategy(BuiltinStrategy):
    columns = columns("Pod-Selector", "Age")
    generation = True

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        for direction in ("ingress", "egress"):
            for rule in spec.get(direction) or ():
                for port in rule.get("ports") or ():
                    port.setdefault("protocol", "TCP")
        if not spec.get("policyTypes"):
            spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        found: list[str] = []
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for index, rule in enumerate(obj["spec"].get(direction) or ()):
                for at, peer in enumerate(rule.get(peers) or ()):
                    block, path = peer.get("ipBlock") or {}, f"spec.{direction}[{index}].{peers}[{at}].ipBlock"
                    found += cidr_warnings(block.get("cidr", ""), f"{path}.cidr")
                    for place, excluded in enumerate(block.get("except") or ()):
                        found += cidr_warnings(excluded, f"{path}.except[{place}]")
        return found

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes = label_selector(spec.get("podSelector"), "spec.podSelector")
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for index, rule in enumerate(spec.get(direction) or ()):
                path = f"spec.{direction}[{index}]"
                for at, port in enumerate(rule.get("ports") or ()):
                    causes += _policy_port(port, f"{path}.ports[{at}]")
                for at, peer in enumerate(rule.get(peers) or ()):
                    causes += _policy_peer(peer, f"{path}.{peers}[{at}]")
        types = spec.get("policyTypes") or []
        if len(types) > 2:
            return [*causes, invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
        for index, kind in enumerate(types):
            causes += optional_one_of(kind, ("Egress", "Ingress"), f"spec.policyTypes[{index}]")
        return causes

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), selector_text(obj["spec"].get("podSelector")), age(obj)]


def _policy_port(port: Spec, path: str) -> list[Cause]:
    causes = optional_one_of(port.get("protocol"), PROTOCOLS, f"{path}.protocol")
    number, end = port.get("port"), port.get("endPort")
    if number is not None:
        causes += port_number_or_name(number, f"{path}.port")
    if end is None:
        return causes
    if number is None:
        causes.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is not specified"))
    elif isinstance(number, str):
        causes.append(invalid(f"{path}.endPort", end, "may not be specified when `port` is non-numeric"))
    else:
        if end < number:
            causes.append(invalid(f"{path}.endPort", number, "must be greater than or equal to `port`"))
        causes += port_number(end, f"{path}.endPort")
    return causes


def _policy_peer(peer: Spec, path: str) -> list[Cause]:
    given = [name for name in ("podSelector", "namespaceSelector", "ipBlock") if name in peer]
    if not given:
        return [required(path, "must specify a peer")]
    causes: list[Cause] = []
    for name in ("podSelector", "namespaceSelector"):
        causes += label_selector(peer.get(name), f"{path}.{name}")
    if "ipBlock" not in peer:
        return causes
    if len(given) > 1:
        text = "may not specify both ipBlock and another peer"
        causes.append(forbidden(path, text))
    return causes + _ip_block(peer["ipBlock"], f"{path}.ipBlock")


def _ip_block(block: Spec, path: str) -> list[Cause]:
    cidr = block.get("cidr", "")
    if not cidr:
        return [required(f"{path}.cidr")]
    if found := is_cidr(cidr):
        return problems(found, cidr, f"{path}.cidr")
    causes: list[Cause] = []
    network = ipaddress.ip_network(cidr, strict=False)
    for index, excluded in enumerate(block.get("except") or ()):
        at = f"{path}.except[{index}]"
        if found := is_cidr(excluded):
            causes += problems(found, excluded, at)
            continue
        inner = ipaddress.ip_network(excluded, strict=False)
        inside = inner.version == network.version and inner.network_address in network
        if not inside or inner.prefixlen <= network.prefixlen:
            text = f'must be a strict subset of `cidr`: "{cidr}"'
            causes.append(invalid(at, excluded, text))
    return causes


class IPAddressStrategy(BuiltinStrategy):
    columns = columns("ParentRef")

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        try:
            return [] if str(ipaddress.ip_address(name)) == name else ["must be in canonical form"]
        except ValueError:
            return ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]

    def rules(self, obj: Object) -> list[Cause]:
        parent = obj["spec"].get("parentRef")
        if parent is None:
            return [required("spec.parentRef")]
        group = parent.get("group", "")
        causes = problems(is_dns_subdomain(group), group, "spec.parentRef.group") if group else []
        for name in ("resource", "name", "namespace"):
            value = parent.get(name, "")
            if not value and name != "namespace":
                causes.append(required(f"spec.parentRef.{name}"))
            causes += problems(path_segment(value, False), value, f"spec.parentRef.{name}")
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return immutable(obj["spec"].get("parentRef"), old["spec"].get("parentRef"), "spec.parentRef")

    def cells(self, obj: Object) -> list[Any]:
        parent = obj["spec"].get("parentRef") or {}
        names = [parent.get(name) for name in ("resource", "namespace", "name")]
        group = parent.get("group")
        first = f"{names[0]}.{group}" if group else names[0]
        return [name_of(obj), "/".join(filter(None, [first, *names[1:]]))]


class ServiceCIDRStrategy(BuiltinStrategy):
    columns = columns("CIDRs", "Age")
    status = True
    status_keeps = ALL_METADATA

    def rules(self, obj: Object) -> list[Cause]:
        cidrs = obj["spec"].get("cidrs") or []
        if not cidrs:
            return [required("spec.cidrs", "at least one CIDR required")]
        if len(cidrs) > 2:
            return [invalid("spec.cidrs", obj["spec"], "may only hold up to 2 values")]
        networks = [None if is_cidr(cidr) else ipaddress.ip_network(cidr, strict=False) for cidr in cidrs]
        if len(cidrs) == 2 and len({network.version for network in networks if network}) < 2:
            text = "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
            return [invalid("spec.cidrs", obj["spec"], text)]
        causes: list[Cause] = []
        for index, (cidr, network) in enumerate(zip(cidrs, networks, strict=True)):
            path = f"spec.cidrs[{index}]"
            if network is None:
                causes += problems(is_cidr(cidr), cidr, path)
                continue
            address = ipaddress.ip_interface(cidr)
            if address.ip != network.network_address:
                causes.append(invalid(path, cidr, "wrong CIDR format, IP doesn't match network IP address"))
            if str(address) != cidr:
                causes.append(invalid(path, cidr, "CIDR not in RFC 5952 canonical format"))
        return causes

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return immutable(obj["spec"].get("cidrs"), old["spec"].get("cidrs"), "spec.cidrs")

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), ",".join(obj["spec"].get("cidrs") or ()), age(obj)]
