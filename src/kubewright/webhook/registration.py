"""Tells the API server where an operator's webhooks are and which authority to trust.

In a cluster the configurations were installed with the operator, and `Injection` keeps the CA bundle in them current.
A process beside the cluster registers itself with `LocalRegistration`, and puts everything back when it ends.  Both
patch only what they mean to change.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from typing import Any, Protocol

from kubewright.client import Client, Untyped
from kubewright.objects import to_dict
from kubewright.objects.admissionregistration_v1 import MutatingWebhookConfiguration, ValidatingWebhookConfiguration
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import Conflict, NotFound
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.unstructured import Unstructured
from kubewright.webhook.declaration import URLEndpoint, WebhookDeclaration, configurations, conversion_through

logger = logging.getLogger("kubewright.webhook")

_CONFIGURATIONS = (MutatingWebhookConfiguration.gvk, ValidatingWebhookConfiguration.gvk)
_CRD = CustomResourceDefinition.gvk


class Registration(Protocol):
    """Makes the API server call the webhooks."""

    async def register(self, ca_bundle: bytes) -> None:
        """Make sure that the API server knows the webhooks and trusts ``ca_bundle`` (PEM); cheap when it does.

        :raises APIError: the API server refused that.
        """

    async def unregister(self) -> None:
        """Undo, at the end of the process, what ought not to outlive it."""


class Injection:
    """Writes the CA bundle into the installed configurations called ``name`` and into CRDs that convert by webhook.

    Objects that are not there are passed over: an operator without validating webhooks has no such configuration.

    :param crds: names of the CRDs, such as ``websites.web.example.com``.
    """

    def __init__(self, client: Client, name: str, crds: Sequence[str] = ()) -> None:
        self.client = client
        self.name = name
        self.crds = crds

    async def register(self, ca_bundle: bytes) -> None:
        if not ca_bundle:
            return  # whoever made the certificates injects their authority, too
        bundle = base64.b64encode(ca_bundle).decode()
        for kind in _CONFIGURATIONS:
            configuration = await _find(self.client, kind, self.name)
            configs = [hook["clientConfig"] for hook in configuration["webhooks"]] if configuration else []
            await self._inject(configuration, configs, "/webhooks/{}/clientConfig/caBundle", bundle)
        for name in self.crds:
            crd = await _find(self.client, _CRD, name)
            config = crd.get("spec", "conversion", "webhook", "clientConfig") if crd else None
            await self._inject(
                crd, [config] if config else [], "/spec/conversion/webhook/clientConfig/caBundle", bundle
            )

    async def unregister(self) -> None:
        """Nothing: other replicas go on serving."""

    async def _inject(
        self, obj: Unstructured | None, configs: Sequence[dict[str, Any]], path: str, bundle: str
    ) -> None:
        patch = [
            {"op": "add", "path": path.format(index), "value": bundle}
            for index, config in enumerate(configs)
            if config.get("caBundle") != bundle
        ]
        if obj is None or not patch:
            return
        # With the resource version in it, the patch fails when somebody has rearranged the webhooks meanwhile.
        version = {"op": "replace", "path": "/metadata/resourceVersion", "value": obj.metadata.resource_version}
        try:
            await self.client.patch(obj, json=[version, *patch])
        except Conflict:
            logger.info("%s %s changed while the CA bundle was written; trying again soon", obj.kind, obj.metadata.name)
            raise
        logger.info("wrote the CA bundle into %s %s", obj.kind, obj.metadata.name)


class LocalRegistration:
    """Registers webhooks at a URL for as long as this process lives.

    What stood in the configurations, and in the CRDs' ``conversion``, is written back at the end.

    :param endpoint: where the API server reaches this process.
    :param crds: names of the CRDs whose versions this process converts.
    """

    def __init__(
        self,
        client: Client,
        name: str,
        declarations: Sequence[WebhookDeclaration],
        endpoint: URLEndpoint,
        crds: Sequence[str] = (),
    ) -> None:
        self.client = client
        self.name = name
        self.declarations = declarations
        self.endpoint = endpoint
        self.crds = crds
        self._found: dict[GroupVersionKind, list[Any] | None] = {}
        """The webhooks that stood there; None where there was no configuration."""
        self._conversions: dict[str, dict[str, Any]] = {}

    async def register(self, ca_bundle: bytes) -> None:
        for wanted in configurations(self.name, self.declarations, self.endpoint, ca_bundle):
            existing = await _find(self.client, wanted.gvk, self.name)
            self._found.setdefault(wanted.gvk, existing["webhooks"] if existing else None)
            webhooks = to_dict(wanted)["webhooks"]
            if existing is None:
                await self.client.create(wanted)
            elif not _covers(existing["webhooks"], webhooks):
                await self.client.patch(existing, merge={"webhooks": webhooks})
        for name in self.crds:
            await self._convert_here(name, ca_bundle)

    async def unregister(self) -> None:
        for kind, webhooks in self._found.items():
            existing = await _find(self.client, kind, self.name)
            if existing is None:
                continue
            if webhooks is None:
                await self.client.delete(existing)
            else:
                await self.client.patch(existing, merge={"webhooks": webhooks})
        for name, conversion in self._conversions.items():
            if (crd := await _find(self.client, _CRD, name)) is not None:
                await self._set_conversion(crd, conversion)
        self._found.clear()
        self._conversions.clear()

    async def _convert_here(self, name: str, ca_bundle: bytes) -> None:
        wanted = to_dict(conversion_through(self.endpoint, ca_bundle))
        crd = await self.client.get(Untyped(_CRD), name)
        existing = crd.get("spec", "conversion", default={"strategy": "None"})
        self._conversions.setdefault(name, existing)
        if not _covers(existing, wanted):
            await self._set_conversion(crd, wanted)

    async def _set_conversion(self, crd: Unstructured, conversion: dict[str, Any]) -> None:
        """Replaced as a whole: a URL beside the Service that stood there would be refused."""
        await self.client.patch(crd, json=[{"op": "add", "path": "/spec/conversion", "value": conversion}])


async def _find(client: Client, kind: GroupVersionKind, name: str) -> Unstructured | None:
    try:
        return await client.get(Untyped(kind), name)
    except NotFound:
        return None


def _covers(existing: Any, wanted: Any) -> bool:
    """Whether all that is wanted is there; the server has added defaults for the rest."""
    if isinstance(wanted, dict):
        return isinstance(existing, dict) and all(_covers(existing.get(key), value) for key, value in wanted.items())
    if isinstance(wanted, list):
        return (
            isinstance(existing, list)
            and len(existing) == len(wanted)
            and all(_covers(*pair) for pair in zip(existing, wanted, strict=True))
        )
    return bool(existing == wanted)
