"""What the tests of a project's life share: commands run as a user runs them, the operator as its Deployment does."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml
from tests.warm import environment

from kubewright.client import Client
from kubewright.localcluster import LocalCluster
from kubewright.objects import Unstructured
from kubewright.objects.authentication_v1 import TokenRequest
from kubewright.objects.core_v1 import Service, ServiceAccount
from kubewright.packaging.deploy import wait_ready
from kubewright.packaging.manifest import Object
from kubewright.project.scaffold import TEMPLATES, project_files
from kubewright.project.settings import find_project
from kubewright.project.upgrade import Plan, carry_out, plan_upgrade
from kubewright.testing import TestCluster
from kubewright.testing.loopback import free_ports, is_ready


def run(folder: Path, *command: str) -> str:
    """Run a command of this environment in a folder, and return what it printed; it must succeed."""
    done = subprocess.run(
        command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def kubewright(folder: Path, *arguments: str) -> str:
    return run(folder, "kubewright", *arguments)


async def against(cluster: LocalCluster, folder: Path, *arguments: str) -> str:
    """Run kubewright against a cluster of this process, which goes on serving meanwhile."""
    process = await asyncio.create_subprocess_exec(
        "kubewright", *arguments, cwd=folder,
        env=environment(KUBECONFIG=str(cluster.kubeconfig)),
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
    health, metrics, webhooks = free_ports(3)
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
            *container["command"], *arguments, cwd=project,
            env=environment(KUBECONFIG=str(kubeconfig), PYTHONPATH=str(project / "src"),
                            POD_NAMESPACE=metadata["namespace"], POD_NAME="a-pod"),
            stdout=output, stderr=output,
        )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while not await is_ready(health):
                assert process.returncode is None, log.read_text()
                await asyncio.sleep(0.05)
        yield health
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def installed(
    cluster: TestCluster, project: Path, objects: list[Object], works: Callable[[TestCluster, Path], Awaitable[None]]
) -> None:
    """Apply a package's objects, run the operator that they deploy, and see that it works."""
    (deployment,) = (obj for obj in objects if obj["kind"] == "Deployment")
    client = cluster.client.with_defaults(namespace=deployment["metadata"]["namespace"])  # as kubectl -n and OLM do
    for obj in objects:
        await client.apply(Unstructured({**obj, "metadata": dict(obj["metadata"])}), force=True)
    assert await wait_ready(client, objects, timeout=60) == []
    async with deployed(cluster.local, cluster.client, deployment, project):
        await works(cluster, project)


def upgraded(project: Path, templates: Path, newer: Callable[[Path], None]) -> Plan:
    """Bring a project to a scaffold that ``newer`` makes of the present one."""
    for revision in ("1", "2"):
        shutil.copytree(str(TEMPLATES / "1"), templates / revision)
    newer(templates / "2")
    settings = find_project(project)
    old, new = (project_files(settings, revision=revision, templates=templates) for revision in (1, 2))
    plan = plan_upgrade(project, old, new)
    carry_out(project, plan)
    return plan


async def _kubeconfig(cluster: LocalCluster, client: Client, namespace: str, account: str) -> Path:
    """The administrator's kubeconfig, but with a token of the ServiceAccount."""
    answer = await client.create_subresource(ServiceAccount, account, namespace, "token", TokenRequest())
    config: Any = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"][0]["user"] = {"token": answer.status.token}
    config["contexts"][0]["context"]["namespace"] = namespace
    path = cluster.directory / f"{account}.kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path
