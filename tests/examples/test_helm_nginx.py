from pathlib import Path
from typing import Any

import pytest
import yaml

from kubewright.helm import load
from kubewright.objects import Unstructured
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import ConfigMap
from kubewright.objects.errors import Invalid
from kubewright.testing import TestCluster

EXAMPLE = Path("examples/helm-nginx")


async def test_a_change_of_the_sample_reaches_the_page(cluster: TestCluster) -> None:
    sample: dict[str, Any] = yaml.safe_load((EXAMPLE / "config/samples/nginx.yaml").read_text())
    async with cluster.running(load(EXAMPLE / "watches.yaml")):
        made = await cluster.client.create(Unstructured(sample))
        await cluster.eventually(Deployment, "nginx-sample", lambda found: found.status.available_replicas == 2)
        await cluster.client.patch(made, merge={"spec": {"greeting": "Hi", "replicas": 1}})
        await cluster.eventually(ConfigMap, "nginx-sample", lambda found: found.data == {"index.html": "<h1>Hi</h1>"})
        await cluster.eventually(Deployment, "nginx-sample", lambda found: found.status.replicas == 1)
        await cluster.client.delete(made)
        await cluster.gone(made.gvk, "nginx-sample")
        await cluster.gone(Deployment, "nginx-sample")


async def test_what_the_chart_s_schema_forbids_is_refused_at_once(cluster: TestCluster) -> None:
    await load(EXAMPLE / "watches.yaml").install(cluster.client)
    sample: dict[str, Any] = yaml.safe_load((EXAMPLE / "config/samples/nginx.yaml").read_text())
    with pytest.raises(Invalid, match=r"spec\.replicas.*less than or equal to 100"):
        await cluster.client.create(Unstructured({**sample, "spec": {"replicas": 101}}))
