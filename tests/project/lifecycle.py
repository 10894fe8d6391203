"""What the tests of a project's life share: commands run as a user runs them, the operator as its Deployment does."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from kubewright.client import Client
from kubewright.localcluster import LocalCluster
from kubewright.objects.authentication_v1 import TokenRequest
from kubewright.objects.core_v1 import Service, ServiceAccount
from kubewright.packaging.manifest import Object

KUBEWRIGHT = (sys.executable, "-P", "-m", "kubewright")


def run(folder: Path, *command: str) -> str:
    """Run a command of this environment in a folder, and return what it printed; it must succeed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": path}, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def kubewright(folder: Path, *arguments: str) -> str:
    return run(folder, *KUBEWRIGHT, *arguments)


async def against(cluster: LocalCluster, folder: Path, *arguments: str) -> str:
    """Run kubewright against a cluster of this process, which goes on serving meanwhile."""
    process = await asyncio.create_subprocess_exec(
        *KUBEWRIGHT, *arguments, cwd=folder,
        env={**os.environ, "KUBECONFIG": str(cluster.kubeconfig)},
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, f"{arguments}\n{output.decode()}"
    return output.decode()


@asynccontextmanager
async def deployed(cluster: LocalCluster, client: Client, deployment: Object, project: Path) -> AsyncIterator[int]:
    """Run a Deployment's container as a process, as its ServiceAccount; gives the health port once it is ready."""
    metadata, pod = deployment["metadata"], deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    kubeconfig = await _kubeconfig(cluster, client, metadata["namespace"], pod["serviceAccountName"])
    health, metrics, webhooks = _free_ports(3)
    places = {
        "--health-probe-bind-address": f"127.0.0.1:{health}",
        "--metrics-bind-address": f"127.0.0.1:{metrics}",
        "--webhook-port": str(webhooks),
    }
    given = dict(text.partition("=")[::2] for text in container["args"])
    arguments = [f"{flag}={places.get(flag, value)}" if value else flag for flag, value in given.items()]
    if service := given.get("--webhook-service"):
        here = {"metadata": {"annotations": {"kubewright.dev/local-port": str(webhooks)}}}
        await client.patch(Service, service, metadata["namespace"], merge=here)
    assert container["command"][0] == "kubewright"
    log = cluster.directory / "operator.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *KUBEWRIGHT, *container["command"][1:], *arguments, cwd=project,
            env={**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(project / "src"),
                 "POD_NAMESPACE": metadata["namespace"], "POD_NAME": "a-pod"},
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while not await _is_ready(health):
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield health
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _kubeconfig(cluster: LocalCluster, client: Client, namespace: str, account: str) -> Path:
    """The administrator's kubeconfig, but with a token of the ServiceAccount."""
    answer = await client.create_subresource(ServiceAccount, account, namespace, "token", TokenRequest())
    config: Any = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": answer.status.token}
    config["contexts"][0]["context"]["namespace"] = namespace
    path = cluster.directory / f"{account}.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        return b" 200 " in await reader.readline()
    finally:
        writer.close()


def _free_ports(count: int) -> list[int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports
