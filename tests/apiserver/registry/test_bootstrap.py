"""What a new cluster holds before anyone wrote to it."""

from __future__ import annotations

import msgspec
import pytest

from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.client import AsgiTransport


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/api/v1/namespaces", {"default", "kube-system", "kube-public", "kube-node-lease"}),
        ("/api/v1/namespaces/default/services", {"kubernetes"}),
        ("/apis/scheduling.k8s.io/v1/priorityclasses", {"system-cluster-critical", "system-node-critical"}),
        ("/apis/networking.k8s.io/v1/servicecidrs", {"kubernetes"}),
        (
            "/apis/flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations",
            {
                "catch-all",
                "exempt",
                "global-default",
                "leader-election",
                "node-high",
                "system",
                "workload-high",
                "workload-low",
            },
        ),
    ],
)
async def test_a_new_cluster_has(path: str, names: set[str]) -> None:
    server = ApiServer(tokens={"admin": ADMIN})
    await server.start()
    transport = AsgiTransport(server.app, headers={"authorization": "Bearer admin"})
    answer = await transport.request("GET", path)
    await server.stop()
    assert {item["metadata"]["name"] for item in msgspec.json.decode(answer.body)["items"]} == names
