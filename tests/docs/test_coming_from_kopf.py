from __future__ import annotations

import asyncio
import dataclasses
import inspect
import os
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.docs.blocks import DOCS, blocks, run_blocks

from kubewright import ObjectMeta
from kubewright.client import Client
from kubewright.localcluster import LocalCluster
from kubewright.objects import Object
from kubewright.testing import TestCluster

PAGE = "coming-from-kopf.md"

Running = Callable[[LocalCluster, dict[str, Any], Path], Any]


@asynccontextmanager
async def ours(cluster: LocalCluster, code: dict[str, Any], folder: Path) -> AsyncIterator[None]:
    async with code["op"].running(cluster.client()):
        yield


@asynccontextmanager
async def kopfs(cluster: LocalCluster, code: dict[str, Any], folder: Path) -> AsyncIterator[None]:
    """A process of kopf with its side of the page, but for webhooks, which it serves only beyond a tunnel."""
    pytest.importorskip("kopf")
    found = [block.text for block in blocks(DOCS / PAGE, "python") if block.text.startswith("# kopf\n")]
    script = folder / "operator.py"
    script.write_text("\n".join(text for text in found if "on.validate" not in text))
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    command = [sys.executable, "-m", "kopf", "run", "--standalone", "--all-namespaces", str(script)]
    with (folder / "log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=log, stderr=log)
    try:
        yield
    except AssertionError as error:
        error.add_note((folder / "log").read_text())
        raise
    finally:
        process.kill()
        await process.wait()


@pytest.mark.parametrize("running", [kopfs, ours])
async def test_both_sides_come_to_the_same_end(running: Running, tmp_path: Path) -> None:
    code: dict[str, Any] = {"__name__": "website_operator"}
    assert run_blocks(PAGE, "kubewright", code) >= 11
    website, spec = code["Website"], code["WebsiteSpec"]
    async with LocalCluster() as cluster:
        user: Client = cluster.client()
        await code["op"].install(user)
        test = TestCluster(cluster)
        async with running(cluster, code, tmp_path):
            await user.create(website(metadata=ObjectMeta(name="a", namespace="default"), spec=spec(host="a.example")))
            await test.eventually(website, "a", lambda site: site.status.host == "a.example", timeout=20)
            # Kopf loses what is changed while it still handles the creation: both remember when that is done.
            created = await test.eventually(website, "a", remembers, timeout=20)
            assert created.metadata.labels == {"served-by": "websites"}
            await user.patch(website, "a", merge={"spec": {"host": "b.example"}})
            await test.eventually(website, "a", lambda site: site.status.host == "b.example", timeout=20)
            await user.delete(website, "a")
            await test.gone(website, "a", timeout=20)


def remembers(site: Object) -> bool:
    return any("handled" in name for name in site.metadata.annotations)


async def test_the_program_around_the_operator_runs() -> None:
    code: dict[str, Any] = {"__name__": "website_operator"}
    run_blocks(PAGE, "kubewright", code)
    async with LocalCluster() as cluster, asyncio.timeout(20):
        await code["my_program"](cluster.client())


def test_kopfs_side_is_kopf() -> None:
    kopf = pytest.importorskip("kopf")
    assert run_blocks(PAGE, "kopf", {"__name__": "website_operator"}) >= 8
    kopf.set_default_registry(kopf.OperatorRegistry())


DECORATORS = """
    startup cleanup login probe event index create update delete resume field validate mutate timer daemon subhandler
    register
"""


TYPES = """
    AsyncDaemonStopperChecker BodyEssence DaemonStopped DaemonStoppingReason DiffBaseStorage DiffItem DiffOperation
    FieldPath FieldSpec HandlerId Headers LocalObjectLogger LogFormat ObjectLogger ObjectReference Operation
    OwnerReference PatchFn ProgressRecord ProgressStorage RawBody RawEventType Reason Resource SSLPeer Store
    SyncDaemonStopperChecker UserInfo
"""
"""For annotations only."""


def names_of_kopf() -> set[str]:
    """What a user of kopf may have written, asked of kopf itself."""
    kopf = pytest.importorskip("kopf")
    from kopf._core.intents import causes
    from kopf.cli import main

    names = set(DECORATORS.split())
    for decorator in DECORATORS.split():
        function = getattr(kopf.on, decorator)
        names |= set(inspect.signature(function).parameters) - {"arg1", "arg2", "arg3"}
    internal = {"activity", "indices", "initial", "stopper", "webhook"}
    for cause in (causes.ActivityCause, causes.WebhookCause, causes.WatchingCause, causes.ChangingCause):
        names |= {field.name for field in dataclasses.fields(cause)} - internal
    names |= {"retry", "started", "runtime", "stopped", "spec", "meta", "status", "uid", "name", "namespace", "labels"}
    for part in dataclasses.fields(kopf.OperatorSettings):
        settings = dataclasses.fields(getattr(kopf.OperatorSettings(), part.name))
        names |= {f"{part.name}.{field.name}" for field in settings if not field.name.startswith("_")}
    names |= set(main.commands)
    names |= {option.opts[-1].strip("-") for option in main.commands["run"].params} - {"paths"}
    public = {name for name in dir(kopf) if not name.startswith("_")} - set(TYPES.split())
    return names | (public - {"cli", "on"})


def test_every_name_of_kopf_is_spoken_of() -> None:
    text = (DOCS / PAGE).read_text().replace("```", "")
    code = " ".join(re.findall(r"`([^`\n]+)`", text))
    missing = [name for name in sorted(names_of_kopf()) if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", code)]
    assert missing == []
