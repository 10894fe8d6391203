"""The pytest plugin: the fixture `cluster`, found by pytest as soon as kubewright is installed.

Importing it costs nothing; what it needs is imported when a test asks for a cluster.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest_asyncio

if TYPE_CHECKING:
    from kubewright.testing.cluster import TestCluster


@pytest_asyncio.fixture
async def cluster() -> AsyncIterator[TestCluster]:
    """A cluster of the test's own, in memory; see `kubewright.testing.cluster.TestCluster`."""
    from kubewright.localcluster import LocalCluster
    from kubewright.testing.cluster import TestCluster

    async with LocalCluster() as local:
        yield TestCluster(local)
