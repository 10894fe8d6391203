"""An operator on lightkube: a ConfigMap, applied, for every Site of a namespace, and its host in the status."""

import sys

from lightkube import Client
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.meta_v1 import ObjectMeta, OwnerReference
from lightkube.resources.core_v1 import ConfigMap
from lightkube.types import PatchType

group, namespace = sys.argv[1:]
Site = create_namespaced_resource(group, "v1", "Site", "sites")
client = Client(namespace=namespace, field_manager="lightkube")

print("ready", flush=True)
for event, site in client.watch(Site, namespace=namespace, server_timeout=40):
    host = site.spec["host"]
    if event == "DELETED" or (site.status or {}).get("host") == host:
        continue
    owner = OwnerReference(apiVersion=site.apiVersion, kind=site.kind, name=site.metadata.name, uid=site.metadata.uid)
    metadata = ObjectMeta(name=site.metadata.name, namespace=namespace, ownerReferences=[owner])
    client.apply(ConfigMap(metadata=metadata, data={"host": host}), force=True)
    client.patch(Site.Status, site.metadata.name, {"status": {"host": host}}, patch_type=PatchType.MERGE)
