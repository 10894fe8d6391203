"""ServiceAccount: pods run as an account, whose pull secrets and token they are given.

After ``plugin/pkg/admission/serviceaccount``.  Off by default, as nothing makes the ``default`` accounts without a
controller.
"""

from __future__ import annotations

import secrets
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import is_new, refused

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_MIRROR = "kubernetes.io/config.mirror"


class ServiceAccount:
    async def admit(self, attributes: Attributes) -> None:
        if not is_new(attributes, "", "pods") or attributes.obj is None:
            return
        if _MIRROR in (attributes.obj["metadata"].get("annotations") or {}):
            return
        spec = attributes.obj["spec"]
        name = spec.setdefault("serviceAccountName", "default")
        spec["serviceAccount"] = name
        account = attributes.reader.get("", "serviceaccounts", attributes.namespace, name)
        if account is None:
            text = f'error looking up service account {attributes.namespace}/{name}: serviceaccount "{name}" not found'
            raise refused(attributes, text)
        if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
            spec["imagePullSecrets"] = [dict(secret) for secret in account["imagePullSecrets"]]
        mounts = spec.get("automountServiceAccountToken", account.get("automountServiceAccountToken", True))
        if mounts:
            _mount_token(spec)


def _mount_token(spec: dict[str, Any]) -> None:
    """A projected volume with the account's token, the cluster's CA and the namespace, in every container."""
    volume = "kube-api-access-" + "".join(secrets.choice(_LETTERS) for _ in range(5))
    mounted = False
    for field in ("initContainers", "containers"):
        for container in spec.get(field) or ():
            mounts = container.get("volumeMounts") or []
            if all(mount.get("mountPath") != MOUNT_PATH for mount in mounts):
                container["volumeMounts"] = [*mounts, {"name": volume, "readOnly": True, "mountPath": MOUNT_PATH}]
                mounted = True
    if mounted:
        spec["volumes"] = [*(spec.get("volumes") or ()), {"name": volume, "projected": _token_sources()}]


def _token_sources() -> dict[str, Any]:
    namespace = {"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}
    return {
        "defaultMode": 0o644,
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [namespace]}},
        ],
    }
