"""What is done to a release: install, upgrade, roll back, maintain, uninstall.

Each records the revision before it touches the cluster and its outcome after, as Helm does, so that whoever comes
after a crash, or ``helm history``, sees what was begun.  A failed installation is removed again, a failed upgrade
rolled back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from kubewright.client import Client, NoMatch
from kubewright.helm.annotations import Wishes
from kubewright.helm.engine import Chart, Values
from kubewright.helm.hooks import HookFailed, Hooks
from kubewright.helm.manifests import Raw, Rendered, is_kept, objects_of
from kubewright.helm.objects import ForeignObject, ReleaseObjects
from kubewright.helm.releases import (
    DEPLOYED,
    FAILED,
    SUPERSEDED,
    UNINSTALLING,
    Release,
    hook_record,
    hooks_of,
    new_release,
)
from kubewright.helm.storage import Releases, Revision
from kubewright.manager import install
from kubewright.objects import Object, from_dict
from kubewright.objects.apiextensions_v1 import CustomResourceDefinition
from kubewright.objects.errors import APIError, NotFound

FailureReason = Literal["InstallError", "UpgradeError", "RollbackError", "UninstallError"]

_FAILURES = (APIError, ForeignObject, HookFailed, NoMatch)


class ReleaseFailed(Exception):
    """A release could not be brought where it should be; the text says why, and what was done about it."""

    def __init__(self, reason: FailureReason, text: str) -> None:
        super().__init__(text)
        self.reason = reason


class Rollout:
    """Acts on one release.

    :param owner: the custom resource.
    :param hook_timeout: seconds that one hook has.
    :param max_history: how many revisions are kept; 0 keeps all.
    """

    def __init__(
        self,
        client: Client,
        objects: ReleaseObjects,
        releases: Releases,
        chart: Chart,
        owner: Object,
        wishes: Wishes,
        *,
        hook_timeout: float,
        max_history: int,
    ) -> None:
        self.objects = objects
        self._client = client
        self._releases = releases
        self._chart = chart
        self._owner = owner
        self._wishes = wishes
        self._hook_timeout = hook_timeout
        self._max_history = max_history

    async def install(self, new: Rendered, values: Values, inputs: str, failed: Sequence[Revision]) -> Release:
        """Make everything; what fails is removed again.

        :param failed: revisions of earlier tries.
        :raises ReleaseFailed: it failed.
        """
        version = failed[-1].version + 1 if failed else 1
        release = self._record(version, "pending-install", new, values, self._wishes.description("install", "Install"))
        await self._releases.write(release, inputs=inputs)
        try:
            await self._install_definitions()
            await self.objects.refuse_foreign(new.objects)
            await self._apply(release, new, "install", force=False)
        except _FAILURES as error:
            await self._conclude(release, FAILED, f"install failed: {error}", inputs)
            if not isinstance(error, ForeignObject):
                await self.objects.prune(new.objects, [])
            raise ReleaseFailed("InstallError", f"{error}; what had been made was removed") from error
        await self._conclude(release, DEPLOYED, self._wishes.description("install", "Install complete"), inputs)
        return release

    async def upgrade(self, old: Release, new: Rendered, values: Values, inputs: str, version: int) -> Release:
        """Make a deployed release the new one; what fails is rolled back.

        Where nothing changes but what it was rendered from, the revision stays.

        :raises ReleaseFailed: it failed.
        """
        before = objects_of(old.manifest)
        if before == new.objects and hooks_of(old) == new.hooks:
            await self._releases.write(old, inputs=inputs)
            await self.maintain(before)
            return old
        description = self._wishes.description("upgrade", "Upgrade complete")
        release = self._record(version, "pending-upgrade", new, values, description, old.info.first_deployed)
        await self._releases.write(release, inputs=inputs)
        try:
            known = {await self.objects.ref(obj) for obj in before}
            await self.objects.refuse_foreign([obj for obj in new.objects if await self.objects.ref(obj) not in known])
            await self._apply(release, new, "upgrade", force=self._wishes.upgrade_force, before=before)
        except _FAILURES as error:
            await self._conclude(release, FAILED, f"upgrade failed: {error}", inputs)
            await self._roll_back(old, new, version + 1, error)
            raise ReleaseFailed("UpgradeError", f"{error}; rolled back to revision {old.version}") from error
        await self._supersede(old)
        await self._conclude(release, DEPLOYED, description, inputs)
        return release

    async def maintain(self, objects: Sequence[Raw]) -> None:
        """Put right what is no longer as the release says."""
        for obj in objects:
            await self.objects.apply(obj, force=self._wishes.upgrade_force)

    async def uninstall(self, release: Release, others: Sequence[Release] = ()) -> None:
        """Remove everything, hooks included; may be repeated until all is gone.

        :param others: revisions that objects may be left of: after a failed upgrade and rollback.
        :raises HookFailed: a hook failed.
        """
        hooks = hooks_of(release)
        first = release.info.status != UNINSTALLING
        runs = Hooks(self._client, self.objects, release.hooks, timeout=self._hook_timeout)
        with_hooks = first and not self._wishes.disables_hooks("uninstall")
        if with_hooks:
            await runs.run(hooks, "pre-delete")
        for one in (release, *others):
            await self.objects.prune(objects_of(one.manifest), [])
        if first:
            release.info.status = UNINSTALLING
            release.info.description = self._wishes.description("uninstall", "Uninstalling")
            await self._releases.write(release)
        if with_hooks:
            await runs.run(hooks, "post-delete")

    async def remaining(self, release: Release) -> str:
        """The first object of a release that still exists; empty when there is none."""
        for obj in objects_of(release.manifest):
            if not is_kept(obj) and await self.objects.live(ref := await self.objects.ref(obj)) is not None:
                return str(ref)
        return ""

    async def _apply(
        self,
        release: Release,
        new: Rendered,
        action: Literal["install", "upgrade", "rollback"],
        *,
        force: bool,
        before: Sequence[Raw] = (),
    ) -> None:
        hooks = Hooks(self._client, self.objects, release.hooks, timeout=self._hook_timeout)
        with_hooks = not self._wishes.disables_hooks(action)
        if with_hooks:
            await hooks.run(new.hooks, f"pre-{action}")
        for obj in new.objects:
            await self.objects.apply(obj, force=force)
        await self.objects.prune(before, new.objects)
        if with_hooks:
            await hooks.run(new.hooks, f"post-{action}")

    async def _roll_back(self, old: Release, failed: Rendered, version: int, cause: Exception) -> None:
        """A revision that is the old one again; the old one's inputs differ, so the upgrade will be tried again."""
        objects = objects_of(old.manifest)
        back = Rendered(old.manifest, objects, hooks_of(old), old.info.notes)
        release = self._record(version, "pending-rollback", back, old.config, "", old.info.first_deployed)
        release.chart = old.chart
        await self._releases.write(release)
        try:
            await self._apply(release, back, "rollback", force=self._wishes.rollback_force, before=failed.objects)
        except _FAILURES as error:
            await self._conclude(release, FAILED, f"rollback failed: {error}", "")
            text = f"{cause}; and rolling back to revision {old.version} failed: {error}"
            raise ReleaseFailed("RollbackError", text) from error
        await self._supersede(old)
        await self._conclude(release, DEPLOYED, f"Rollback to {old.version}", "")

    async def _install_definitions(self) -> None:
        """What is in ``crds/``, as far as the cluster has not got it: Helm never changes a definition either."""
        for document in self._chart.definitions():
            try:
                await self._client.get(CustomResourceDefinition, document["metadata"]["name"])
            except NotFound:
                await install(self._client, [from_dict(CustomResourceDefinition, document)], field_manager="helm")

    def _record(
        self,
        version: int,
        status: str,
        new: Rendered,
        values: Values,
        description: str,
        first_deployed: str | None = None,
    ) -> Release:
        return new_release(
            self._owner.metadata.name,
            self._owner.metadata.namespace or self._client.namespace,
            version,
            status,
            chart=self._chart.stored,
            config=values,
            manifest=new.manifest,
            hooks=[hook_record(hook) for hook in new.hooks],
            notes=new.notes,
            description=description,
            first_deployed=first_deployed,
        )

    async def _conclude(self, release: Release, status: str, description: str, inputs: str) -> None:
        release.info.status, release.info.description = status, description
        await self._releases.write(release, inputs=inputs)
        await self._releases.trim(self._max_history)

    async def _supersede(self, old: Release) -> None:
        for revision in await self._releases.revisions():
            if revision.version == old.version:
                await self._releases.set_status(revision, SUPERSEDED)
