"""The reconciler of a kind that a chart makes: a resource's spec becomes a release on the cluster, and goes with it.

What a release is rendered from (the chart, the values, what the cluster can do) is compared with what the deployed one
was rendered from; only where they differ the chart is rendered again, so that random functions in templates never make
a release restless.  Otherwise the stored manifest is what has to be there, and whatever drifted is put right.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from kubewright.client import NoMatch
from kubewright.controller import Context, Requeue, find_condition, remove_condition
from kubewright.controller.finalizers import Finalizers
from kubewright.controller.readiness import readiness
from kubewright.helm.annotations import PREFIX, Wishes
from kubewright.helm.dependents import Dependents
from kubewright.helm.engine import Chart, ChartError, Values
from kubewright.helm.hooks import TIMEOUT, HookFailed
from kubewright.helm.lookups import Lookups
from kubewright.helm.manifests import ManifestError, Raw, Rendered, gvk_of, name_of, objects_of
from kubewright.helm.objects import ForeignObject, Ref, ReleaseObjects, Sent
from kubewright.helm.plans import changed_fields, planned
from kubewright.helm.releases import DEPLOYED, FAILED, PENDING, Release
from kubewright.helm.rollout import ReleaseFailed, Rollout
from kubewright.helm.status import DeployedRelease, HelmStatus
from kubewright.helm.storage import Releases, Revision, is_others, pause_after_failures
from kubewright.helm.values import merged
from kubewright.objects import Object, ObjectKey, key, now, to_dict
from kubewright.objects.errors import APIError, Conflict

ValueMapper: TypeAlias = Callable[[Values], Values]
"""Changes the values that a chart is rendered with, after the overrides."""

Translator: TypeAlias = Callable[[Any], Values]
"""Makes values of a custom resource; by default they are its spec."""

Extension: TypeAlias = Callable[[Any, Context, Values], Awaitable[None]]
"""Called with the custom resource and the values, before or after its release is brought up to date."""

_NAME_LENGTH = 53
"""Helm's limit, which leaves room for what charts append in the names of their objects."""

LEGACY_FINALIZERS = ("helm.sdk.operatorframework.io/uninstall-release", "uninstall-helm-release")
"""What operators of operator-sdk have put on resources that are ours now."""

_PROBLEMS = (APIError, ChartError, ForeignObject, HookFailed, ManifestError, NoMatch)
"""What keeps a release from being deployed and its user can do something about."""


class HelmReconciler:
    """Reconciles custom resources of one kind, each of which is a release of one chart.

    :param override_values: win over the values of the resource.
    :param translate: makes values of the resource.
    :param map_values: changes them at last.
    :param before: called before a release is brought up to date; an exception keeps it as it is.
    :param after: called when it has been.
    :param reconcile_period: seconds after which a release is looked at in any case.
    :param max_history: how many revisions are kept; 0 keeps all.
    :param watch_dependents: reconcile when something changes what a release consists of.
    :param pause_annotation: a resource with this annotation at ``"true"`` is left alone.
    :param hook_timeout: seconds that a hook has.
    """

    def __init__(
        self,
        chart: Chart,
        field_manager: str,
        dependents: Dependents,
        *,
        override_values: Values | None = None,
        translate: Translator | None = None,
        map_values: ValueMapper | None = None,
        before: Sequence[Extension] = (),
        after: Sequence[Extension] = (),
        reconcile_period: float = 60.0,
        max_history: int = 10,
        watch_dependents: bool = True,
        pause_annotation: str = f"{PREFIX}paused",
        hook_timeout: float = TIMEOUT,
    ) -> None:
        self.chart = chart
        self._field_manager = field_manager
        self._dependents = dependents
        self._override_values = override_values or {}
        self._translate = translate or _spec
        self._map_values = map_values
        self._before = before
        self._after = after
        self._period = reconcile_period
        self._max_history = max_history
        self._watch_dependents = watch_dependents
        self._pause_annotation = pause_annotation
        self._hook_timeout = hook_timeout
        self._lookups = Lookups(chart)
        self._memory: dict[ObjectKey, dict[Ref, Sent]] = {}

    async def reconcile(self, obj: Object, ctx: Context) -> Requeue | None:
        """Bring the release to what the resource asks for."""
        status, wishes = _status(obj), Wishes(obj.metadata.annotations)
        if wishes.is_paused(self._pause_annotation):
            ctx.condition("Paused", True, reason="PauseReconcileAnnotationTrue")
            return None
        remove_condition(status.conditions, "Paused")
        status.observed_generation = obj.metadata.generation
        if ctx.condition("Initialized", True, reason="Initialized") and not status.deployed_release:
            ctx.event("Initialized", f"releases of chart {self.chart.name} are made of it")
        try:
            values = self.values(obj)
            for extension in self._before:
                await extension(obj, ctx, values)
            if wishes.dry_run:
                await self._plan(obj, ctx, values)
                return self._again(wishes)
            status.plan = []
            pause = await self._deploy(obj, ctx, wishes, values)
            if pause:
                return Requeue(after=pause)
            for extension in self._after:
                await extension(obj, ctx, values)
        except Conflict:
            raise  # somebody else was faster: the next try sees what they wrote
        except ReleaseFailed as error:
            ctx.condition("ReleaseFailed", True, reason=error.reason, message=str(error))
            return self._irreconcilable(ctx, "ReconcileError", error)
        except _PROBLEMS as error:
            return self._irreconcilable(ctx, "ReconcileError", error)
        return self._again(wishes)

    async def uninstall(self, obj: Object, ctx: Context) -> Requeue | None:
        """Remove the release: the finalizer's work."""
        wishes = Wishes(obj.metadata.annotations)
        if wishes.is_paused(self._pause_annotation):
            ctx.condition("Paused", True, reason="PauseReconcileAnnotationTrue")
            return Requeue(after=self._period or 60.0)
        releases = self._releases(obj, ctx)
        revisions = [one for one in await releases.revisions() if not is_others(one, obj)]
        if revisions:
            release = await releases.read(revisions[-1])
            others = [await releases.read(one) for one in revisions[:-1] if one.status in (DEPLOYED, FAILED)]
            rollout = self._rollout(obj, ctx, wishes)
            try:
                await rollout.uninstall(release, others)
            except (*_PROBLEMS, ReleaseFailed) as error:
                ctx.condition("ReleaseFailed", True, reason="UninstallError", message=str(error))
                return self._irreconcilable(ctx, "UninstallError", error)
            if wishes.uninstall_wait and (left := await rollout.remaining(release)):
                ctx.condition("Deployed", False, reason="UninstallWaiting", message=f"waiting for {left}")
                return Requeue(after=1.0)
            await releases.delete(revisions)
            ctx.event("UninstallSuccessful", f"release {obj.metadata.name} was uninstalled", action="Uninstall")
        self._memory.pop(key(obj), None)
        return None

    def values(self, obj: Object) -> Values:
        """What the chart is rendered with: the overrides over what the resource says."""
        values = merged(self._translate(obj), self._override_values)
        return self._map_values(values) if self._map_values is not None else values

    def _again(self, wishes: Wishes) -> Requeue | None:
        """When to look in any case; a period of 0 means: when something happens."""
        period = wishes.reconcile_period(self._period)
        return Requeue(after=period) if period > 0 else None

    async def _deploy(self, obj: Object, ctx: Context, wishes: Wishes, values: Values) -> float:
        """Install, upgrade or maintain; returns the seconds to wait where that has failed a moment ago, else 0."""
        await self._drop_legacy_finalizers(obj, ctx)
        releases = self._releases(obj, ctx)
        revisions = await self._revisions(obj, releases)
        deployed = next((one for one in reversed(revisions) if one.status == DEPLOYED), None)
        old = await releases.read(deployed) if deployed is not None else None
        rollout = self._rollout(obj, ctx, wishes)
        inputs = await self._inputs(obj, ctx, values)
        longest, at = wishes.reconcile_period(self._period) or 60.0, now().timestamp()
        if pause := pause_after_failures(revisions, inputs, longest=longest, at=at):
            if old is not None:
                await rollout.maintain(objects_of(old.manifest))
            return pause
        if deployed is None or old is None:
            rendered = await self._render(obj, ctx, values, 1 + (revisions[-1].version if revisions else 0))
            await self._tell_progress(ctx, "installing")
            release = await rollout.install(rendered, values, inputs, revisions)
            manifest = rendered.objects
        elif deployed.inputs == inputs:
            release, manifest = old, objects_of(old.manifest)
            await rollout.maintain(manifest)
        else:
            if old.chart_name != self.chart.name:
                raise ForeignObject(f"release {old.name} is one of chart {old.chart_name}, not {self.chart.name}")
            version = revisions[-1].version + 1
            rendered = await self._render(obj, ctx, values, version, upgrade=True)
            await self._tell_progress(ctx, "upgrading")
            release = await rollout.upgrade(old, rendered, values, inputs, version)
            manifest = rendered.objects
        self._tell_deployed(obj, ctx, release)
        await self._watch(ctx, manifest)
        await self._tell_ready(obj, ctx, rollout.objects, manifest)
        return 0.0

    async def _plan(self, obj: Object, ctx: Context, values: Values) -> None:
        """Say in the status what would be done, and do nothing."""
        releases = self._releases(obj, ctx)
        revisions = await releases.revisions()
        deployed = next((one for one in reversed(revisions) if one.status == DEPLOYED), None)
        release = await releases.read(deployed) if deployed is not None else None
        if release is not None and deployed is not None and deployed.inputs == await self._inputs(obj, ctx, values):
            wanted = objects_of(release.manifest)
        else:
            wanted = (await self._render(obj, ctx, values, 1, upgrade=release is not None)).objects
        before = objects_of(release.manifest) if release is not None else []
        _status(obj).plan = await planned(self._objects(obj, ctx), before, wanted)

    async def _revisions(self, obj: Object, releases: Releases) -> list[Revision]:
        """What is stored of the resource's release, none of it pending.

        A pending revision is one that a process did not live to finish: no other works on this resource.

        :raises ForeignObject: the release's name can't be Helm's, or belongs to another resource.
        """
        name = obj.metadata.name
        if len(name) > _NAME_LENGTH:
            raise ForeignObject(f"name {name} is too long: Helm's releases have at most {_NAME_LENGTH} characters")
        revisions = await releases.revisions()
        if revisions and is_others(revisions[-1], obj):
            owner = revisions[-1].owners[0]
            raise ForeignObject(
                f"release {name} belongs to {owner.kind} {owner.name}: two resources in a namespace can't share a name"
            )
        pending = [revision for revision in revisions if revision.status in PENDING]
        for revision in pending:
            await releases.set_status(revision, FAILED, "interrupted")
        return await releases.revisions() if pending else revisions

    async def _inputs(self, obj: Object, ctx: Context, values: Values) -> str:
        told = {
            "chart": self.chart.digest,
            "values": values,
            "capabilities": await self._lookups.capabilities(ctx.client),
        }
        return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()

    async def _render(
        self, obj: Object, ctx: Context, values: Values, revision: int, *, upgrade: bool = False
    ) -> Rendered:
        capabilities = await self._lookups.capabilities(ctx.client)
        async with self._lookups.serving(ctx.client) as lookup:
            return await asyncio.to_thread(
                self.chart.render,
                values,
                name=obj.metadata.name,
                namespace=obj.metadata.namespace or ctx.client.namespace,
                revision=revision,
                upgrade=upgrade,
                capabilities=capabilities,
                lookup=lookup,
            )

    async def _watch(self, ctx: Context, objects: Sequence[Raw]) -> None:
        if self._watch_dependents:
            for gvk in {gvk_of(one) for one in objects}:
                await self._dependents.follow(ctx.cache, gvk)

    async def _tell_progress(self, ctx: Context, doing: str) -> None:
        """Said at once: hooks may take minutes, and whoever waits must not take the silence for an end."""
        ctx.condition("Ready", False, reason="Progressing", message=f"{doing} the release")
        await ctx.write_status()

    async def _tell_ready(self, obj: Object, ctx: Context, objects: ReleaseObjects, manifest: Sequence[Raw]) -> None:
        waiting = []
        for one in manifest:
            ref = await objects.ref(one)
            live = await objects.cached(ref) or await objects.live(ref)
            state = readiness(live) if live is not None else None
            if state is None or not state.ready:
                waiting.append(f"{name_of(one)}: {state.why if state else 'is not there'}")
        before = find_condition(_status(obj).conditions, "Ready")
        status_before = before.status if before is not None else ""
        reason, note = "Ready", f"all {len(manifest)} objects are ready"
        if waiting:
            reason, note = "Progressing", "; ".join(waiting[:5])
        ctx.condition("Ready", not waiting, reason=reason, message=note)
        if status_before != str(not waiting):
            ctx.event(reason, note)

    def _tell_deployed(self, obj: Object, ctx: Context, release: Release) -> None:
        """Set the conditions; a revision that the status has not told of yet is worth an event."""
        before = _status(obj).deployed_release
        chart = f"{release.chart_name}-{release.chart_version}"
        _status(obj).deployed_release = DeployedRelease(name=release.name, revision=release.version, chart=chart)
        action = "Install" if release.version == 1 else "Upgrade"
        note = f"release {release.name} is at revision {release.version}, chart {chart}"
        ctx.condition("Deployed", True, reason=f"{action}Successful", message=note)
        ctx.condition("ReleaseFailed", False, reason=f"{action}Successful")
        if (problem := find_condition(_status(obj).conditions, "Irreconcilable")) is not None:
            if problem.status == "True":
                ctx.event("Reconciled", note, action=action)
            ctx.condition("Irreconcilable", False, reason="Reconciled")
        if before is None or before.revision != release.version:
            ctx.event(f"{action}Successful", note, action=action)
            if self._override_values:
                paths = ", ".join(changed_fields({}, self._override_values))
                ctx.event("OverrideValuesInUse", f"the operator sets {paths}", type="Warning", action=action)

    def _irreconcilable(self, ctx: Context, reason: str, error: Exception) -> Requeue:
        """Tell people, and try again later and later: a traceback would say nothing about their chart or cluster."""
        message = str(error)
        ctx.condition("Irreconcilable", True, reason=reason, message=message)
        ctx.condition("Ready", False, reason=reason, message=message)
        ctx.event(reason, message, type="Warning")
        ctx.log.warning("%s: %s", reason, message)
        return Requeue()

    async def _drop_legacy_finalizers(self, obj: Object, ctx: Context) -> None:
        """Ours is on the resource already; those of the operator before would never be taken off."""
        metadata = obj.metadata
        kept = [one for one in metadata.finalizers if one not in LEGACY_FINALIZERS]
        if kept != metadata.finalizers:
            finalizers = Finalizers(ctx.client, type(obj), field_manager=self._field_manager)
            answer = await finalizers.set(obj, kept)
            metadata.resource_version, metadata.finalizers = answer.metadata.resource_version, kept

    def _rollout(self, obj: Object, ctx: Context, wishes: Wishes) -> Rollout:
        return Rollout(
            ctx.client, self._objects(obj, ctx), self._releases(obj, ctx), self.chart, obj, wishes,
            hook_timeout=self._hook_timeout, max_history=self._max_history,
        )  # fmt: skip

    def _objects(self, obj: Object, ctx: Context) -> ReleaseObjects:
        memory = self._memory.setdefault(key(obj), {})
        return ReleaseObjects(ctx.client, ctx.cache, obj, obj.metadata.name, memory=memory)

    def _releases(self, obj: Object, ctx: Context) -> Releases:
        return Releases(ctx.client, obj, field_manager=self._field_manager)


def _spec(obj: Object) -> Values:
    spec: Mapping[str, Any] | None = to_dict(obj).get("spec")
    return dict(spec or {})


def _status(obj: Object) -> HelmStatus:
    status: HelmStatus = obj.status  # type: ignore[attr-defined]
    return status
