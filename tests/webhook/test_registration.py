from typing import Any

from tests.webhook.reviews import Widget

from kubewright.client import Client, Untyped
from kubewright.objects import Unstructured
from kubewright.objects.admissionregistration_v1 import MutatingWebhookConfiguration, ValidatingWebhookConfiguration
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.webhook.declaration import (
    ServiceEndpoint,
    URLEndpoint,
    WebhookDeclaration,
    configurations,
    defaulter,
    validator,
)
from kubewright.webhook.registration import Injection, LocalRegistration

CRD = "widgets.example.com"
CA = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
HERE = URLEndpoint("127.0.0.1", 9443)


def declared() -> list[WebhookDeclaration]:
    return [defaulter(Widget, lambda obj: None), validator(Widget, lambda new: None)]


async def installed(client: Client) -> None:
    for configuration in configurations("widgets", declared(), ServiceEndpoint("system", "hook")):
        await client.create(configuration)


async def configuration(client: Client) -> ValidatingWebhookConfiguration:
    return await client.get(ValidatingWebhookConfiguration, "widgets")


async def with_crd(client: Client, conversion: dict[str, Any] | None = None) -> None:
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
    }
    spec = {
        "group": "example.com",
        "names": {"plural": "widgets", "kind": "Widget"},
        "scope": "Namespaced",
        "versions": [version],
        **({"conversion": conversion} if conversion else {}),
    }
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": CRD}}
    await client.create(Unstructured({**crd, "spec": spec}))


async def conversion(client: Client) -> Any:
    return (await client.get(Untyped(CustomResourceDefinition.gvk), CRD)).get("spec", "conversion")


async def test_the_authority_is_injected_into_every_webhook_that_is_installed(client: Client) -> None:
    await installed(client)
    await Injection(client, "widgets").register(CA)
    mutating = await client.get(MutatingWebhookConfiguration, "widgets")
    for hook in (mutating.webhooks[0], (await configuration(client)).webhooks[0]):
        assert (hook.client_config.ca_bundle, hook.client_config.service is not None) == (CA, True)


async def test_injecting_again_writes_nothing(client: Client) -> None:
    await installed(client)
    injection = Injection(client, "widgets")
    await injection.register(CA)
    before = (await configuration(client)).metadata.resource_version
    await injection.register(CA)
    assert (await configuration(client)).metadata.resource_version == before


async def test_what_is_not_installed_is_passed_over(client: Client) -> None:
    await Injection(client, "widgets", crds=[CRD]).register(CA)


async def test_the_authority_is_injected_into_a_conversion_webhook(client: Client) -> None:
    service = {"namespace": "system", "name": "hook", "path": "/convert", "port": 443}
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": {"service": service}}
    await with_crd(client, {"strategy": "Webhook", "webhook": webhook})
    await Injection(client, "widgets", crds=[CRD]).register(CA)
    config = (await conversion(client))["webhook"]["clientConfig"]
    assert config["caBundle"] and config["service"] == service


async def test_a_local_process_registers_itself_and_cleans_up(client: Client) -> None:
    registration = LocalRegistration(client, "widgets", declared(), HERE)
    await registration.register(CA)
    config = (await configuration(client)).webhooks[0].client_config
    assert config.url == "https://127.0.0.1:9443/validate-example-com-v1-widget"
    await registration.unregister()
    assert await client.list(ValidatingWebhookConfiguration) == []
    assert await client.list(MutatingWebhookConfiguration) == []


async def test_a_local_process_puts_back_what_it_found(client: Client) -> None:
    await installed(client)
    before = (await configuration(client)).webhooks
    registration = LocalRegistration(client, "widgets", declared(), HERE)
    await registration.register(CA)
    await registration.register(CA + CA)
    assert (await configuration(client)).webhooks[0].client_config.ca_bundle == CA + CA
    await registration.unregister()
    assert (await configuration(client)).webhooks == before


async def test_a_local_process_converts_while_it_lives(client: Client) -> None:
    await with_crd(client)
    registration = LocalRegistration(client, "widgets", [], HERE, crds=[CRD])
    await registration.register(CA)
    assert (await conversion(client))["webhook"]["clientConfig"]["url"] == "https://127.0.0.1:9443/convert"
    await registration.unregister()
    assert await conversion(client) == {"strategy": "None"}
