"""A cluster for one test: the embedded one, with an operator running in the test's own process.

    async def test_a_website_becomes_ready(cluster):
        async with cluster.running(op):
            await cluster.client.create(Website(metadata=ObjectMeta(name="a"), spec=WebsiteSpec()))
            site = await cluster.eventually(Website, "a", lambda site: site.status.ready_replicas == 1)

The fixture `cluster` comes with `kubewright.testing.plugin`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from kubewright.client import Client, MetadataOnly, Target
from kubewright.localcluster import LocalCluster
from kubewright.manager import Group, Manager
from kubewright.objects import GroupVersionKind, Object, Unstructured
from kubewright.objects.errors import NotFound
from kubewright.operator import Operator
from kubewright.testing.foreign import install_foreign
from kubewright.testing.webhooks import on_loopback

T = TypeVar("T", bound=Object | Unstructured)

_POLL = 0.02


class NotSo(AssertionError):
    """What a test waited for has not come about; the text says what was there instead."""


class TestCluster:
    """What a test does with its cluster.

    ``client`` is the administrator's; ``local`` is the cluster itself.
    """

    __test__ = False  # not a class of tests, though pytest likes its name

    def __init__(self, local: LocalCluster) -> None:
        self.local = local
        self.client: Client = local.client()

    @asynccontextmanager
    async def running(self, operator: Operator, *, client: Client | None = None) -> AsyncIterator[Manager]:
        """Install the operator's resources and run it, webhooks included, until the block ends.

        Custom resources of others that it watches or owns are installed as its classes describe them.

        :param client: what the operator acts with, such as one whose transport has faults; by default one of its own.
        :raises Exception: what ended the operator before its time.
        """
        await operator.install(self.client)
        await install_foreign(self.client, operator)
        client = client or self.local.client(user=operator.user)
        manager = Manager(client, operator.name, health_address="0", metrics_address="0", grace_period=5.0)
        endpoint, certificates = on_loopback(operator, self.local)
        operator.add_to(manager, endpoint=endpoint, certificates=certificates)
        started, stop = asyncio.Event(), asyncio.Event()
        manager.add(_Announcement(started), Group.LEADER)
        running = asyncio.create_task(manager.run(stop), name=f"operator/{operator.name}")
        waiting = asyncio.create_task(started.wait())
        try:
            await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if started.is_set():
                yield manager
        finally:
            waiting.cancel()
            stop.set()
            await running

    async def eventually(
        self,
        cls: type[T] | Target[T],
        name: str,
        until: Callable[[T], object] = lambda obj: True,
        *,
        namespace: str = "default",
        timeout: float = 10.0,
    ) -> T:
        """The object, as soon as it is there and ``until`` holds for it.

        :raises NotSo: that was not so within ``timeout`` seconds.
        """
        last: T | None = None
        try:
            async with asyncio.timeout(timeout):
                while True:
                    try:
                        last = await self.client.get(cls, name, namespace)
                    except NotFound:
                        last = None
                    if last is not None and until(last):
                        return last
                    await asyncio.sleep(_POLL)
        except TimeoutError:
            found = f"is {last}" if last is not None else "does not exist"
            raise NotSo(f"after {timeout:g} s, {_kind(cls)} {name} {found}") from None

    async def gone(
        self,
        cls: type[Object] | GroupVersionKind,
        name: str,
        *,
        namespace: str = "default",
        timeout: float = 10.0,
    ) -> None:
        """Return when the object does not exist any more.

        :raises NotSo: it still does after ``timeout`` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while True:
                    left = await self.client.get(MetadataOnly(cls), name, namespace)
                    await asyncio.sleep(_POLL)
        except NotFound:
            return
        except TimeoutError:
            held = f", held by {', '.join(left.metadata.finalizers)}" if left.metadata.finalizers else ""
            raise NotSo(f"after {timeout:g} s, {_kind(cls)} {name} is still there{held}") from None


def _kind(target: object) -> str:
    return target.__name__ if isinstance(target, type) else str(target)


class _Announcement:
    """Starts with the controllers, and says so."""

    def __init__(self, started: asyncio.Event) -> None:
        self._started = started

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        self._started.set()
        ready()
        await stop.wait()
