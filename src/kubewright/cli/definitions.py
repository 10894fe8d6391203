"""Reading somebody's CustomResourceDefinitions: from files, standard input, or a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from kubewright.cli import Failure
from kubewright.cli.manifests import ManifestError, read_manifests
from kubewright.client import ConfigError, TransportError, connect
from kubewright.objects import to_dict
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import APIError

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
    try:
        manifests = read_manifests([source])
    except ManifestError as error:
        raise Failure(str(error)) from None
    return [manifest.obj for manifest in manifests if manifest.obj.get("kind") == "CustomResourceDefinition"]


async def _of_cluster(context: str | None) -> list[dict[str, Any]]:
    try:
        async with connect(context=context) as client:
            found = await client.list(CustomResourceDefinition)
    except (ConfigError, TransportError, APIError) as error:
        raise Failure(f"the cluster's definitions can't be read: {error}") from None
    return [to_dict(crd) for crd in found]
