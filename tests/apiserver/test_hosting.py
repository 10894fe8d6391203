"""The server behind TLS, with a client of the network and with kubectl."""

from __future__ import annotations

import asyncio
import os
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.localcluster.waiting import eventually

from kubewright.apiserver.certificates import serving_files
from kubewright.apiserver.hosting import HostedServer

kubectl = pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[HostedServer]:
    hosted = HostedServer(cert_dir=tmp_path / "pki")
    await hosted.start()
    hosted.write_kubeconfig(tmp_path / "kubeconfig")
    yield hosted
    await hosted.stop()


async def run(folder: Path, *arguments: str) -> str:
    """The output of kubectl; its cache stays in the folder."""
    environment = {**os.environ, "KUBECONFIG": str(folder / "kubeconfig"), "HOME": str(folder)}
    process = await asyncio.create_subprocess_exec(
        "kubectl", *arguments, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def test_the_certificate_is_good_for_the_address_and_signed_by_the_written_ca(hosted: HostedServer) -> None:
    context = ssl.create_default_context(cadata=hosted.ca.decode())
    port = int(hosted.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b"ok")
    writer.close()
    await writer.wait_closed()


def test_certificates_are_made_once_and_again_for_a_new_host(tmp_path: Path) -> None:
    first = serving_files(tmp_path, ["localhost"]).certificate.read_bytes()
    assert serving_files(tmp_path, ["localhost"]).certificate.read_bytes() == first
    assert serving_files(tmp_path, ["localhost", "10.0.0.1"]).certificate.read_bytes() != first
    assert (tmp_path / "apiserver.key").stat().st_mode & 0o077 == 0


@kubectl
@pytest.mark.kubectl
@pytest.mark.usefixtures("hosted")
async def test_kubectl_creates_shows_explains_and_deletes(tmp_path: Path) -> None:
    assert "created" in await run(tmp_path, "create", "configmap", "a", "--from-literal=x=1")
    assert "created" in await run(tmp_path, "create", "deployment", "web", "--image=nginx")
    assert (await run(tmp_path, "get", "cm", "a", "-o", "jsonpath={.data.x}")) == "1"
    assert "web" in await run(tmp_path, "get", "deployments", "-o", "wide")
    assert "ConfigMap" in await run(tmp_path, "explain", "cm.data")
    assert "scaled" in await run(tmp_path, "scale", "deployment", "web", "--replicas=3")
    assert "deployments" in await run(tmp_path, "api-resources")
    assert "deleted" in await run(tmp_path, "delete", "cm", "a")


async def test_what_nobody_waits_for_is_made_when_the_server_serves(hosted: HostedServer) -> None:
    cluster = await hosted.server.clusters.get("")

    async def last() -> object:
        group, name = "rbac.authorization.k8s.io", "system::leader-locking-kube-scheduler"
        return cluster.reader.get(group, "rolebindings", "kube-system", name)

    await eventually(last)
