"""The pytest plugin: the fixture `cluster`, found by pytest as soon as kubewright is installed.

Importing it costs nothing; what it needs is imported when a test asks for a cluster.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kubewright.testing.cluster import TestCluster

if find_spec("pytest_asyncio"):
    import pytest_asyncio

    @pytest_asyncio.fixture
    async def cluster() -> AsyncIterator[TestCluster]:
        """A cluster of the test's own, in memory; see `kubewright.testing.cluster.TestCluster`."""
        from kubewright.localcluster import LocalCluster
        from kubewright.testing.cluster import TestCluster

        async with LocalCluster() as local:
            yield TestCluster(local)

else:  # pytest finds this module wherever kubewright is installed, so the tests of other projects must go on

    @pytest.fixture(name="cluster")
    def no_cluster() -> None:
        """Says what the fixture needs."""
        pytest.fail("the fixture `cluster` needs the extra `test`: pip install 'kubewright[test]'", pytrace=False)
