"""Hooks: objects that are made when a release comes to an event, waited for, and removed by their policies.

The rules are Helm's (``pkg/action/hooks.go``): hooks run by weight, one after the other, and the first that fails ends
the event; a Job has to complete and a Pod to succeed, while other kinds are done when they are there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Literal

from kubewright.client import Client, Untyped
from kubewright.helm.manifests import Hook, hooks_for, name_of
from kubewright.helm.objects import Ref, ReleaseObjects
from kubewright.helm.releases import HookRecord, Run
from kubewright.objects import Unstructured, format_time, now
from kubewright.objects.errors import APIError

TIMEOUT = 300.0
"""Seconds that one hook has, as with Helm."""

Outcome = Literal["", "Succeeded", "Failed"]


class HookFailed(Exception):
    """A hook did not succeed; the text names it and says how it ended."""


class Hooks:
    """Runs the hooks of one release.

    :param records: where it is noted how each ended.
    """

    def __init__(
        self, client: Client, objects: ReleaseObjects, records: Iterable[HookRecord], *, timeout: float = TIMEOUT
    ) -> None:
        self._client = client
        self._objects = objects
        self._records = {(record.path, record.kind, record.name): record for record in records}
        self._timeout = timeout

    async def run(self, hooks: Iterable[Hook], event: str) -> None:
        """Run those of an event.

        :raises HookFailed: one failed, or took too long; those after it were not run.
        :raises APIError: one was refused.
        """
        done: list[Hook] = []
        for hook in hooks_for(hooks, event):
            ref = await self._objects.ref(hook.obj)
            if "before-hook-creation" in hook.delete_policies:
                await self._remove(ref)
            started = format_time(now())
            try:
                await self._objects.apply(hook.obj)
                await self._until_done(hook, ref)
            except (HookFailed, APIError):
                self._note(hook, Run(started, format_time(now()), "Failed"))
                if "hook-failed" in hook.delete_policies:
                    await self._remove(ref)
                await self._remove_succeeded(done)
                raise
            self._note(hook, Run(started, format_time(now()), "Succeeded"))
            done.append(hook)
        await self._remove_succeeded(done)

    async def _remove_succeeded(self, hooks: Iterable[Hook]) -> None:
        """After the event, as later hooks may need what earlier ones have made."""
        for hook in hooks:
            if "hook-succeeded" in hook.delete_policies:
                await self._remove(await self._objects.ref(hook.obj))

    async def _until_done(self, hook: Hook, ref: Ref) -> None:
        if (ref.gvk.group, ref.gvk.kind) not in (("batch", "Job"), ("", "Pod")):
            return
        try:
            async with asyncio.timeout(self._timeout):
                state = await self._finished(ref)
        except TimeoutError:
            raise HookFailed(f"the hook {name_of(hook.obj)} has not ended within {self._timeout:g} s") from None
        if (outcome := ended(state)) != "Succeeded":
            raise HookFailed(f"the hook {name_of(hook.obj)} has {outcome.lower() or 'vanished'}: {_why(state)}")

    async def _finished(self, ref: Ref) -> Unstructured:
        only = {"metadata.name": ref.name}
        while True:  # the server ends every watch after some minutes
            async with self._client.watch(Untyped(ref.gvk), namespace=ref.namespace, field_selector=only) as events:
                async for event in events:
                    if event.type == "DELETED" or ended(event.object):
                        return event.object

    async def _remove(self, ref: Ref) -> None:
        """Delete a hook's object and wait until its name is free."""
        if not await self._objects.remove(ref):
            return
        try:
            async with asyncio.timeout(self._timeout):
                await self._until_gone(ref)
        except TimeoutError:
            raise HookFailed(f"{ref} of an earlier run has not gone within {self._timeout:g} s") from None

    async def _until_gone(self, ref: Ref) -> None:
        only = {"metadata.name": ref.name}
        while (live := await self._objects.live(ref)) is not None:
            async with self._client.watch(
                Untyped(ref.gvk), namespace=ref.namespace or None, field_selector=only,
                resource_version=live.metadata.resource_version,
            ) as events:  # fmt: skip
                async for event in events:
                    if event.type == "DELETED":
                        break

    def _note(self, hook: Hook, run: Run) -> None:
        if (record := self._records.get((hook.path, hook.obj["kind"], hook.obj["metadata"]["name"]))) is not None:
            record.last_run = run


def ended(obj: Unstructured) -> Outcome:
    """How a Job or Pod has ended; empty while it runs."""
    if obj.kind == "Pod":
        phase = obj.get("status", "phase", default="")
        return phase if phase in ("Succeeded", "Failed") else ""
    for condition in obj.get("status", "conditions", default=()):
        if condition.get("status") == "True":
            if condition.get("type") == "Complete":
                return "Succeeded"
            if condition.get("type") == "Failed":
                return "Failed"
    return ""


def _why(obj: Unstructured) -> str:
    conditions: list[dict[str, Any]] = obj.get("status", "conditions", default=[])
    told = [one.get("message") or one.get("reason") or "" for one in conditions if one.get("type") == "Failed"]
    return next(filter(None, told), "") or str(obj.get("status", "message", default="see its Pods' logs"))
