from pathlib import Path
from typing import Any

import pytest
import yaml

from kubewright.ansible import load
from kubewright.client import Untyped
from kubewright.objects import Unstructured
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import Service
from kubewright.objects.errors import Invalid
from kubewright.objects.events_v1 import Event
from kubewright.testing import TestCluster

EXAMPLE = Path("examples/ansible-memcached")


async def test_the_sample_is_kept_and_says_goodbye(cluster: TestCluster) -> None:
    sample: dict[str, Any] = yaml.safe_load((EXAMPLE / "config/samples/memcached.yaml").read_text())
    async with cluster.running(load(EXAMPLE / "watches.yaml")):
        made = await cluster.client.create(Unstructured(sample))
        address = "memcached-sample.default.svc:11211"
        await cluster.eventually(
            Untyped(made.gvk), "memcached-sample", lambda found: found.get("status", "address") == address, timeout=20
        )
        deployment = await cluster.eventually(Deployment, "memcached-sample", lambda found: found.spec.replicas == 3)
        assert deployment.spec.template.spec.containers[0].args == ["-m", "256"]
        await cluster.client.delete(Service, "memcached-sample", "default")
        await cluster.eventually(Service, "memcached-sample", timeout=20)
        await cluster.client.delete(made)
        await cluster.gone(made.gvk, "memcached-sample", timeout=20)
        await cluster.gone(Deployment, "memcached-sample", timeout=20)
        events = await cluster.client.list(Event, namespace="default")
        assert "3 members go" in {event.note for event in events if event.reason == "Farewell"}


async def test_what_the_role_s_description_forbids_is_refused_at_once(cluster: TestCluster) -> None:
    await load(EXAMPLE / "watches.yaml").install(cluster.client)
    sample: dict[str, Any] = yaml.safe_load((EXAMPLE / "config/samples/memcached.yaml").read_text())
    with pytest.raises(Invalid, match=r"spec\.memoryLimit: Unsupported value: 100"):
        await cluster.client.create(Unstructured({**sample, "spec": {"memoryLimit": 100}}))
