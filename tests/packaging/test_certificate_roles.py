"""The packaged roles are enough for an operator that makes its own certificates, and for no more than that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from kubewright.client import AsgiTransport, Client
from kubewright.objects import ObjectMeta, Unstructured
from kubewright.objects.admissionregistration_v1 import ValidatingWebhookConfiguration
from kubewright.objects.core_v1 import Secret
from kubewright.objects.errors import Forbidden
from kubewright.packaging import OperatorManifest
from kubewright.packaging.graph import build
from kubewright.testing.cluster import TestCluster
from kubewright.webhook import Injection, SecretStore


async def test_the_operator_may_keep_certificates_and_inject_its_authority(
    cluster: TestCluster, manifest: OperatorManifest
) -> None:
    components = build(manifest)
    namespace = manifest.namespace
    for name in ("namespace", "crd", "rbac", "webhook"):
        for obj in components[name]:
            await cluster.client.create(Unstructured(obj))
    await cluster.client.create(ValidatingWebhookConfiguration(metadata=ObjectMeta(name="other")))
    operator = as_user(cluster, f"system:serviceaccount:{namespace}:{manifest.name}-controller-manager")

    store = SecretStore(operator, namespace, f"{manifest.name}-webhook-certificates")
    certificates = await store.current(["hook"], datetime.now(UTC))
    crd = "websites.web.example.com"
    await Injection(operator, manifest.name, [crd]).register(certificates.ca_bundle)
    registered = await cluster.client.get(ValidatingWebhookConfiguration, manifest.name)
    assert registered.webhooks[0].client_config.ca_bundle == certificates.ca_bundle

    with pytest.raises(Forbidden):
        await operator.patch(ValidatingWebhookConfiguration, "other", merge={"webhooks": []})
    with pytest.raises(Forbidden):
        await operator.list(Secret, namespace="kube-system")


def as_user(cluster: TestCluster, user: str) -> Client:
    headers = {"authorization": f"Bearer {cluster.local.server.token}", "impersonate-user": user}
    return Client(AsgiTransport(cluster.local.server.server.app, headers=headers))
