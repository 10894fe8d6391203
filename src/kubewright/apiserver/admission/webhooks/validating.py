"""The ValidatingAdmissionWebhook stage: all matching webhooks are asked at once, and each may refuse."""

from __future__ import annotations

import asyncio

from kubewright.apiserver.admission.attributes import Attributes, Versions
from kubewright.apiserver.admission.rules import Target, is_exempt
from kubewright.apiserver.admission.webhooks.call import HookFailed, call, tolerate
from kubewright.apiserver.admission.webhooks.hooks import Hook, Hooks
from kubewright.apiserver.auth.authorizer import Authorizer
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.webhook_client import WebhookClient
from kubewright.objects.errors import APIError
from kubewright.objects.names import GroupVersionKind


class ValidatingWebhooks:
    """Implements `Validating` for one logical cluster."""

    def __init__(self, client: WebhookClient, versions: Versions, authorizer: Authorizer) -> None:
        self.client = client
        self.versions = versions
        self.authorizer = authorizer
        self.hooks = Hooks("validatingwebhookconfigurations")

    async def validate(self, attributes: Attributes) -> None:
        """Ask every webhook that matches.

        :raises APIError: one denied the request, or failed while its failure policy is Fail; with several of them, the
            first to come.
        """
        if is_exempt(attributes):
            return
        calls = [
            (hook, target)
            for hook in self.hooks.read(attributes.reader)
            if (target := hook.constraints.match(attributes, self.versions))
        ]
        if not calls:
            return
        objects = {target.kind: await self._objects(attributes, target.kind) for _, target in calls}
        refusals: list[APIError] = []

        async def ask(hook: Hook, target: Target) -> None:
            obj, old = objects[target.kind]
            if not hook.wants(target, attributes, obj=obj, old=old, authorizer=self.authorizer):
                return
            try:
                await call(self.client, hook, target, attributes, obj=obj, old=old, mutating=False)
            except HookFailed as failure:
                tolerate(hook, failure)

        async def collect(hook: Hook, target: Target) -> None:
            try:
                await ask(hook, target)
            except APIError as refusal:
                refusals.append(refusal)

        await asyncio.gather(*(collect(hook, target) for hook, target in calls))
        if refusals:
            raise refusals[0]

    async def _objects(self, attributes: Attributes, kind: GroupVersionKind) -> tuple[Object | None, Object | None]:
        """New and old object in the version that a webhook wants to see."""
        if kind == attributes.kind:
            return attributes.obj, attributes.old
        obj, old = attributes.obj, attributes.old
        return (
            obj and await self.versions.convert(obj, kind),
            old and await self.versions.convert(old, kind),
        )
