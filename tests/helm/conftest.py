"""A running operator made of a chart, and what its tests look at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kubewright.helm import HelmOperator, HelmResource
from kubewright.objects import GroupVersionKind, Unstructured
from kubewright.testing import TestCluster

WEB = GroupVersionKind("charts.example.com", "v1alpha1", "Web")


class Running:
    """An operator whose resources are of the kind Web."""

    def __init__(self, cluster: TestCluster, cls: type[HelmResource]) -> None:
        self.cluster = cluster
        self.cls = cls

    async def create(self, name: str = "a", *, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        metadata = {"name": name, "namespace": "default", "annotations": annotations or {}}
        content = {"apiVersion": WEB.api_version, "kind": WEB.kind, "metadata": metadata, "spec": spec}
        await self.cluster.client.create(Unstructured(content))

    async def change(self, name: str = "a", **patch: Any) -> None:
        await self.cluster.client.patch(self.cls, name, "default", merge=patch)

    async def until(
        self, condition: str, status: str = "True", name: str = "a", *, reason: str = "", revision: int = 0
    ) -> HelmResource:
        """The resource, once a condition is so, for its present generation."""

        def so(resource: HelmResource) -> bool:
            deployed = resource.status.deployed_release
            return any(
                one.type == condition and one.status == status and reason in (one.reason, "")
                and one.observed_generation == resource.metadata.generation
                for one in resource.status.conditions
            ) and (not revision or (deployed is not None and deployed.revision == revision))  # fmt: skip

        return await self.cluster.eventually(self.cls, name, so)

    def condition(self, resource: HelmResource, type: str) -> tuple[str, str, str]:
        (found,) = (one for one in resource.status.conditions if one.type == type)
        return found.status, found.reason, found.message


Runs = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def running(cluster: TestCluster) -> Runs:
    """``async with running(chart, **options)``: the options are those of `HelmOperator.chart`."""

    @asynccontextmanager
    async def run(chart: Path, **options: Any) -> AsyncIterator[Running]:
        operator = HelmOperator("web-operator")
        cls = operator.chart(WEB, chart, **options)
        assert issubclass(cls, HelmResource)
        async with cluster.running(operator):
            yield Running(cluster, cls)

    return run
