"""An operator on kr8s: a ConfigMap for every Site of a namespace, and its host in the status."""

import sys

import kr8s
from kr8s.objects import ConfigMap, new_class

group, namespace = sys.argv[1:]
Site = new_class(kind="Site", version=f"{group}/v1", namespaced=True)
api = kr8s.api(namespace=namespace)

print("ready", flush=True)
for event, site in api.watch(Site, namespace=namespace):
    host = site.spec.host
    if event == "DELETED" or site.raw.get("status", {}).get("host") == host:
        continue
    child = ConfigMap({"metadata": {"name": site.name, "namespace": namespace}, "data": {"host": host}})
    if child.exists():
        child.patch({"data": {"host": host}})
    else:
        child.create()
        child.set_owner(site)
    site.patch({"status": {"host": host}}, subresource="status")
