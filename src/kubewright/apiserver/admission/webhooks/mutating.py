"""The MutatingAdmissionWebhook stage: matching webhooks are asked one after another, each sees what the former changed.

The object of the request goes through every webhook's JSON patch and is defaulted after each.  A webhook whose
``reinvocationPolicy`` is IfNeeded is asked again when the object changed after it was asked: see `admission/chain.py`.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field

from kubewright.apiserver.admission.attributes import Attributes, Versions
from kubewright.apiserver.admission.refusal import internal_error
from kubewright.apiserver.admission.rules import Target, is_exempt
from kubewright.apiserver.admission.webhooks.call import HookFailed, call, tolerate
from kubewright.apiserver.admission.webhooks.hooks import Hook, Hooks
from kubewright.apiserver.admission.webhooks.review import Verdict
from kubewright.apiserver.auth.authorizer import Authorizer
from kubewright.apiserver.patch import PatchFailed, carry_out
from kubewright.apiserver.registry.strategy import Object
from kubewright.apiserver.webhook_client import WebhookClient
from kubewright.objects.errors import APIError
from kubewright.objects.names import GroupVersionKind

_PLUGIN = "MutatingAdmissionWebhook"


@dataclass(slots=True)
class _Memory:
    """What the first pass leaves for the second."""

    asked: set[str] = field(default_factory=set)
    """Reinvocable webhooks asked since the object last changed."""

    again: set[str] = field(default_factory=set)
    """Webhooks to ask a second time."""

    result: Object | None = None
    """The object as the webhooks left it."""

    def changed(self) -> None:
        self.again |= self.asked
        self.asked.clear()


class MutatingWebhooks:
    """Implements `Mutating` for one logical cluster."""

    def __init__(self, client: WebhookClient, versions: Versions, authorizer: Authorizer) -> None:
        self.client = client
        self.versions = versions
        self.authorizer = authorizer
        self.hooks = Hooks("mutatingwebhookconfigurations")

    async def admit(self, attributes: Attributes) -> None:
        """Let every webhook that matches change the object.

        :raises APIError: one denied the request, gave a patch that cannot be applied, or failed while its failure
            policy is Fail.
        """
        if is_exempt(attributes):
            return
        reinvocation = attributes.reinvocation
        memory = reinvocation.memory.setdefault(_PLUGIN, _Memory())
        if reinvocation.again and memory.result != attributes.obj:
            memory.changed()
        called = False
        for hook in self.hooks.read(attributes.reader):
            target = hook.constraints.match(attributes, self.versions)
            # A second pass asks no webhook for the first time, whatever the labels have become meanwhile.
            if target is None or (reinvocation.again and hook.key not in memory.again):
                continue
            changed = await self._ask(hook, target, attributes)
            if changed is None:
                continue
            called = True
            if changed:
                memory.changed()
                reinvocation.needed = True
            if hook.reinvocable:
                memory.asked.add(hook.key)
        if called:
            memory.result = deepcopy(attributes.obj)

    async def _ask(self, hook: Hook, target: Target, attributes: Attributes) -> bool | None:
        """Ask one webhook and apply its patch; tells whether the object changed, or None if it was not asked."""
        obj = await self._in_version(attributes.obj, attributes.kind, target.kind)
        old = await self._in_version(attributes.old, attributes.kind, target.kind)
        if not hook.wants(target, attributes, obj=obj, old=old, authorizer=self.authorizer):
            return None
        try:
            verdict = await call(self.client, hook, target, attributes, obj=obj, old=old, mutating=True)
            patched = _patched(hook, verdict, obj)
        except HookFailed as failure:
            tolerate(hook, failure)
            return False
        if patched is None:
            return False
        self.versions.default(patched)
        if patched == obj:
            return False
        attributes.obj = await self._in_version(patched, target.kind, attributes.kind)
        return True

    async def _in_version(
        self, obj: Object | None, current: GroupVersionKind, wanted: GroupVersionKind
    ) -> Object | None:
        return obj if obj is None or current == wanted else await self.versions.convert(obj, wanted)


def _patched(hook: Hook, verdict: Verdict, obj: Object | None) -> Object | None:
    """The object with the webhook's patch, as a new one; None where there is no patch."""
    try:
        operations = verdict.operations()
    except ValueError as error:
        raise internal_error(str(error)) from error
    if not operations:
        return None
    if obj is None:
        raise internal_error(
            f'admission webhook "{hook.name}" attempted to modify the object, which is not supported for this operation'
        )
    if verdict.patch_type != "JSONPatch":
        raise HookFailed(hook, f'unsupported patch type "{verdict.patch_type}"')
    try:
        patched: Object = carry_out(deepcopy(obj), operations)
    except PatchFailed as error:
        raise internal_error(str(error)) from error
    except APIError as error:
        raise internal_error(error.message) from error
    return patched
