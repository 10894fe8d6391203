"""The story that ``kubewright demo`` tells: an operator's life in eight steps, each of which either holds or fails.

A cluster is started in this process, the operator runs in one of its own, and everything else is done as a user would
do it.  `cli/demo.py` shows what happens.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import yaml

from kubewright.cli.loading import load_operator
from kubewright.client import Client, MetadataOnly, Untyped, connect
from kubewright.localcluster.cluster import LocalCluster
from kubewright.objects import Unstructured
from kubewright.objects.admissionregistration_v1 import (
    MutatingWebhook,
    MutatingWebhookConfiguration,
    ValidatingWebhook,
    ValidatingWebhookConfiguration,
)
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import ConfigMap, Service
from kubewright.objects.errors import APIError, Invalid, NotFound
from kubewright.objects.events_v1 import Event
from kubewright.objects.names import GroupVersionKind
from kubewright.operator import Operator
from kubewright.testing.loopback import free_ports, http_get, is_ready

T = TypeVar("T")

Say = Callable[[str], None]
"""Shows one line about what has just been seen."""

_NAMESPACE = "default"
_WEBSITE = GroupVersionKind("web.example.com", "v1", "Website")
_USER = "kubectl-demo"


class StepFailed(Exception):
    """What was to happen did not; the text says what."""


class Step(NamedTuple):
    title: str
    run: Callable[[Say], Awaitable[None]]


class Story:
    """The demo's state from step to step.

    :param example: the directory of the example operator, with ``operator.py`` and ``samples/``.
    :param home: where the cluster, the certificates and the operator's log go.
    """

    def __init__(self, example: Path, home: Path) -> None:
        self.example = example
        self.home = home
        self.cluster = LocalCluster(home / "cluster")
        self.log = home / "operator.log"
        self._operator: asyncio.subprocess.Process | None = None
        self._webhook_port, self._health_port, self._metrics_port = free_ports(3)
        self._user: Client | None = None

    def steps(self) -> list[Step]:
        return [
            Step("Start a Kubernetes API server, and a cluster around it", self._start_cluster),
            Step("Register the Website resource", self._register),
            Step("Start the operator with its webhooks", self._start_operator),
            Step("Apply two websites", self._apply_samples),
            Step("Apply what is not allowed", self._apply_invalid),
            Step("Scale, break and tamper", self._disturb),
            Step("Delete a website", self._delete),
            Step("Kill the operator amid its work", self._kill),
        ]

    async def end(self) -> None:
        """Stop everything that was started."""
        if self._operator is not None and self._operator.returncode is None:
            self._operator.terminate()
            await self._operator.wait()
        if self._user is not None:
            await self._user.close()
        await self.cluster.stop()

    @property
    def kubeconfig(self) -> Path:
        return self.cluster.kubeconfig

    @property
    def user(self) -> Client:
        """A client over HTTPS, outside the operator."""
        if self._user is None:
            self._user = connect(self.kubeconfig).with_defaults(field_manager=_USER)
        return self._user

    # -- the steps

    async def _start_cluster(self, say: Say) -> None:
        await self.cluster.start()
        say(f"{self.cluster.url} answers over TLS; objects are kept in {self.home / 'cluster' / 'store.db'}")
        await self.user.list(ConfigMap, namespace=_NAMESPACE)
        say(f"kubeconfig with a token of its own: {self.kubeconfig}")

    async def _register(self, say: Say) -> None:
        operator: Operator = load_operator(str(self.example / "operator.py"))
        await operator.install(self.user)
        mapping = await self.user.mapper.mapping(_WEBSITE)
        say(f"CustomResourceDefinition {mapping.resource.group_resource} was made of Python types, and is served")

    async def _start_operator(self, say: Say) -> None:
        await self._launch()
        say("informers, queue, workers and webhook server are ready")
        mutating = await self.user.get(MutatingWebhookConfiguration, "website-operator")
        validating = await self.user.get(ValidatingWebhookConfiguration, "website-operator")
        hooks: list[MutatingWebhook | ValidatingWebhook] = [*mutating.webhooks, *validating.webhooks]
        for hook in hooks:
            if not hook.client_config.ca_bundle:
                raise StepFailed(f"webhook {hook.name} has no CA bundle")
            say(f"webhook {hook.name} is registered, with a CA that the operator made")
        metrics = await http_get(self._metrics_port, "/metrics")
        if b"controller_runtime_active_workers" not in metrics:
            raise StepFailed("/metrics lacks controller_runtime_active_workers")
        say(f"health on port {self._health_port}, metrics on port {self._metrics_port}")

    async def _apply_samples(self, say: Say) -> None:
        await self._apply("websites.yaml")
        hello = await self._website("hello")
        if (hello["spec"]["image"], hello["spec"]["host"]) != ("nginx:1.27", "hello.example.com"):
            raise StepFailed(f"no defaults: {hello['spec']}")
        say("defaults came from the schema (image: nginx:1.27) and from the webhook (host: hello.example.com)")
        for name, replicas in (("hello", 1), ("shop", 2)):
            site = await self._ready(name, replicas)
            for kind in (ConfigMap, Deployment, Service):
                child = await self.user.get(kind, name, _NAMESPACE)
                if [owner.uid for owner in child.metadata.owner_references] != [site.metadata.uid]:
                    raise StepFailed(f"{kind.__name__} {name} is not owned by Website {name}")
            say(f"website {name}: ConfigMap, Deployment and Service are its own; {replicas} of {replicas} ready")

    async def _apply_invalid(self, say: Say) -> None:
        for sample, expected in (("too-many-replicas.yaml", "spec.replicas"), ("moved.yaml", "spec.host")):
            try:
                await self._apply(sample)
            except Invalid as error:
                if all(cause.field != expected for cause in error.causes):
                    raise StepFailed(f"{sample} was refused for another reason: {error.message}") from error
                say(f"{sample}: {_as_kubectl(error)}")
            else:
                raise StepFailed(f"{sample} was accepted")

    async def _disturb(self, say: Say) -> None:
        await self.user.patch(Untyped(_WEBSITE), "hello", _NAMESPACE, merge={"spec": {"replicas": 3}})
        await self._ready("hello", 3)
        say("scaled hello to 3: three Pods are ready")
        before = await self.user.get(Deployment, "shop", _NAMESPACE)
        await self.user.delete(before)

        async def repaired() -> bool:
            return (await self.user.get(Deployment, "shop", _NAMESPACE)).metadata.uid != before.metadata.uid

        await _until(repaired, "the deleted Deployment to come back")
        await self._ready("shop", 2)
        say("deleted the Deployment of shop: it was made again, and is ready")
        await self.user.patch(ConfigMap, "hello", _NAMESPACE, merge={"data": {"index.html": "hacked"}})

        async def undone() -> bool:
            return (await self.user.get(ConfigMap, "hello", _NAMESPACE)).data["index.html"] == "<h1>Hello</h1>"

        await _until(undone, "the page to be put right")
        say("changed the page of hello by hand: it was put right")

    async def _delete(self, say: Say) -> None:
        await self.user.delete(Untyped(_WEBSITE), "shop", _NAMESPACE)
        await self._gone(Untyped(_WEBSITE), "shop")

        async def told() -> bool:
            events = await self.user.list(Event, namespace=_NAMESPACE)
            return any(
                event.reason == "Retired" and event.regarding and event.regarding.name == "shop" for event in events
            )

        await _until(told, "the finalizer's event")
        say("its finalizer ran (event Retired), then it went")
        for kind in (Deployment, Service, ConfigMap):
            await self._gone(MetadataOnly(kind), "shop")
        say("ConfigMap, Deployment and Service were collected")

    async def _kill(self, say: Say) -> None:
        names = [f"site-{number}" for number in range(20)]
        await asyncio.gather(*(self.user.apply(_website(name)) for name in names))
        process = self._operator
        if process is None:
            raise StepFailed("the operator does not run")

        async def served() -> int:
            deployments = await self.user.list(Deployment, namespace=_NAMESPACE)
            return len({deployment.metadata.name for deployment in deployments} & set(names))

        await _until(served, "the operator to begin with the new websites")
        process.send_signal(signal.SIGKILL)
        await process.wait()
        say(f"killed with SIGKILL when {await served()} of {len(names)} new websites had their Deployment")
        await self._launch()
        for name in names:
            await self._ready(name, 1)
        say(f"started again: all {len(names)} are ready")

    # -- what the steps share

    async def _launch(self) -> None:
        arguments = [
            *("-m", "kubewright", "run", str(self.example / "operator.py"), "--kubeconfig", str(self.kubeconfig)),
            *("--webhook-host", "127.0.0.1", "--webhook-port", str(self._webhook_port)),
            *("--health-probe-bind-address", f"127.0.0.1:{self._health_port}"),
            *("--metrics-bind-address", f"127.0.0.1:{self._metrics_port}"),
        ]
        with self.log.open("ab") as log:
            self._operator = process = await asyncio.create_subprocess_exec(
                sys.executable, *arguments, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.home
            )

        async def ready() -> bool:
            if process.returncode is not None:
                last = self.log.read_text().strip().splitlines()[-1:]
                raise StepFailed(f"the operator ended with status {process.returncode}: {''.join(last)}")
            return await is_ready(self._health_port)

        await _until(ready, "the operator to become ready")

    async def _apply(self, sample: str) -> None:
        text = (self.example / "samples" / sample).read_text()
        for document in yaml.safe_load_all(text):
            document["metadata"].setdefault("namespace", _NAMESPACE)
            await self.user.apply(Unstructured(document))

    async def _website(self, name: str) -> Unstructured:
        return await self.user.get(Untyped(_WEBSITE), name, _NAMESPACE)

    async def _ready(self, name: str, replicas: int) -> Unstructured:
        await _until(lambda: self._is_ready(name, replicas), f"website {name} to have {replicas} ready")
        return await self._website(name)

    async def _is_ready(self, name: str, replicas: int) -> bool:
        status = (await self._website(name)).get("status", default={})
        conditions = {one["type"]: one["status"] for one in status.get("conditions") or ()}
        return status.get("readyReplicas") == replicas and conditions.get("Ready") == "True"

    async def _gone(self, target: Any, name: str) -> None:
        async def gone() -> bool:
            try:
                await self.user.get(target, name, _NAMESPACE)
            except NotFound:
                return True
            return False

        await _until(gone, f"{name} to be gone")


def _website(name: str) -> Unstructured:
    metadata = {"name": name, "namespace": _NAMESPACE}
    return Unstructured({"apiVersion": _WEBSITE.api_version, "kind": _WEBSITE.kind, "metadata": metadata, "spec": {}})


async def _until(check: Callable[[], Awaitable[object]], what: str, *, timeout: float = 30.0) -> None:
    """Wait for something to hold.

    :raises StepFailed: it does not in time.
    """
    try:
        async with asyncio.timeout(timeout):
            while True:
                try:
                    if await check():
                        return
                except NotFound:
                    pass
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise StepFailed(f"waited {timeout:g} s in vain for {what}") from None


def _as_kubectl(error: APIError) -> str:
    """An error in kubectl's words."""
    details = error.details
    if isinstance(error, Invalid) and details.get("kind"):
        reasons = ", ".join(f"{cause.field}: {cause.message}" for cause in error.causes)
        return f'The {details["kind"]} "{details.get("name", "")}" is invalid: {reasons}'
    return f"Error from server ({error.status_reason}): {error.message}"
