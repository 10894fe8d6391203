"""The OLM bundle (registry+v1) and the file-based catalog that offers it.

The ClusterServiceVersion carries what OLM installs itself (Deployment, permissions, webhooks, owned CRDs); what OLM
does not make by itself (Services, roles for people) lies beside it as plain manifests.  Output depends on the manifest
alone: there is no time stamp, so an unchanged operator gives unchanged files.
"""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Iterable, Mapping, Sequence

from kubewright.objects import GroupVersionKind
from kubewright.objects.manifests import dump, dump_all
from kubewright.packaging.graph import WEBHOOK_PORT, build
from kubewright.packaging.manifest import Object, OperatorManifest, converts
from kubewright.schema import Descriptor
from kubewright.schema.listing import Shown

PREFIX = "operators.operatorframework.io"

PLAIN_KINDS = frozenset({"Service", "ClusterRole"})
"""Kinds that the bundle carries beside the CSV; OLM makes the ServiceAccount, its roles and webhooks from the CSV."""

SCORECARD_TESTS = (
    ("basic", "basic-check-spec"),
    ("olm", "olm-bundle-validation"),
    ("olm", "olm-crds-have-validation"),
    ("olm", "olm-crds-have-resources"),
    ("olm", "olm-spec-descriptors"),
    ("olm", "olm-status-descriptors"),
)


def olm_bundle(
    manifest: OperatorManifest, *, channels: Sequence[str] = ("stable",), replaces: str = ""
) -> dict[str, str]:
    """The files of the bundle, by path.

    :param channels: where the bundle is offered; the first is the default.
    :param replaces: the name of the version that this one upgrades (``NAME.vX.Y.Z``).
    """
    components = build(manifest)
    annotations = _annotations(manifest, channels)
    files = {
        f"manifests/{manifest.name}.clusterserviceversion.yaml": dump(_csv(manifest, components, replaces)),
        "metadata/annotations.yaml": dump({"annotations": annotations}),
        "tests/scorecard/config.yaml": dump(_scorecard()),
        "bundle.Dockerfile": _dockerfile(annotations),
    }
    for crd in components.get("crd", ()):
        crd["spec"].pop("conversion", None)  # OLM wires conversion webhooks from the CSV
        files[f"manifests/{crd['spec']['group']}_{crd['spec']['names']['plural']}.yaml"] = dump(crd)
    managed = {f"{manifest.name}-manager", f"{manifest.name}-metrics-auth", f"{manifest.name}-certificates"}
    for component in ("rbac", "metrics"):
        for obj in components.get(component, ()):
            if obj["kind"] in PLAIN_KINDS and obj["metadata"]["name"] not in managed:
                plain = copy.deepcopy(obj)
                plain["metadata"].pop("namespace", None)
                files[f"manifests/{obj['metadata']['name']}_{obj['kind'].lower()}.yaml"] = dump(plain)
    return files


def catalog(manifest: OperatorManifest, *, bundle_image: str, channels: Sequence[str] = ("stable",)) -> str:
    """A file-based catalog that offers one bundle."""
    name = csv_name(manifest)
    package: Object = {"schema": "olm.package", "name": manifest.name, "defaultChannel": channels[0]}
    if manifest.icon:
        package["icon"] = {"base64data": base64.b64encode(manifest.icon[1]).decode(), "mediatype": manifest.icon[0]}
    entries = [
        {"schema": "olm.channel", "package": manifest.name, "name": channel, "entries": [{"name": name}]}
        for channel in channels
    ]
    owned = [
        {"type": "olm.gvk", "value": {"group": one["group"], "version": one["version"], "kind": one["kind"]}}
        for one in _owned_kinds(manifest)
    ]
    bundle = {
        "schema": "olm.bundle",
        "name": name,
        "package": manifest.name,
        "image": bundle_image,
        "properties": [
            {"type": "olm.package", "value": {"packageName": manifest.name, "version": manifest.version}},
            *owned,
        ],
        "relatedImages": [{"name": "", "image": bundle_image}, {"name": "manager", "image": manifest.image}],
    }
    return dump_all([package, *entries, bundle])


def csv_name(manifest: OperatorManifest) -> str:
    return f"{manifest.name}.v{manifest.version}"


def _csv(manifest: OperatorManifest, components: dict[str, list[Object]], replaces: str) -> Object:
    metadata: Object = {
        "name": csv_name(manifest),
        "annotations": {
            "alm-examples": json.dumps(list(manifest.samples), indent=2),
            "capabilities": manifest.capabilities,
            "categories": ", ".join(manifest.categories),
            "containerImage": manifest.image,
            "description": manifest.description.partition("\n")[0],
            f"{PREFIX}/builder": "kubewright",
            f"{PREFIX}/project_layout": "python.kubewright/v1",
            "operatorframework.io/suggested-namespace": manifest.namespace,
        },
    }
    metadata["annotations"] = {key: text for key, text in metadata["annotations"].items() if text}
    spec: Object = {
        "displayName": manifest.display_name or manifest.name,
        "description": manifest.description or f"The {manifest.name} operator.",
        "version": manifest.version,
        "minKubeVersion": manifest.min_kube_version,
        "maturity": "alpha" if manifest.version.startswith("0.") else "stable",
        "provider": {"name": manifest.provider or manifest.name},
        "keywords": list(manifest.keywords),
        "maintainers": [{"name": one.name, "email": one.email} for one in manifest.maintainers],
        "links": [{"name": "Website", "url": manifest.url}] if manifest.url else [],
        "icon": _icon(manifest),
        "installModes": _install_modes(manifest),
        "customresourcedefinitions": {"owned": _owned(manifest)},
        "install": {"strategy": "deployment", "spec": _install(manifest, components)},
        "webhookdefinitions": _webhook_definitions(manifest, components),
        "relatedImages": [{"name": "manager", "image": manifest.image}],
        "replaces": replaces,
    }
    return {
        "apiVersion": "operators.coreos.com/v1alpha1",
        "kind": "ClusterServiceVersion",
        "metadata": metadata,
        "spec": {key: value for key, value in spec.items() if value},
    }


def _icon(manifest: OperatorManifest) -> list[Object]:
    if manifest.icon is None:
        return []
    media_type, data = manifest.icon
    return [{"base64data": base64.b64encode(data).decode(), "mediatype": media_type}]


def _install_modes(manifest: OperatorManifest) -> list[Object]:
    """A conversion webhook serves the whole cluster, so it allows no mode but AllNamespaces."""
    every = not manifest.namespaced or any(converts(crd) for crd in manifest.crds)
    supported = {
        "OwnNamespace": not every,
        "SingleNamespace": not every,
        "MultiNamespace": not every and len(manifest.watch_namespaces) > 1,
        "AllNamespaces": every,
    }
    return [{"type": mode, "supported": yes} for mode, yes in supported.items()]


def _owned_kinds(manifest: OperatorManifest) -> list[Object]:
    return [
        {"group": crd["spec"]["group"], "version": version["name"], "kind": crd["spec"]["names"]["kind"], "crd": crd}
        for crd in manifest.crds
        for version in crd["spec"]["versions"]
        if version.get("served")
    ]


def _owned(manifest: OperatorManifest) -> list[Object]:
    owned = []
    for one in _owned_kinds(manifest):
        version = next(v for v in one["crd"]["spec"]["versions"] if v["name"] == one["version"])
        schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
        shown = manifest.shown.get(GroupVersionKind(one["group"], one["version"], one["kind"]), Shown())
        listing = shown.listing
        entry = {
            "name": one["crd"]["metadata"]["name"],
            "kind": one["kind"],
            "version": one["version"],
            "displayName": listing.display_name or one["kind"],
            "description": schema.get("description") or f"A {one['kind']}.",
            "resources": [{"kind": kind, "version": version, "name": name} for kind, version, name in listing.resources]
            or _resources(manifest),
            "specDescriptors": _descriptors(schema, "spec", shown.spec),
            "statusDescriptors": _descriptors(schema, "status", shown.status),
        }
        owned.append((listing.order, entry))
    return _ordered(owned)


def _ordered(entries: Iterable[tuple[int | None, Object]]) -> list[Object]:
    """Those with an order first, by it; the others after them as they stand."""
    ordered = sorted(entries, key=lambda one: (one[0] is None, one[0] or 0))
    return [entry for _, entry in ordered]


def _resources(manifest: OperatorManifest) -> list[Object]:
    """The kinds that the operator writes for its users, read off its permissions."""
    kinds = {
        ("apps", "deployments"): ("Deployment", "v1"),
        ("apps", "statefulsets"): ("StatefulSet", "v1"),
        ("apps", "daemonsets"): ("DaemonSet", "v1"),
        ("batch", "jobs"): ("Job", "v1"),
        ("batch", "cronjobs"): ("CronJob", "v1"),
        ("networking.k8s.io", "ingresses"): ("Ingress", "v1"),
        ("", "services"): ("Service", "v1"),
        ("", "configmaps"): ("ConfigMap", "v1"),
        ("", "secrets"): ("Secret", "v1"),
        ("", "pods"): ("Pod", "v1"),
        ("", "persistentvolumeclaims"): ("PersistentVolumeClaim", "v1"),
    }
    written = {
        (group, resource)
        for rule in manifest.rules
        if {"create", "patch", "update", "*"} & set(rule.get("verbs") or ())
        for group in rule.get("apiGroups") or ()
        for resource in rule.get("resources") or ()
    }
    return [{"kind": kind, "version": version, "name": ""} for key, (kind, version) in kinds.items() if key in written]


def _descriptors(schema: Object, part: str, declared: Mapping[str, Descriptor]) -> list[Object]:
    """One for each field at the top, and one for whatever else was declared."""
    fields = ((schema.get("properties") or {}).get(part) or {}).get("properties") or {}
    entries = []
    for path in dict.fromkeys([*fields, *declared]):
        about = declared.get(path, Descriptor())
        name = path.rpartition(".")[2].partition("[")[0]
        entry = {
            "path": path,
            "displayName": about.display_name
            or "".join(f" {c}" if c.isupper() else c for c in name).strip().capitalize(),
            "description": _field(fields, path).get("description") or name,
        }
        if about.x_descriptors:
            entry["x-descriptors"] = list(about.x_descriptors)
        entries.append((about.order, entry))
    return _ordered(entries)


def _field(fields: Object, path: str) -> Object:
    """The schema at a path such as ``ports[0].name``; empty where it leads beyond what the schema says."""
    found: Object = {"properties": fields}
    for step in path.split("."):
        name, bracket, _ = step.partition("[")
        found = (found.get("properties") or {}).get(name) or {}
        found = (found.get("items") or {}) if bracket else found
    return found


def _install(manifest: OperatorManifest, components: dict[str, list[Object]]) -> Object:
    deployment = components["manager"][0]
    account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    spec = copy.deepcopy(deployment["spec"])
    if manifest.serves_webhooks:
        _use_certificates_of_olm(spec["template"]["spec"])
    objects = [*components["rbac"], *components["metrics"]]
    used = {obj["roleRef"]["name"] for obj in objects if obj["kind"].endswith("Binding")}
    used.discard(f"{manifest.name}-certificates")  # OLM makes the webhook's certificate
    rules = {
        kind: [
            rule for obj in objects if obj["kind"] == kind and obj["metadata"]["name"] in used for rule in obj["rules"]
        ]
        for kind in ("ClusterRole", "Role")
    }
    install: Object = {"deployments": [{"name": deployment["metadata"]["name"], "spec": spec}]}
    if rules["ClusterRole"]:
        install["clusterPermissions"] = [{"serviceAccountName": account, "rules": rules["ClusterRole"]}]
    if rules["Role"]:
        install["permissions"] = [{"serviceAccountName": account, "rules": rules["Role"]}]
    return install


def _use_certificates_of_olm(pod: Object) -> None:
    """OLM makes the serving certificate and mounts it itself, at this path."""
    container = pod["containers"][0]
    container["args"] = [one for one in container["args"] if not one.startswith("--webhook-cert")]
    container["args"].append("--webhook-cert-dir=/tmp/k8s-webhook-server/serving-certs")
    for where, key in ((pod, "volumes"), (container, "volumeMounts")):
        where[key] = [one for one in where[key] if one["name"] != "webhook-certificate"]


def _webhook_definitions(manifest: OperatorManifest, components: dict[str, list[Object]]) -> list[Object]:
    deployment = components["manager"][0]["metadata"]["name"]
    common: Object = {
        "deploymentName": deployment,
        "containerPort": 443,
        "targetPort": WEBHOOK_PORT,
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
    }
    definitions = []
    for configuration in components.get("webhook", ()):
        kind = {"MutatingWebhookConfiguration": "MutatingAdmissionWebhook"}.get(
            configuration["kind"], "ValidatingAdmissionWebhook"
        )
        for webhook in configuration.get("webhooks", ()):
            definition = {**common, "type": kind, "generateName": webhook["name"]}
            definition["webhookPath"] = webhook["clientConfig"]["service"]["path"]
            kept = (
                "rules", "failurePolicy", "matchPolicy", "objectSelector", "sideEffects", "timeoutSeconds",
                "admissionReviewVersions", "reinvocationPolicy",
            )  # fmt: skip
            definitions.append(definition | {key: webhook[key] for key in kept if key in webhook})
    converted = [crd["metadata"]["name"] for crd in manifest.crds if converts(crd)]
    if converted:
        definitions.append(
            {
                **common,
                "type": "ConversionWebhook",
                "generateName": f"convert.{manifest.name}.kubewright.dev",
                "webhookPath": "/convert",
                "conversionCRDs": converted,
            }
        )
    return definitions


def _annotations(manifest: OperatorManifest, channels: Sequence[str]) -> dict[str, str]:
    return {
        f"{PREFIX}.bundle.mediatype.v1": "registry+v1",
        f"{PREFIX}.bundle.manifests.v1": "manifests/",
        f"{PREFIX}.bundle.metadata.v1": "metadata/",
        f"{PREFIX}.bundle.package.v1": manifest.name,
        f"{PREFIX}.bundle.channels.v1": ",".join(channels),
        f"{PREFIX}.bundle.channel.default.v1": channels[0],
        f"{PREFIX}.metrics.builder": "kubewright",
        f"{PREFIX}.metrics.mediatype.v1": "metrics+v1",
        f"{PREFIX}.metrics.project_layout": "python.kubewright/v1",
        f"{PREFIX}.test.mediatype.v1": "scorecard+v1",
        f"{PREFIX}.test.config.v1": "tests/scorecard/",
    }


def _dockerfile(annotations: dict[str, str]) -> str:
    labels = "".join(f"LABEL {key}={value}\n" for key, value in annotations.items())
    folders = ("manifests", "metadata", "tests/scorecard")
    copies = "".join(f"COPY {folder} /{folder}/\n" for folder in folders)
    return f"FROM scratch\n\n{labels}\n{copies}"


def _scorecard() -> Object:
    tests = [
        {
            "image": "quay.io/operator-framework/scorecard-test:latest",
            "entrypoint": ["scorecard-test", test],
            "labels": {"suite": suite, "test": f"{test}-test"},
        }
        for suite, test in SCORECARD_TESTS
    ]
    return {
        "apiVersion": "scorecard.operatorframework.io/v1alpha3",
        "kind": "Configuration",
        "metadata": {"name": "config"},
        "stages": [{"parallel": True, "tests": tests}],
    }
