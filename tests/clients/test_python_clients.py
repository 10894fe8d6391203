"""Operators on other Python clients, unmodified, each as a process of its own against the one server."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import pytest
import yaml
from tests.clients.test_kubectl_access import SITES

from kubewright.client import Client, Target, Untyped, connect
from kubewright.objects import GroupVersionKind, Object, ObjectMeta, Unstructured
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.core_v1 import ConfigMap, Namespace

OPERATORS = Path(__file__).parent / "operators"
PATIENCE = 20
T = TypeVar("T", bound=Object | Unstructured)

COUNT_NAMESPACES = {
    "kubernetes": """
from kubernetes import client, config
config.load_kube_config()
print(len(client.CoreV1Api().list_namespace().items))
""",
    "kubernetes_asyncio": """
import asyncio
from kubernetes_asyncio import client, config
async def main():
    await config.load_kube_config()
    async with client.ApiClient() as api:
        print(len((await client.CoreV1Api(api).list_namespace()).items))
asyncio.run(main())
""",
    "lightkube": """
from lightkube import Client
from lightkube.resources.core_v1 import Namespace
print(len(list(Client().list(Namespace))))
""",
    "kr8s": """
import kr8s
print(len(list(kr8s.get("namespaces"))))
""",
}


@contextmanager
def running(client: str, group: str, namespace: str, kubeconfig: Path) -> Iterator[None]:
    """The operator of that client, until the block ends; it must not have ended by itself."""
    script = OPERATORS / f"with_{client}.py"
    command = [sys.executable, str(script), group, namespace]
    if client == "kopf":
        command = [sys.executable, "-m", "kopf", "run", "--standalone", "--namespace", namespace, str(script)]
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "SITES_GROUP": group}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    in_time = False
    try:
        yield
        in_time = process.poll() is None
    except TimeoutError:
        in_time = False
    finally:
        process.kill()
        output = process.communicate()[0]
    assert in_time, f"the operator ended, or did not do it in time: {output}"


async def until(client: Client, kind: type[T] | Target[T], namespace: str, condition: Callable[[str, T], bool]) -> None:
    """Wait for an event that meets the condition; what is there already counts as added."""
    async with asyncio.timeout(PATIENCE), client.watch(kind, namespace=namespace) as events:
        async for event in events:
            if condition(event.type, event.object):
                return


@pytest.mark.timeout(3 * PATIENCE)
@pytest.mark.parametrize("library", ["kubernetes", "kubernetes_asyncio", "lightkube", "kr8s", "kopf"])
async def test_an_operator_creates_follows_and_lets_go(library: str, cluster: Path, namespace: str) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed: pip install 'kubewright[clients]'")
    group = f"{namespace}.example.com"
    kind = Untyped(GroupVersionKind(group, "v1", "Site"))

    def has_host(host: str) -> Callable[[str, Unstructured], bool]:
        return lambda event, site: site.content.get("status", {}).get("host") == host

    async with connect(cluster) as client:
        await client.create(Namespace(metadata=ObjectMeta(name=namespace)))
        definition = yaml.safe_load(SITES % {"group": group})
        status = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["status"]
        status["x-kubernetes-preserve-unknown-fields"] = True  # kopf keeps its progress there
        await client.create(Unstructured(definition))
        await until(
            client, CustomResourceDefinition, "",
            lambda event, crd: crd.metadata.name == f"sites.{group}"
            and any(one.type == "Established" and one.status == "True" for one in crd.status.conditions),
        )  # fmt: skip
        with running(library, group, namespace, cluster):
            site = Unstructured(
                {
                    "apiVersion": f"{group}/v1",
                    "kind": "Site",
                    "metadata": {"name": "home", "namespace": namespace},
                    "spec": {"host": "one"},
                }
            )
            await client.create(site)
            await until(client, kind, namespace, has_host("one"))
            assert (await client.get(ConfigMap, "home", namespace)).data == {"host": "one"}
            await client.patch(kind, "home", namespace, merge={"spec": {"host": "two"}})
            await until(client, kind, namespace, has_host("two"))
            assert (await client.get(ConfigMap, "home", namespace)).data == {"host": "two"}
            start = (await client.list(ConfigMap, namespace=namespace)).resource_version
            await client.delete(kind, "home", namespace)
            async with (
                asyncio.timeout(PATIENCE),
                client.watch(ConfigMap, namespace=namespace, resource_version=start) as events,
            ):
                async for event in events:
                    if event.type == "DELETED":
                        break


@pytest.mark.parametrize("library", COUNT_NAMESPACES)
def test_a_kubeconfig_of_a_logical_cluster_is_understood(
    library: str, cluster: Path, namespace: str, tmp_path: Path
) -> None:
    if find_spec(library) is None:
        pytest.skip(f"{library} is not installed: pip install 'kubewright[clients]'")
    config = yaml.safe_load(cluster.read_text())
    config["clusters"][0]["cluster"]["server"] += f"/clusters/{namespace}"
    own = tmp_path / "config"
    own.write_text(yaml.safe_dump(config))
    environment = {**os.environ, "KUBECONFIG": str(own)}
    command = [sys.executable, "-c", COUNT_NAMESPACES[library]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "4\n", done.stderr
