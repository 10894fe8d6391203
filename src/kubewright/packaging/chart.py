"""The Helm chart: the same object graph, built with template expressions in the places an installer may choose.

Expressions travel through the graph and the YAML writer inside two private-use characters, so that text which happens
to contain braces (descriptions in CRDs, CEL rules) is escaped and expressions are not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from kubewright.objects.manifests import dump
from kubewright.packaging.graph import RESOURCES, Settings, build
from kubewright.packaging.manifest import Object, OperatorManifest

_OPEN, _CLOSE = "\ue000", "\ue001"
_BLOCK = "\ue002"

SWITCHES = {
    "crd": "crd.enabled",
    "rbac": "rbac.enabled",
    "metrics": "metrics.enabled",
    "admission": "admission.enabled",
    "webhook": "webhook.enabled",
    "cert-manager": "webhook.enabled",
    "prometheus": "prometheus.enabled",
    "network-policy": "networkPolicy.enabled",
    "policy": "policy.enabled",
}
"""The value that turns a component's templates on."""

POD_SETTINGS = (
    "nodeSelector", "tolerations", "affinity", "topologySpreadConstraints", "imagePullSecrets", "priorityClassName",
)  # fmt: skip

DESCRIPTIONS = {
    "nameOverride": "Replaces the chart's name in object names.",
    "fullnameOverride": "The prefix of every object's name.",
    "manager.replicas": "How many operator Pods run; one of them leads.",
    "manager.image.tag": "Defaults to the chart's appVersion.",
    "manager.resources": "Requests and limits of the operator's container.",
    "crd.enabled": "Whether the chart installs and upgrades the CRDs.",
    "crd.keep": "Whether uninstalling the chart leaves the CRDs, and so every custom resource, in place.",
    "rbac.enabled": "Whether the chart makes the roles the operator needs.",
    "metrics.enabled": "Whether the metrics Service and the roles for reading it are made.",
    "admission.enabled": "Whether the ValidatingAdmissionPolicies that the operator declares are installed.",
    "webhook.enabled": "Whether admission and conversion webhooks are registered.",
    "prometheus.enabled": "Whether a ServiceMonitor is made; needs the Prometheus operator.",
    "policy.enabled": "Whether the CEL rules of the resources are enforced by ValidatingAdmissionPolicies, too.",
    "networkPolicy.enabled": "Whether only metrics and webhooks may be reached.",
}


def values(manifest: OperatorManifest) -> Object:
    """The chart's default values."""
    repository, tag = split_image(manifest.image)
    return {
        "nameOverride": "",
        "fullnameOverride": "",
        "manager": {
            "replicas": 1,
            "image": {"repository": repository, "tag": tag},
            "resources": RESOURCES,
            "nodeSelector": {},
            "tolerations": [],
            "affinity": {},
            "topologySpreadConstraints": [],
            "imagePullSecrets": [],
            "priorityClassName": "",
        },
        "crd": {"enabled": True, "keep": True},
        "rbac": {"enabled": True},
        "metrics": {"enabled": True},
        "admission": {"enabled": True},
        "webhook": {"enabled": True},
        "prometheus": {"enabled": False},
        "policy": {"enabled": False},
        "networkPolicy": {"enabled": False},
    }


def helm_chart(manifest: OperatorManifest) -> dict[str, str]:
    """The files of the chart, by path."""
    defaults = values(manifest)
    files = {
        "Chart.yaml": dump(_chart(manifest)),
        "values.yaml": _commented_values(defaults),
        "values.schema.json": json.dumps(_values_schema(defaults), indent=2) + "\n",
        ".helmignore": ".git\n*.tgz\n*.swp\n",
        "templates/_helpers.tpl": _helpers(manifest.name),
        "templates/NOTES.txt": _notes(manifest),
        "templates/tests/serving.yaml": _render(_test_pod(manifest)),
    }
    for component, objects in build(manifest, _settings(manifest)).items():
        if component == "namespace":
            continue  # Helm installs into a namespace that is already there
        for obj in objects:
            path = f"templates/{component}/{_file_name(obj)}"
            files[path] = _switched(_render(obj), SWITCHES.get(component), keep=component == "crd")
    return files


def _settings(manifest: OperatorManifest) -> Settings:
    return Settings(
        prefix=_expression(f'include "{manifest.name}.fullname" .'),
        namespace=_expression(".Release.Namespace"),
        image=_expression(".Values.manager.image.repository")
        + ":"
        + _expression(".Values.manager.image.tag | default .Chart.AppVersion"),
        instance=_expression(".Release.Name"),
        version=_expression(".Chart.AppVersion | quote"),
        replicas=_expression(".Values.manager.replicas"),
        resources=_block("manager.resources"),
        pod_settings={name: _block(f"manager.{name}") for name in POD_SETTINGS},
    )


def split_image(image: str) -> tuple[str, str]:
    """``repository`` and ``tag`` of an image reference; a digest stays with the repository.

    >>> split_image("registry:5000/a/b:1.0")
    ('registry:5000/a/b', '1.0')
    """
    head, colon, tag = image.rpartition(":")
    if not colon or "/" in tag or "@" in image:
        return image, ""
    return head, tag


def _expression(text: str) -> str:
    return f"{_OPEN}{text}{_CLOSE}"


def _block(path: str) -> str:
    """Stands for a value that is left out when empty and written as a YAML block otherwise."""
    return f"{_BLOCK}{path}{_BLOCK}"


def _render(obj: Mapping[str, Any]) -> str:
    text = dump(dict(obj))
    text = re.sub(r"\{\{|\}\}", lambda found: '{{ "' + found.group() + '" }}', text)
    text = text.replace(_OPEN, "{{ ").replace(_CLOSE, " }}")
    return re.sub(rf"^( *)(- )?(\w+): {_BLOCK}(.*){_BLOCK}$", _block_lines, text, flags=re.MULTILINE)


def _block_lines(found: re.Match[str]) -> str:
    indent, _, key, path = found.groups()
    return (
        f"{indent}{{{{- with .Values.{path} }}}}\n"
        f"{indent}{key}:\n"
        f"{indent}  {{{{- toYaml . | nindent {len(indent) + 2} }}}}\n"
        f"{indent}{{{{- end }}}}"
    )


def _switched(text: str, switch: str | None, *, keep: bool) -> str:
    if keep:
        kept = "    {{- if .Values.crd.keep }}\n    helm.sh/resource-policy: keep\n    {{- end }}\n"
        text = re.sub(
            r"^metadata:\n(  annotations:\n)?", f"metadata:\n  annotations:\n{kept}", text, count=1, flags=re.MULTILINE
        )
    return f"{{{{- if .Values.{switch} }}}}\n{text}{{{{- end }}}}\n" if switch else text


def _file_name(obj: Object) -> str:
    name = re.sub(rf"{_OPEN}.*?{_CLOSE}-?", "", obj["metadata"]["name"])
    return f"{obj['kind'].lower()}-{name}.yaml" if name else f"{obj['kind'].lower()}.yaml"


def _chart(manifest: OperatorManifest) -> Object:
    chart: Object = {
        "apiVersion": "v2",
        "name": manifest.name,
        "description": manifest.description.partition("\n")[0] or f"The {manifest.name} Kubernetes operator",
        "type": "application",
        "version": manifest.version,
        "appVersion": manifest.version,
        "kubeVersion": f">={manifest.min_kube_version}-0",
    }
    if manifest.url:
        chart["home"] = manifest.url
    if manifest.keywords:
        chart["keywords"] = list(manifest.keywords)
    if manifest.maintainers:
        chart["maintainers"] = [{"name": one.name, "email": one.email} for one in manifest.maintainers]
    return chart


def _commented_values(defaults: Object, path: str = "", indent: str = "") -> str:
    lines = []
    for key, value in defaults.items():
        here = f"{path}.{key}" if path else key
        if here in DESCRIPTIONS:
            lines.append(f"{indent}# {DESCRIPTIONS[here]}\n")
        if isinstance(value, dict) and value:
            lines.append(f"{indent}{key}:\n{_commented_values(value, here, indent + '  ')}")
        else:
            lines.append(f"{indent}{dump({key: value})}")
    return "".join(lines)


def _values_schema(value: Any, path: str = "") -> Object:
    """A JSON schema that admits what the defaults' shapes admit; open maps and lists stay open."""
    schema: Object = {}
    if path in DESCRIPTIONS:
        schema["description"] = DESCRIPTIONS[path]
    match value:
        case bool():
            schema["type"] = "boolean"
        case int():
            schema.update(type="integer", minimum=0)
        case str():
            schema["type"] = "string"
        case list():
            schema["type"] = "array"
        case dict():
            schema["type"] = "object"
            if value and path != "manager.resources":
                schema["additionalProperties"] = path == ""
                schema["properties"] = {
                    key: _values_schema(one, f"{path}.{key}" if path else key) for key, one in value.items()
                }
    if not path:
        schema = {"$schema": "https://json-schema.org/draft-07/schema#", **schema}
    return schema


def _helpers(name: str) -> str:
    return f'''{{{{/* The prefix of every object's name: the release, and the chart where that does not name it. */}}}}
{{{{- define "{name}.fullname" -}}}}
{{{{- if .Values.fullnameOverride -}}}}
{{{{- .Values.fullnameOverride | trunc 45 | trimSuffix "-" -}}}}
{{{{- else -}}}}
{{{{- $name := default .Chart.Name .Values.nameOverride -}}}}
{{{{- if contains $name .Release.Name -}}}}
{{{{- .Release.Name | trunc 45 | trimSuffix "-" -}}}}
{{{{- else -}}}}
{{{{- printf "%s-%s" .Release.Name $name | trunc 45 | trimSuffix "-" -}}}}
{{{{- end -}}}}
{{{{- end -}}}}
{{{{- end -}}}}
'''


def _notes(manifest: OperatorManifest) -> str:
    kinds = "\n".join(f"    kubectl get {crd['metadata']['name']} --all-namespaces" for crd in manifest.crds)
    deployment = f'{{{{ include "{manifest.name}.fullname" . }}}}-controller-manager'
    return f"""{manifest.display_name or manifest.name} {{{{ .Chart.AppVersion }}}} is installed.

Watch it become ready:

    kubectl -n {{{{ .Release.Namespace }}}} rollout status deployment/{deployment}

Its resources:

{kinds}
"""


def _test_pod(manifest: OperatorManifest) -> Object:
    """``helm test``: the operator's own image connects to the metrics port."""
    prefix = _settings(manifest).prefix
    program = f"import socket; socket.create_connection(('{prefix}-metrics', 8443), 10)"
    container = {"name": "connect", "image": _settings(manifest).image, "command": ["python", "-c", program]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{prefix}-test",
            "namespace": _expression(".Release.Namespace"),
            "annotations": {
                "helm.sh/hook": "test",
                "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
            },
        },
        "spec": {"restartPolicy": "Never", "containers": [container]},
    }
