from __future__ import annotations

from tests.serving import api_server

from kubewright.client import AsgiTransport, Client
from kubewright.manager.endpoints import Endpoints
from kubewright.manager.metrics import Metrics
from kubewright.manager.metrics_access import MetricsAccess
from kubewright.transport import Receive, Scope, Send


async def status(access: MetricsAccess, token: str = "") -> int:
    headers = {"authorization": f"Bearer {token}"} if token else None
    return (await AsgiTransport(access).request("GET", "/metrics", headers=headers)).status


async def test_metrics_are_for_users_who_may_read_them() -> None:
    async with api_server() as server:
        access = MetricsAccess(Endpoints({"metrics": Metrics().route}), server.client())
        assert await status(access) == 401
        assert await status(access, "forged") == 401
        assert await status(access, "admin") == 200


async def test_the_answer_is_remembered() -> None:
    async with api_server() as server:
        client = server.client()
        access = MetricsAccess(Endpoints({"metrics": Metrics().route}), client)
        reviews: list[str] = []
        client.write_observers.append(lambda write: reviews.append(write.resource.resource))
        for _ in range(3):
            await status(access, "admin")
        assert reviews == ["tokenreviews", "subjectaccessreviews"]


async def test_without_an_api_server_nobody_is_let_in() -> None:
    async def down(scope: Scope, receive: Receive, send: Send) -> None: ...

    access = MetricsAccess(Endpoints({"metrics": Metrics().route}), Client(AsgiTransport(down)))
    assert await status(access, "admin") == 503
