"""An operator on the official client: a ConfigMap for every Site of a namespace, and its host in the status."""

import sys

from kubernetes import client, config, watch

group, namespace = sys.argv[1:]
config.load_kube_config()
core, custom = client.CoreV1Api(), client.CustomObjectsApi()
where = {"group": group, "version": "v1", "namespace": namespace, "plural": "sites"}

print("ready", flush=True)
for event in watch.Watch().stream(custom.list_namespaced_custom_object, **where, timeout_seconds=40):
    site = event["object"]
    name, host = site["metadata"]["name"], site["spec"]["host"]
    if event["type"] == "DELETED" or site.get("status", {}).get("host") == host:
        continue
    owner = client.V1OwnerReference(
        api_version=site["apiVersion"], kind=site["kind"], name=name, uid=site["metadata"]["uid"], controller=True
    )
    body = client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name, owner_references=[owner]), data={"host": host})
    try:
        core.create_namespaced_config_map(namespace, body)
    except client.ApiException as error:
        if error.status != 409:
            raise
        core.patch_namespaced_config_map(name, namespace, {"data": {"host": host}})
    custom.patch_namespaced_custom_object_status(**where, name=name, body={"status": {"host": host}})
