"""From a user's project to what is packaged of it: the operator's declarations, the settings and the samples."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from typing import Any

import yaml

from kubewright.objects import to_dict
from kubewright.operator import Operator
from kubewright.packaging.generated import rules_of
from kubewright.packaging.manifest import Maintainer, ManifestError, Object, OperatorManifest
from kubewright.project.settings import Project
from kubewright.schema.listing import shown
from kubewright.webhook import configurations

_TEXTS = ("display_name", "description", "provider", "url", "capabilities", "min_kube_version", "namespace")
_LISTS = ("keywords", "categories", "watch_namespaces")


def manifest_of(operator: Operator, project: Project) -> OperatorManifest:
    """What the project's packages hold.

    :raises ManifestError: a setting under ``[tool.kubewright.package]`` is not usable.
    :raises SchemaError: a resource class cannot be expressed as a CRD.
    """
    package = project.package
    values: dict[str, Any] = {
        **{key: _setting(package, key, str) for key in _TEXTS if _key(key) in package},
        **{key: _setting(package, key, list) for key in _LISTS if _key(key) in package},
    }
    if "certificates" in package:
        values["certificates"] = _setting(package, "certificates", str)
    if "icon" in package:
        values["icon"] = _icon(project.root / _setting(package, "icon", str))
    values["maintainers"] = [_maintainer(one) for one in package.get("maintainers", ())]
    return OperatorManifest(
        name=operator.name,
        version=project.version,
        image=project.image_reference,
        crds=[to_dict(crd) for crd in operator.crds(operator.service)],
        rules=[to_dict(rule) for rule in rules_of(operator)],
        webhooks=[to_dict(one) for one in configurations(operator.name, operator.webhooks, operator.service)],
        policies=[to_dict(obj) for declared in operator.policies for obj in declared.objects()],
        shown={cls.gvk: shown(cls) for cls in operator.resources},
        samples=read_samples(project.root / "config/samples"),
        command=("kubewright", "run", project.operator),
        **values,
    )


def read_samples(folder: Path) -> list[Object]:
    """The custom resources in a folder of YAML files, in the order of their names.

    :raises ManifestError: a file is no YAML, or holds something else.
    """
    samples = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ManifestError(f"{path} is no YAML: {error}") from error
        for obj in documents:
            if not isinstance(obj, dict) or "kind" not in obj:
                raise ManifestError(f"{path} holds something other than Kubernetes objects")
            if obj["kind"] != "Kustomization":
                samples.append(obj)
    return samples


def _key(attribute: str) -> str:
    return attribute.replace("_", "-")


def _setting(package: dict[str, Any], attribute: str, kind: type) -> Any:
    value = package[_key(attribute)]
    if not isinstance(value, kind):
        raise ManifestError(f"[tool.kubewright.package] {_key(attribute)} must be a {kind.__name__}, not {value!r}")
    return value


def _maintainer(one: object) -> Maintainer:
    match one:
        case {"name": str(name), "email": str(email)}:
            return Maintainer(name=name, email=email)
    raise ManifestError("[tool.kubewright.package] maintainers must be tables with a name and an email")


def _icon(path: Path) -> tuple[str, bytes]:
    media_type, _ = mimetypes.guess_type(path.name)
    try:
        return media_type or "", path.read_bytes()
    except OSError as error:
        raise ManifestError(f"[tool.kubewright.package] icon: cannot read {path}: {error}") from error
