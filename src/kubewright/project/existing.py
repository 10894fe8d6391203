"""A project made of what exists: CustomResourceDefinitions, or a whole kubebuilder project.

Of a kubebuilder project the ``PROJECT`` file gives name and domain, ``config/crd/bases`` the types, ``config/samples``
the samples, ``config/webhook`` the webhooks.  Its Go code stays to be ported: each kind gets an empty reconcile
function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from kubewright.objects.manifests import dump
from kubewright.project.create import Api, with_import
from kubewright.project.extend import FUNCTIONS, Purpose
from kubewright.project.scaffold import Files, project_files
from kubewright.project.settings import Project, ProjectError
from kubewright.schema.models import models

Raw = dict[str, Any]

_PURPOSES: dict[str, Purpose] = {
    "MutatingWebhookConfiguration": "default",
    "ValidatingWebhookConfiguration": "validate",
}


@dataclass(frozen=True, kw_only=True)
class Existing:
    """What was found; ``webhooks`` says for a group and plural which kinds of webhooks there are."""

    name: str = ""
    domain: str = ""
    crds: list[Raw]
    samples: list[Raw] = field(default_factory=list)
    webhooks: Mapping[tuple[str, str], list[Purpose]] = field(default_factory=dict)


def read_existing(source: Path) -> Existing:
    """Read a file with CRDs, a folder of such files, or a kubebuilder project.

    :raises ProjectError: nothing usable is there.
    """
    if (source / "PROJECT").is_file():
        return _read_kubebuilder(source)
    paths = [source] if source.is_file() else sorted(source.rglob("*.yaml"))
    return Existing(crds=_definitions(paths, source))


def _read_kubebuilder(source: Path) -> Existing:
    settings = yaml.safe_load((source / "PROJECT").read_text(encoding="utf-8")) or {}
    bases = sorted((source / "config/crd/bases").glob("*.yaml"))
    crds = _definitions(bases, source / "config/crd/bases")
    kinds = {crd["spec"]["names"]["kind"] for crd in crds}
    samples = [one for one in _documents((source / "config/samples").glob("*.yaml")) if one.get("kind") in kinds]
    webhooks: dict[tuple[str, str], list[Purpose]] = {}
    for group, resource, purpose in _rules(source / "config/webhook"):
        purposes = webhooks.setdefault((group, resource), [])
        if purpose not in purposes:
            purposes.append(purpose)
    return Existing(
        name=settings.get("projectName", source.resolve().name),
        domain=settings.get("domain", ""),
        crds=crds,
        samples=samples,
        webhooks=webhooks,
    )


def _rules(folder: Path) -> Iterator[tuple[str, str, Purpose]]:
    """Every group and resource that a webhook configuration names, and what its webhooks are for."""
    for configuration in _documents(folder.glob("*.yaml")):
        purpose = _PURPOSES.get(configuration.get("kind", ""))
        if purpose is None:
            continue
        for rule in (rule for webhook in configuration.get("webhooks", ()) for rule in webhook["rules"]):
            yield from ((group, resource, purpose) for group, resource in product(rule["apiGroups"], rule["resources"]))


def _definitions(paths: Iterable[Path], where: Path) -> list[Raw]:
    crds = [one for one in _documents(paths) if one.get("kind") == "CustomResourceDefinition"]
    if not crds:
        raise ProjectError(
            f"there is no CustomResourceDefinition in {where}; kubebuilder writes them with `make manifests`"
        )
    return crds


def _documents(paths: Iterable[Path]) -> list[Raw]:
    found: list[Raw] = []
    for path in sorted(paths):
        try:
            found += [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if isinstance(one, dict)]
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise ProjectError(f"{path} cannot be read: {error}") from error
    return found


def files_from(project: Project, existing: Existing) -> Files:
    """The files of a new project with the kinds that exist.

    :raises ProjectError: a kind's name cannot be used.
    """
    files = project_files(project)
    entry = f"src/{project.module}/operator.py"
    for crd in existing.crds:
        spec = crd["spec"]
        kind = spec["names"]["kind"]
        api = Api(spec["group"], spec["versions"][0]["name"], kind)
        purposes = existing.webhooks.get((spec["group"], spec["names"]["plural"]), ())
        functions = [_RECONCILE, *(FUNCTIONS[purpose] for purpose in purposes)]
        text = models(crd, package=project.module).replace("by `kubewright generate models`", "by `kubewright import`")
        text += "\n".join(function.format(kind=kind, variable=api.module) for function in ("", *functions))
        lines = text.split("\n")
        first = next(number for number, line in enumerate(lines) if line.startswith("from kubewright"))
        lines.insert(first, "from kubewright import Context")
        files[f"src/{project.module}/{api.module}.py"] = "\n".join(lines)
        files[entry] = with_import(files[entry], project.module, api.module, where=entry)
    for number, sample in enumerate(existing.samples, start=1):
        name = Api("group", "v1", sample["kind"]).module
        path = f"config/samples/{name}.yaml"
        files[path if path not in files else f"config/samples/{name}_{number}.yaml"] = dump(sample)
    return files


_RECONCILE = '''\

@op.reconcile({kind})
async def reconcile({variable}: {kind}, ctx: Context) -> None:
    """Make what belongs to it with ctx.apply, then say in the status how far things are."""
'''
