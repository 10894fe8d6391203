"""An operator on the asyncio client: a ConfigMap for every Site of a namespace, and its host in the status."""

import asyncio
import sys

from kubernetes_asyncio import client, config, watch

group, namespace = sys.argv[1:]
where = {"group": group, "version": "v1", "namespace": namespace, "plural": "sites"}


async def main():
    await config.load_kube_config()
    async with client.ApiClient() as api, watch.Watch() as watching:
        core, custom = client.CoreV1Api(api), client.CustomObjectsApi(api)
        print("ready", flush=True)
        async for event in watching.stream(custom.list_namespaced_custom_object, **where, timeout_seconds=40):
            if event["type"] != "DELETED":
                await reconcile(core, custom, event["object"])


async def reconcile(core, custom, site):
    name, host = site["metadata"]["name"], site["spec"]["host"]
    if site.get("status", {}).get("host") == host:
        return
    owner = {"apiVersion": site["apiVersion"], "kind": site["kind"], "name": name, "uid": site["metadata"]["uid"]}
    body = {"metadata": {"name": name, "ownerReferences": [owner]}, "data": {"host": host}}
    try:
        await core.create_namespaced_config_map(namespace, body)
    except client.ApiException as error:
        if error.status != 409:
            raise
        await core.patch_namespaced_config_map(name, namespace, {"data": {"host": host}})
    status = {"status": {"host": host}}
    await custom.patch_namespaced_custom_object_status(
        **where, name=name, body=status, _content_type="application/merge-patch+json"
    )


asyncio.run(main())
