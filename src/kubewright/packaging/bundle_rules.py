"""What OLM and the operator catalogs ask of a bundle, checked without a cluster.

The rules are those of the ``operator-framework/api`` validators; each has a code so that a finding can be looked up in
docs/reference/bundle-rules.md.  Files come in as text, findings go out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import yaml

from kubewright.packaging.manifest import Object
from kubewright.packaging.olm import PREFIX

CAPABILITIES = ("Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot")

CATEGORIES = frozenset(
    {
        "AI/Machine Learning", "Application Runtime", "Big Data", "Cloud Provider", "Database", "Developer Tools",
        "Drivers and plugins", "Integration & Delivery", "Logging & Tracing", "Modernization & Migration", "Monitoring",
        "Networking", "OpenShift Optional", "Security", "Storage", "Streaming & Messaging",
    }
)  # fmt: skip

ALLOWED_KINDS = frozenset(
    {
        "ClusterServiceVersion", "CustomResourceDefinition", "Secret", "ConfigMap", "ServiceAccount", "Service", "Role",
        "RoleBinding", "ClusterRole", "ClusterRoleBinding", "PrometheusRule", "ServiceMonitor", "PodMonitor",
        "PodDisruptionBudget", "PriorityClass", "VerticalPodAutoscaler", "NetworkPolicy", "ConsoleYAMLSample",
        "ConsoleQuickStart", "ConsoleCLIDownload", "ConsoleLink", "ConsolePlugin",
    }
)  # fmt: skip

INSTALL_MODES = ("OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces")

ICON_TYPES = ("image/gif", "image/jpeg", "image/png", "image/svg+xml")

MAX_SIZE = 1 << 20
"""Bytes of all manifests together that a catalog accepts; a warning comes at 85 %."""

_CSV_NAME = re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?)\.v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\Z")
_SEMVER = re.compile(r"\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?\Z")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._-]*(:\d+)?(/[a-z0-9._-]+)*(:[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")


class Finding(NamedTuple):
    """One rule that a bundle breaks."""

    level: Literal["error", "warning"]
    code: str
    where: str
    message: str


class Bundle(NamedTuple):
    """A bundle's files, parsed."""

    csv: Object
    objects: list[tuple[str, Object]]
    annotations: dict[str, str]
    size: int

    def of_kind(self, kind: str) -> list[Object]:
        return [obj for _, obj in self.objects if obj.get("kind") == kind]

    def __str__(self) -> str:
        return str(self.csv.get("metadata", {}).get("name", "bundle"))


class BundleError(ValueError):
    """The files are no bundle at all; the text names the file."""


def read_bundle(files: Mapping[str, str]) -> Bundle:
    """Parse the files of a bundle, by path below its root.

    :raises BundleError: a file is no YAML, or there is not exactly one ClusterServiceVersion.
    """
    objects: list[tuple[str, Object]] = []
    for path in sorted(path for path in files if path.startswith("manifests/")):
        for obj in _documents(path, files[path]):
            if not isinstance(obj, dict) or "kind" not in obj:
                raise BundleError(f"{path}: holds something other than Kubernetes objects")
            objects.append((path, obj))
    versions = [obj for _, obj in objects if obj["kind"] == "ClusterServiceVersion"]
    if len(versions) != 1:
        raise BundleError(f"manifests/: holds {len(versions)} ClusterServiceVersions; a bundle has exactly one")
    text = files.get("metadata/annotations.yaml")
    if text is None:
        raise BundleError("metadata/annotations.yaml: is missing")
    metadata = next(iter(_documents("metadata/annotations.yaml", text)), None)
    annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
    size = sum(len(files[path].encode()) for path, _ in objects)
    return Bundle(versions[0], objects, annotations or {}, size)


def _documents(path: str, text: str) -> list[Any]:
    try:
        return [one for one in yaml.safe_load_all(text) if one is not None]
    except yaml.YAMLError as error:
        raise BundleError(f"{path}: is no YAML: {error}") from error


def validate_bundle(bundle: Bundle) -> list[Finding]:
    """Every rule that the bundle breaks: errors first."""
    found = [finding for check in CHECKS for finding in check(bundle)]
    return sorted(found, key=lambda finding: (finding.level, finding.code, finding.where))


def _error(code: str, where: str, message: str) -> Finding:
    return Finding("error", code, where, message)


def _warning(code: str, where: str, message: str) -> Finding:
    return Finding("warning", code, where, message)


def check_annotations(bundle: Bundle) -> Iterator[Finding]:
    where = "metadata/annotations.yaml"
    wanted = {
        "bundle.mediatype.v1": "registry+v1",
        "bundle.manifests.v1": "manifests/",
        "bundle.metadata.v1": "metadata/",
    }
    for key, value in wanted.items():
        if bundle.annotations.get(f"{PREFIX}.{key}") != value:
            yield _error("B001", where, f"{PREFIX}.{key} must be {value}")
    for key in ("bundle.package.v1", "bundle.channels.v1"):
        if not bundle.annotations.get(f"{PREFIX}.{key}"):
            yield _error("B002", where, f"{PREFIX}.{key} is missing")
    channels = bundle.annotations.get(f"{PREFIX}.bundle.channels.v1", "").split(",")
    default = bundle.annotations.get(f"{PREFIX}.bundle.channel.default.v1")
    if default and default not in channels:
        yield _error("B003", where, f"the default channel {default} is not among the channels {', '.join(channels)}")


def check_name(bundle: Bundle) -> Iterator[Finding]:
    name = str(bundle)
    found = _CSV_NAME.match(name)
    if not found or len(name) > 63:
        yield _error("B010", "metadata.name", f"{name} must be PACKAGE.vX.Y.Z with at most 63 characters")
        return
    version = bundle.csv["spec"].get("version", "")
    if not _SEMVER.match(version) or not name.endswith(f".v{version}"):
        yield _error("B011", "spec.version", f"{version or 'nothing'} must be the version in the name {name}")
    package = bundle.annotations.get(f"{PREFIX}.bundle.package.v1")
    if package and found.group(1) != package:
        yield _warning("B012", "metadata.name", f"begins with {found.group(1)}, but the package is {package}")


def check_install(bundle: Bundle) -> Iterator[Finding]:
    spec = bundle.csv["spec"]
    for key in ("displayName", "install", "installModes"):
        if not spec.get(key):
            yield _error("B020", f"spec.{key}", "is required")
    install = spec.get("install") or {}
    if install.get("strategy") != "deployment":
        yield _error("B021", "spec.install.strategy", "must be deployment")
    if not (install.get("spec") or {}).get("deployments"):
        yield _error("B022", "spec.install.spec.deployments", "names no Deployment")
    modes = {mode.get("type"): mode.get("supported") for mode in spec.get("installModes") or ()}
    for mode in modes:
        if mode not in INSTALL_MODES:
            yield _error("B023", "spec.installModes", f"{mode} is not one of {', '.join(INSTALL_MODES)}")
    if modes and not any(modes.values()):
        yield _error("B024", "spec.installModes", "supports no mode, so it cannot be installed")
    conversion = [w for w in spec.get("webhookdefinitions") or () if w.get("type") == "ConversionWebhook"]
    if conversion and any(modes.get(mode) for mode in INSTALL_MODES[:3]):
        yield _error("B025", "spec.installModes", "a conversion webhook allows AllNamespaces only")


def check_owned_crds(bundle: Bundle) -> Iterator[Finding]:
    where = "spec.customresourcedefinitions.owned"
    owned = (bundle.csv["spec"].get("customresourcedefinitions") or {}).get("owned") or []
    carried = {
        (crd["metadata"]["name"], crd["spec"]["names"]["kind"], version["name"])
        for crd in bundle.of_kind("CustomResourceDefinition")
        for version in crd["spec"]["versions"]
        if version.get("served", True)
    }
    named = {(one.get("name"), one.get("kind"), one.get("version")) for one in owned}
    for name, kind, version in sorted(named - carried, key=str):
        yield _error("B030", where, f"{kind} {version} ({name}) is owned, but the bundle carries no such CRD version")
    for name, kind, version in sorted(carried - named, key=str):
        yield _error("B031", where, f"the bundle carries {kind} {version} ({name}), but the CSV does not own it")
    for one in owned:
        if not one.get("description"):
            yield _warning("B032", where, f"{one.get('kind')} has no description")
        if not one.get("resources"):
            yield _warning("B033", where, f"{one.get('kind')} lists no resources")


def check_examples(bundle: Bundle) -> Iterator[Finding]:
    where = "metadata.annotations.alm-examples"
    text = (bundle.csv["metadata"].get("annotations") or {}).get("alm-examples") or "[]"
    try:
        examples = json.loads(text)
    except ValueError as error:
        yield _error("B040", where, f"is no JSON: {error}")
        return
    shown = {(example.get("apiVersion"), example.get("kind")) for example in examples if isinstance(example, dict)}
    owned = {
        (f"{crd['spec']['group']}/{version['name']}", crd["spec"]["names"]["kind"])
        for crd in bundle.of_kind("CustomResourceDefinition")
        for version in crd["spec"]["versions"]
        if version.get("served", True)
    }
    for api_version, kind in sorted(owned - shown):
        yield _warning("B041", where, f"has no example of {kind} ({api_version})")
    for stranger in sorted(shown - owned, key=str):
        yield _error("B042", where, f"shows {stranger[1]} ({stranger[0]}), which the bundle does not own")
    for example in examples:
        if isinstance(example, dict) and "spec" not in example:
            yield _warning("B043", where, f"the example of {example.get('kind')} has no spec")


def check_objects(bundle: Bundle) -> Iterator[Finding]:
    install = (bundle.csv["spec"].get("install") or {}).get("spec") or {}
    accounts = {
        one.get("serviceAccountName") for key in ("permissions", "clusterPermissions") for one in install.get(key) or ()
    }
    for path, obj in bundle.objects:
        kind, name = obj["kind"], (obj.get("metadata") or {}).get("name")
        if kind not in ALLOWED_KINDS:
            yield _error("B050", path, f"OLM installs no {kind}")
        if kind == "ServiceAccount" and name in accounts:
            yield _error("B051", path, f"{name} is made by OLM from the CSV; the bundle must not carry it")
        if kind == "PriorityClass" and obj.get("globalDefault"):
            yield _error("B052", path, "a PriorityClass must not be the global default")
        if kind == "PodDisruptionBudget":
            spec = obj.get("spec") or {}
            if spec.get("maxUnavailable") in (0, "0%") or spec.get("minAvailable") == "100%":
                yield _error("B053", path, "must leave room for evicting a Pod")
    if bundle.size > MAX_SIZE:
        yield _error("B054", "manifests/", f"is {bundle.size} bytes; at most {MAX_SIZE} are accepted")
    elif bundle.size > 0.85 * MAX_SIZE:
        yield _warning("B054", "manifests/", f"is {bundle.size} bytes, close to the limit of {MAX_SIZE}")


def check_catalog_entry(bundle: Bundle) -> Iterator[Finding]:
    """What a catalog shows: asked for by OperatorHub, so warnings rather than errors unless it is plainly wrong."""
    metadata, spec = bundle.csv["metadata"], bundle.csv["spec"]
    annotations = metadata.get("annotations") or {}
    capabilities = annotations.get("capabilities")
    if capabilities and capabilities not in CAPABILITIES:
        yield _error(
            "B060", "metadata.annotations.capabilities", f"{capabilities} is not one of {', '.join(CAPABILITIES)}"
        )
    for category in filter(None, (one.strip() for one in annotations.get("categories", "").split(","))):
        if category not in CATEGORIES:
            yield _error("B061", "metadata.annotations.categories", f"{category} is no category of the catalog")
    for key in ("description", "maintainers", "links", "icon", "provider"):
        if not spec.get(key):
            yield _warning("B062", f"spec.{key}", "is empty; catalogs show it")
    for icon in spec.get("icon") or ():
        if icon.get("mediatype") not in ICON_TYPES or not icon.get("base64data"):
            yield _error("B063", "spec.icon", f"needs data and a media type of {', '.join(ICON_TYPES)}")
    for maintainer in spec.get("maintainers") or ():
        if not maintainer.get("name") or not _EMAIL.match(maintainer.get("email") or ""):
            yield _error("B064", "spec.maintainers", "each needs a name and an e-mail address")
    minimum = spec.get("minKubeVersion")
    if not minimum:
        yield _warning("B065", "spec.minKubeVersion", "is empty: every Kubernetes version is claimed to work")
    elif not _SEMVER.match(minimum):
        yield _error("B065", "spec.minKubeVersion", f"{minimum} is no semantic version")


def check_images(bundle: Bundle) -> Iterator[Finding]:
    for image in bundle.csv["spec"].get("relatedImages") or ():
        if not _IMAGE.match(image.get("image") or ""):
            yield _error("B070", "spec.relatedImages", f"{image.get('image')!r} is no image reference")
    related = {image.get("image") for image in bundle.csv["spec"].get("relatedImages") or ()}
    for deployment in ((bundle.csv["spec"].get("install") or {}).get("spec") or {}).get("deployments") or ():
        for container in deployment["spec"]["template"]["spec"].get("containers") or ():
            where = f"deployment {deployment['name']}, container {container['name']}"
            if related and container["image"] not in related:
                yield _warning("B071", where, f"{container['image']} is not among the related images")
            if not (container.get("resources") or {}).get("requests"):
                yield _warning("B072", where, "requests no resources")


CHECKS: tuple[Callable[[Bundle], Iterator[Finding]], ...] = (
    check_annotations,
    check_name,
    check_install,
    check_owned_crds,
    check_examples,
    check_objects,
    check_catalog_entry,
    check_images,
)
