from typing import Any

import pytest

from kubewright.objects import to_dict
from kubewright.objects.admissionregistration_v1 import Validation
from kubewright.objects.apps_v1 import Deployment
from kubewright.packaging import Maintainer, OperatorManifest
from kubewright.webhook import policy


def website_crd() -> dict[str, Any]:
    rule = {"rule": "self != '{{ x }}'", "message": "must not be a template"}
    schema = {
        "type": "object",
        "description": "A site, with {{ braces }} in its words.\nAnd a second line.",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "image": {"type": "string", "description": "What runs.", "x-kubernetes-validations": [rule]}
                },
            },
            "status": {"type": "object", "properties": {"readyReplicas": {"type": "integer"}}},
        },
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "websites.web.example.com"},
        "spec": {
            "group": "web.example.com",
            "names": {"plural": "websites", "singular": "website", "kind": "Website", "listKind": "WebsiteList"},
            "scope": "Namespaced",
            "conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"]}},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def webhook_configuration(kind: str) -> dict[str, Any]:
    verb = "mutate" if kind.startswith("Mutating") else "validate"
    webhook = {
        "name": f"{verb}.website.web.example.com",
        "clientConfig": {"service": {"name": "x", "namespace": "y", "path": f"/{verb}-web-example-com-v1-website"}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "rules": [
            {
                "apiGroups": ["web.example.com"],
                "apiVersions": ["v1"],
                "operations": ["CREATE", "UPDATE"],
                "resources": ["websites"],
            }
        ],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": "website"},
        "webhooks": [webhook],
    }


few_replicas = policy("few", Deployment, Validation(expression="object.spec.replicas < 5", message="{{ too many }}"))


@pytest.fixture
def manifest() -> OperatorManifest:
    return OperatorManifest(
        name="website-operator",
        version="0.1.0",
        image="registry.example.com/website-operator:0.1.0",
        description="Runs websites.",
        provider="Example",
        url="https://example.com",
        crds=[website_crd()],
        rules=[
            {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["create", "get", "list", "patch", "watch"]}
        ],
        webhooks=[
            webhook_configuration("MutatingWebhookConfiguration"),
            webhook_configuration("ValidatingWebhookConfiguration"),
        ],
        policies=[to_dict(obj) for obj in few_replicas.objects()],
        samples=[
            {
                "apiVersion": "web.example.com/v1",
                "kind": "Website",
                "metadata": {"name": "blog"},
                "spec": {"image": "a"},
            }
        ],
        categories=["Application Runtime"],
        maintainers=[Maintainer(name="A", email="a@example.com")],
        icon=("image/svg+xml", b"<svg/>"),
    )
