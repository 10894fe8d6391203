"""The webhooks of an operator: how they are served and registered, and whether conversion leads everywhere.

The declared functions and the endpoint where the API server reaches them go in; out comes what a manager runs.
"""

from __future__ import annotations

from kubewright.client import Client
from kubewright.manager import BindAddress
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.operator.decorators import Decorators
from kubewright.schema import SchemaError
from kubewright.webhook import (
    CertificateStore,
    Conversions,
    Injection,
    LocalRegistration,
    Registration,
    ServiceEndpoint,
    URLEndpoint,
    Webhooks,
    WebhookServer,
    app_of,
)


def webhooks_of(
    op: Decorators,
    client: Client,
    endpoint: ServiceEndpoint | URLEndpoint,
    certificates: CertificateStore,
    port: int,
) -> Webhooks:
    """The server of all webhooks of an operator, with its certificates and registration.

    :param port: where to listen for a Service; a URL names its own.
    """
    app = app_of(op.webhooks, op.conversions)
    registration: Registration
    if isinstance(endpoint, URLEndpoint):
        # A name that is not this machine's own leads here by way of others: listen to all of them.
        host = endpoint.host if BindAddress(*endpoint).is_loopback else "0.0.0.0"
        server = WebhookServer(app, host=host, port=endpoint.port)
        registration = LocalRegistration(client, op.name, op.webhooks, endpoint, op.converted_crds)
    else:
        server = WebhookServer(app, port=port)
        registration = Injection(client, op.name, op.converted_crds)
    return Webhooks(server, certificates, endpoint.hosts, registration)


def check_routes(crd: CustomResourceDefinition, conversions: Conversions) -> None:
    """A write in a version that can't become the stored one would be refused by the webhook, much later.

    :raises SchemaError: no functions lead from a version to another one.
    """
    versions = [f"{crd.spec.group}/{version.name}" for version in crd.spec.versions]
    for source, target in conversions.missing(versions):
        fix = "declare one with @op.convert(...), to and from a hub version at least"
        raise SchemaError(crd.spec.names.kind, f"no functions convert {source} to {target}", fix)
