"""T3: kopf's idiomatic operator for the same: create the child, tolerate that it is there, report in the status."""

import asyncio

import kopf
from kubernetes_asyncio import client, config

from bench.widgets import GROUP, PLURAL


@kopf.on.startup()
async def configure(settings: kopf.OperatorSettings, **_: object) -> None:
    settings.posting.enabled = False


@kopf.on.create(GROUP, "v1", PLURAL)
@kopf.on.update(GROUP, "v1", PLURAL)
@kopf.on.resume(GROUP, "v1", PLURAL)
async def reconcile(name: str, namespace: str, spec: kopf.Spec, patch: kopf.Patch, **_: object) -> None:
    child = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"image": spec["image"]}}
    kopf.adopt(child)
    try:
        await api.create_namespaced_config_map(namespace, child)
    except client.ApiException as error:
        if error.status != 409:
            raise
    patch.status["ready"] = True


async def main() -> None:
    global api
    await config.load_kube_config()
    async with client.ApiClient() as connection:
        api = client.CoreV1Api(connection)
        print("begin", flush=True)
        await kopf.operator(clusterwide=True, standalone=True)


asyncio.run(main())
