"""An operator on kopf: a ConfigMap for every Site, and its host in the status; Sites have a finalizer."""

import os

import kopf
import kubernetes

group = os.environ["SITES_GROUP"]


@kopf.on.startup()
def configure(settings, **_):
    settings.posting.enabled = True
    kubernetes.config.load_kube_config()


@kopf.on.probe(id="ready")
def ready(**_):
    return True


@kopf.on.create(group, "v1", "sites")
@kopf.on.update(group, "v1", "sites")
def reconcile(name, namespace, spec, patch, logger, **_):
    core = kubernetes.client.CoreV1Api()
    body = {"metadata": {"name": name}, "data": {"host": spec["host"]}}
    kopf.adopt(body)
    try:
        core.create_namespaced_config_map(namespace, body)
    except kubernetes.client.ApiException as error:
        if error.status != 409:
            raise
        core.patch_namespaced_config_map(name, namespace, {"data": {"host": spec["host"]}})
    patch.status["host"] = spec["host"]
    logger.info("served")


@kopf.on.delete(group, "v1", "sites")
def farewell(logger, **_):
    logger.info("gone")
