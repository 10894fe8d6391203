from collections.abc import AsyncIterator

import pytest

from kubewright.client import Client
from kubewright.localcluster.cluster import LocalCluster


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """The administrator of a cluster of its own."""
    async with LocalCluster() as cluster:
        yield cluster.client()
