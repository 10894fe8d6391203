from collections.abc import AsyncIterator

import pytest

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.client import AsgiTransport, Client


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """The administrator of an API server of the test's own."""
    server = ApiServer(tokens={"secret": ADMIN})
    await server.start()
    yield Client(AsgiTransport(server.app, headers={"authorization": "Bearer secret"}))
    await server.stop()
