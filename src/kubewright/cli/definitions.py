"""Reading somebody's CustomResourceDefinitions: from files, standard input, or a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from kubewright.cli import Failure
from kubewright.cli.manifests import ManifestError, read_manifests
from kubewright.client import ConfigError, TransportError, connect
from kubewright.objects import from_dict, to_dict
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import APIError

_API_VERSION = "apiextensions.k8s.io/v1"

Source = Annotated[str, typer.Option("--from", help="A file or folder with CRDs, - for standard input, or cluster.")]
Names = Annotated[list[str] | None, typer.Argument(help="Only these definitions: sites.web.example.com.")]
OfCluster = Annotated[str | None, typer.Option("--context", help="The kubeconfig context, with --from cluster.")]


def read_definitions(source: str, names: Sequence[str], context: str | None) -> list[dict[str, Any]]:
    """The definitions of these names, or all that there are.

    :raises Failure: nothing can be read, or one is not there.
    """
    found = asyncio.run(_of_cluster(context)) if source == "cluster" else _of_files(source)
    known = {crd["metadata"]["name"]: crd for crd in found}
    unknown = [name for name in names if name not in known]
    if unknown or not known:
        raise Failure(f"no CustomResourceDefinition {', '.join(unknown) or 'at all'} in {source}")
    return [known[name] for name in names or known]


def _of_files(source: str) -> list[dict[str, Any]]:
    return definitions_in([source])


def definitions_in(paths: Sequence[str]) -> list[dict[str, Any]]:
    """The definitions among the objects in some files and folders.

    :raises Failure: a file can't be read, or a definition lacks what makes it one.
    """
    try:
        manifests = read_manifests(paths)
    except ManifestError as error:
        raise Failure(str(error)) from None
    found = [manifest for manifest in manifests if manifest.obj.get("kind") == "CustomResourceDefinition"]
    for manifest in found:
        if problem := _problem(manifest.obj):
            raise Failure(f"{manifest.source}: {manifest.name} {problem}")
    return [manifest.obj for manifest in found]


def _problem(obj: dict[str, Any]) -> str:
    """Why an object is no definition that can be worked with; empty where it is one."""
    if obj.get("apiVersion") != _API_VERSION:
        return f"is of {obj.get('apiVersion')}; only {_API_VERSION} can be read"
    try:
        crd = from_dict(CustomResourceDefinition, obj)
    except ValueError as error:
        return f"is no CustomResourceDefinition: {error}"
    given: dict[str, object] = {
        "metadata.name": crd.metadata.name,
        "spec.group": crd.spec.group,
        "spec.scope": crd.spec.scope,
        "spec.names.kind": crd.spec.names.kind,
        "spec.names.plural": crd.spec.names.plural,
        "spec.versions": crd.spec.versions,
    }
    for index, version in enumerate(crd.spec.versions):
        given[f"spec.versions[{index}].name"] = version.name
        given[f"spec.versions[{index}].schema.openAPIV3Schema"] = version.schema and version.schema.open_api_v3_schema
    return next((f"has no {field}" for field, value in given.items() if not value), "")


async def _of_cluster(context: str | None) -> list[dict[str, Any]]:
    try:
        async with connect(context=context) as client:
            found = await client.list(CustomResourceDefinition)
    except (ConfigError, TransportError, APIError) as error:
        raise Failure(f"the cluster's definitions can't be read: {error}") from None
    return [to_dict(crd) for crd in found]
