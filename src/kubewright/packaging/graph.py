"""The Kubernetes objects that make up an operator's installation, grouped by component.

One function builds them for every package format, so that the kustomize tree, the install file, the Helm chart and the
OLM bundle describe the same installation.  What an installer may choose comes in as `Settings`: plain values for most
formats, template expressions for the chart.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kubewright.objects import to_dict
from kubewright.packaging.manifest import Object, OperatorManifest, converts
from kubewright.schema.policies import policies

HEALTH_PORT = 8081
METRICS_PORT = 8443
WEBHOOK_PORT = 9443

COMPONENTS = (
    "namespace",
    "crd",
    "rbac",
    "manager",
    "metrics",
    "admission",
    "webhook",
    "cert-manager",
    "prometheus",
    "network-policy",
    "policy",
)
"""Every component, in the order in which a cluster wants them; the first four are always there."""

RESOURCES: Object = {
    "requests": {"cpu": "10m", "memory": "64Mi"},
    "limits": {"cpu": "500m", "memory": "256Mi"},
}

POD_SECURITY: Object = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}

CONTAINER_SECURITY: Object = {
    "readOnlyRootFilesystem": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What whoever installs an operator may choose; every member is a value or, in a chart, an expression for one."""

    prefix: str
    namespace: str
    image: str
    instance: str
    version: str
    replicas: Any = 1
    resources: Any = None
    pod_settings: Any = None

    @classmethod
    def of(cls, manifest: OperatorManifest) -> Settings:
        """The settings that the manifest itself stands for."""
        return cls(
            prefix=manifest.name,
            namespace=manifest.namespace,
            image=manifest.image,
            instance=manifest.name,
            version=manifest.version,
            resources=copy.deepcopy(RESOURCES),
        )


def build(manifest: OperatorManifest, settings: Settings | None = None) -> dict[str, list[Object]]:
    """Every object of an installation by component; a component that the operator has no use for is absent."""
    return _Builder(manifest, settings or Settings.of(manifest)).build()


def flatten(components: dict[str, list[Object]], *, without: Sequence[str] = ()) -> list[Object]:
    """All objects in the order in which a cluster wants them."""
    return [obj for name in COMPONENTS if name not in without for obj in components.get(name, ())]


def identity(manifest: OperatorManifest) -> dict[str, str]:
    """The labels that every object of the manifest's own installation carries."""
    return _labels(manifest.name, manifest.name)


def _labels(name: str, instance: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": instance}


class _Builder:
    def __init__(self, manifest: OperatorManifest, settings: Settings) -> None:
        self.manifest = manifest
        self.settings = settings
        self.service_account = f"{settings.prefix}-controller-manager"
        # The operator looks for these by its own name, whatever the installation is called; CRDs make it one of a kind.
        self.webhook_service = f"{manifest.name}-webhook"
        self.certificate_secret = f"{manifest.name}-webhook-certificates"

    def build(self) -> dict[str, list[Object]]:
        components = {
            "namespace": [self.namespace()],
            "crd": [self.crd(crd) for crd in self.manifest.crds],
            "rbac": self.rbac(),
            "manager": [self.deployment()],
            "metrics": self.metrics(),
            "admission": [self.policy(one) for one in self.manifest.policies],
            "prometheus": [self.service_monitor()],
            "network-policy": self.network_policies(),
            "policy": [self.policy(one) for crd in self.manifest.crds for one in map(to_dict, policies(crd).objects)],
        }
        if self.manifest.serves_webhooks:
            components["webhook"] = [self.service_for_webhooks(), *map(self.webhook, self.manifest.webhooks)]
            if self.manifest.certificates == "cert-manager":
                components["cert-manager"] = self.cert_manager()
        return {name: objects for name, objects in components.items() if objects}

    # -- what every object carries

    def object(self, api_version: str, kind: str, name: str, *, namespaced: bool = True, **parts: Any) -> Object:
        metadata: Object = {"name": name}
        if namespaced:
            metadata["namespace"] = self.settings.namespace
        metadata["labels"] = {**self.selector(), **self.labels()}
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}

    def selector(self) -> dict[str, str]:
        return _labels(self.manifest.name, self.settings.instance)

    def labels(self) -> dict[str, str]:
        return {"app.kubernetes.io/version": self.settings.version, "app.kubernetes.io/managed-by": "kubewright"}

    # -- namespace and CRDs

    def namespace(self) -> Object:
        namespace = self.object("v1", "Namespace", self.settings.namespace, namespaced=False)
        namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
        return namespace

    def crd(self, crd: Object) -> Object:
        crd = copy.deepcopy(crd)
        if converts(crd):
            client = crd["spec"]["conversion"].setdefault("webhook", {}).setdefault("clientConfig", {})
            self.point_to_service(client, "/convert")
            self.inject_ca(crd)
        return crd

    # -- RBAC

    def rbac(self) -> list[Object]:
        objects = [self.object("v1", "ServiceAccount", self.service_account)]
        if self.manifest.rules:
            objects += self.manager_roles()
        objects += self.role(
            f"{self.settings.prefix}-leader-election",
            [
                rule("coordination.k8s.io", "leases", "create", "delete", "get", "list", "patch", "update", "watch"),
                rule("", "events", "create", "patch"),
                rule("events.k8s.io", "events", "create", "patch"),
            ],
        )
        if self.manifest.serves_webhooks and self.manifest.certificates == "built-in":
            objects += self.certificate_roles()
        for crd in self.manifest.crds:
            objects += self.user_roles(crd)
        return objects

    def manager_roles(self) -> list[Object]:
        name = f"{self.settings.prefix}-manager"
        rules = [copy.deepcopy(one) for one in self.manifest.rules]
        if not self.manifest.namespaced:
            return self.cluster_role(name, rules)
        return [obj for namespace in self.manifest.watch_namespaces for obj in self.role(name, rules, namespace)]

    def certificate_roles(self) -> list[Object]:
        """The operator makes its own certificate: it keeps it in a Secret and puts the CA where clients look for it."""
        prefix = f"{self.settings.prefix}-certificates"
        kinds = sorted({webhook["kind"] for webhook in self.manifest.webhooks})
        injected = [
            {
                **rule("admissionregistration.k8s.io", f"{kind.lower()}s", "get", "patch"),
                "resourceNames": [self.manifest.name],
            }
            for kind in kinds
        ]
        if crds := [crd["metadata"]["name"] for crd in self.manifest.crds if converts(crd)]:
            definitions = rule("apiextensions.k8s.io", "customresourcedefinitions", "get", "patch")
            injected.append({**definitions, "resourceNames": crds})
        return [
            *self.role(prefix, [rule("", "secrets", "create", "get", "update")]),
            *self.cluster_role(prefix, injected),
        ]

    def user_roles(self, crd: Object) -> list[Object]:
        """Roles for people, aggregated into the cluster's own admin, edit and view."""
        group, plural = crd["spec"]["group"], crd["spec"]["names"]["plural"]
        reads = ("get", "list", "watch")
        writes = ("create", "delete", "patch", "update")
        roles = []
        for level, verbs in (("admin", ("*",)), ("editor", (*writes, *reads)), ("viewer", reads)):
            role = self.object(
                "rbac.authorization.k8s.io/v1",
                "ClusterRole",
                f"{self.settings.prefix}-{plural}-{level}",
                namespaced=False,
                rules=[rule(group, plural, *sorted(verbs)), rule(group, f"{plural}/status", "get")],
            )
            aggregate = {"admin": "admin", "editor": "edit", "viewer": "view"}[level]
            role["metadata"]["labels"][f"rbac.authorization.k8s.io/aggregate-to-{aggregate}"] = "true"
            roles.append(role)
        return roles

    def cluster_role(self, name: str, rules: list[Object]) -> list[Object]:
        api = "rbac.authorization.k8s.io/v1"
        return [
            self.object(api, "ClusterRole", name, namespaced=False, rules=rules),
            self.object(
                api,
                "ClusterRoleBinding",
                name,
                namespaced=False,
                roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
                subjects=[self.subject()],
            ),
        ]

    def role(self, name: str, rules: list[Object], namespace: str | None = None) -> list[Object]:
        api = "rbac.authorization.k8s.io/v1"
        role = self.object(api, "Role", name, rules=rules)
        binding = self.object(
            api,
            "RoleBinding",
            name,
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
            subjects=[self.subject()],
        )
        if namespace is not None:
            role["metadata"]["namespace"] = binding["metadata"]["namespace"] = namespace
        return [role, binding]

    def subject(self) -> Object:
        return {"kind": "ServiceAccount", "name": self.service_account, "namespace": self.settings.namespace}

    # -- the manager

    def deployment(self) -> Object:
        selector = self.selector()
        pod: Object = {
            "serviceAccountName": self.service_account,
            "securityContext": copy.deepcopy(POD_SECURITY),
            "terminationGracePeriodSeconds": 40,
            "containers": [self.container()],
        }
        if volumes := self.volumes():
            pod["volumes"] = volumes
        if self.settings.pod_settings is not None:
            pod.update(self.settings.pod_settings)
        return self.object(
            "apps/v1",
            "Deployment",
            self.service_account,
            spec={
                "replicas": self.settings.replicas,
                "selector": {"matchLabels": selector},
                "template": {
                    "metadata": {
                        "labels": selector,
                        "annotations": {"kubectl.kubernetes.io/default-container": "manager"},
                    },
                    "spec": pod,
                },
            },
        )

    def container(self) -> Object:
        ports: list[Object] = [
            {"name": "health", "containerPort": HEALTH_PORT, "protocol": "TCP"},
            {"name": "metrics", "containerPort": METRICS_PORT, "protocol": "TCP"},
        ]
        arguments = [
            "--leader-elect",
            f"--health-probe-bind-address=:{HEALTH_PORT}",
            f"--metrics-bind-address=:{METRICS_PORT}",
        ]
        if self.manifest.watch_namespaces:
            arguments += [f"--namespace={namespace}" for namespace in self.manifest.watch_namespaces]
        if self.manifest.serves_webhooks:
            ports.append({"name": "webhook", "containerPort": WEBHOOK_PORT, "protocol": "TCP"})
            arguments += [f"--webhook-port={WEBHOOK_PORT}", f"--webhook-service={self.webhook_service}"]
            if self.manifest.certificates == "cert-manager":
                arguments.append("--webhook-cert-dir=/var/run/webhook-certificate")
            else:
                arguments.append(f"--webhook-cert-secret={self.certificate_secret}")
        container: Object = {
            "name": "manager",
            "image": self.settings.image,
            "command": list(self.manifest.command),
            "args": arguments,
            "env": [
                {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
                {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            ],
            "ports": ports,
            "livenessProbe": {"httpGet": {"path": "/healthz", "port": "health"}, "periodSeconds": 20},
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": "health"}, "periodSeconds": 5},
            "resources": self.settings.resources,
            "securityContext": copy.deepcopy(CONTAINER_SECURITY),
            "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
        }
        if self.uses_certificate_volume():
            container["volumeMounts"].append(
                {"name": "webhook-certificate", "mountPath": "/var/run/webhook-certificate", "readOnly": True}
            )
        return container

    def volumes(self) -> list[Object]:
        volumes: list[Object] = [{"name": "tmp", "emptyDir": {"sizeLimit": "64Mi"}}]
        if self.uses_certificate_volume():
            volumes.append({"name": "webhook-certificate", "secret": {"secretName": self.certificate_secret}})
        return volumes

    def uses_certificate_volume(self) -> bool:
        return self.manifest.serves_webhooks and self.manifest.certificates == "cert-manager"

    # -- metrics

    def metrics(self) -> list[Object]:
        """Metrics are served to whoever the cluster lets read the nonResourceURL /metrics."""
        service = self.object(
            "v1",
            "Service",
            f"{self.settings.prefix}-metrics",
            spec={
                "selector": self.selector(),
                "ports": [{"name": "https", "port": METRICS_PORT, "protocol": "TCP", "targetPort": "metrics"}],
            },
        )
        service["metadata"]["labels"]["app.kubernetes.io/component"] = "metrics"
        reader = self.object(
            "rbac.authorization.k8s.io/v1",
            "ClusterRole",
            f"{self.settings.prefix}-metrics-reader",
            namespaced=False,
            rules=[{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}],
        )
        reviews = [
            rule("authentication.k8s.io", "tokenreviews", "create"),
            rule("authorization.k8s.io", "subjectaccessreviews", "create"),
        ]
        return [service, reader, *self.cluster_role(f"{self.settings.prefix}-metrics-auth", reviews)]

    def service_monitor(self) -> Object:
        endpoint = {
            "path": "/metrics",
            "port": "https",
            "scheme": "https",
            "bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token",
            "tlsConfig": {"insecureSkipVerify": True},
        }
        selector = {"matchLabels": {**self.selector(), "app.kubernetes.io/component": "metrics"}}
        return self.object(
            "monitoring.coreos.com/v1",
            "ServiceMonitor",
            f"{self.settings.prefix}-metrics",
            spec={"endpoints": [endpoint], "selector": selector},
        )

    # -- webhooks

    def service_for_webhooks(self) -> Object:
        return self.object(
            "v1",
            "Service",
            self.webhook_service,
            spec={
                "selector": self.selector(),
                "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": "webhook"}],
            },
        )

    def webhook(self, configuration: Object) -> Object:
        made = self.object(
            configuration["apiVersion"],
            configuration["kind"],
            self.manifest.name,
            namespaced=False,
            webhooks=copy.deepcopy(configuration["webhooks"]),
        )
        for webhook in made["webhooks"]:
            client = webhook["clientConfig"]
            self.point_to_service(client, (client.get("service") or {}).get("path") or "/")
        self.inject_ca(made)
        return made

    def point_to_service(self, client: Object, path: str) -> None:
        client.pop("url", None)
        client.pop("caBundle", None)
        client["service"] = {
            "name": self.webhook_service,
            "namespace": self.settings.namespace,
            "path": path,
            "port": 443,
        }

    def inject_ca(self, obj: Object) -> None:
        if self.manifest.certificates == "cert-manager":
            annotations = obj["metadata"].setdefault("annotations", {})
            annotations["cert-manager.io/inject-ca-from"] = f"{self.settings.namespace}/{self.settings.prefix}-webhook"

    def cert_manager(self) -> list[Object]:
        host = f"{self.webhook_service}.{self.settings.namespace}.svc"
        issuer = self.object(
            "cert-manager.io/v1", "Issuer", f"{self.settings.prefix}-selfsigned", spec={"selfSigned": {}}
        )
        certificate = self.object(
            "cert-manager.io/v1",
            "Certificate",
            f"{self.settings.prefix}-webhook",
            spec={
                "dnsNames": [host, f"{host}.cluster.local"],
                "issuerRef": {"kind": "Issuer", "name": f"{self.settings.prefix}-selfsigned"},
                "secretName": self.certificate_secret,
            },
        )
        return [issuer, certificate]

    # -- admission policies

    def policy(self, plain: Object) -> Object:
        """A policy or its binding, declared or made of a resource's rules."""
        return self.object(
            plain["apiVersion"], plain["kind"], plain["metadata"]["name"], namespaced=False, spec=plain["spec"]
        )

    # -- network policies

    def network_policies(self) -> list[Object]:
        """Only what the operator serves may be reached.

        The API server calls webhooks from outside any namespace, so the webhook's port is open to every source,
        and it is the container's port: policies apply after the Service has been resolved.
        """
        policies = [
            self.network_policy(
                "metrics", METRICS_PORT, [{"namespaceSelector": {"matchLabels": {"metrics": "enabled"}}}]
            )
        ]
        if self.manifest.serves_webhooks:
            policies.append(self.network_policy("webhook", WEBHOOK_PORT, None))
        return policies

    def network_policy(self, name: str, port: int, sources: list[Object] | None) -> Object:
        ingress: Object = {"ports": [{"port": port, "protocol": "TCP"}]}
        if sources is not None:
            ingress["from"] = sources
        return self.object(
            "networking.k8s.io/v1",
            "NetworkPolicy",
            f"{self.settings.prefix}-{name}",
            spec={"podSelector": {"matchLabels": self.selector()}, "policyTypes": ["Ingress"], "ingress": [ingress]},
        )


def rule(group: str, resource: str, *verbs: str) -> Object:
    """One RBAC rule about one resource."""
    return {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
