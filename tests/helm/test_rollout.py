import asyncio
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

import helm_python
from tests.helm.charts import CONFIG_MAP, hook, write_chart
from tests.helm.conftest import Running, Runs

from kubewright.client import MetadataOnly
from kubewright.helm.annotations import PREFIX
from kubewright.objects.batch_v1 import Job
from kubewright.objects.core_v1 import ConfigMap, Secret, Service

BROKEN = """
{{ if .Values.broken }}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}-z
spec: {ports: [{port: 0}]}
{{ end }}
"""


async def history(web: Running, name: str = "a") -> list[tuple[int, str]]:
    """The revisions as Helm itself reads them."""

    def read() -> list[dict[str, Any]]:
        with helm_python.Config(kubeconfig_path=str(web.cluster.local.kubeconfig), namespace="default") as config:
            return config.history(name)

    return [(one["revision"], one["status"]) for one in await asyncio.to_thread(read)]


async def roll_back(kubeconfig: Path) -> None:
    """``helm rollback a 1``: in a process called helm, since Helm names the owner of fields after its process."""
    code = f"import helm_python; helm_python.Config(kubeconfig_path='{kubeconfig}').rollback('a', version=1)"
    environment = {**os.environ, "PYTHONPATH": sysconfig.get_path("purelib")}
    process = await asyncio.create_subprocess_exec("helm", "-c", code, executable=sys.executable, env=environment)
    assert await process.wait() == 0


async def names(web: Running, kind: type[ConfigMap | Secret | Job | Service]) -> list[str]:
    found = await web.cluster.client.list(MetadataOnly(kind), namespace="default")
    return sorted(one.metadata.name for one in found if one.metadata.name != "kube-root-ca.crt")


async def test_helm_reads_the_history_and_rolls_back_in_it(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path)) as web:
        await web.create()
        await web.until("Ready", revision=1)
        await web.change(spec={"message": "two"})
        await web.until("Ready", revision=2)
        assert await history(web) == [(1, "superseded"), (2, "deployed")]

        await roll_back(web.cluster.local.kubeconfig)
        await web.change(metadata={"labels": {"look": "again"}})
        await web.until("Ready", revision=4)
        await web.cluster.eventually(ConfigMap, "a", lambda found: found.data == {"message": "two"})
        assert await history(web) == [(1, "superseded"), (2, "superseded"), (3, "superseded"), (4, "deployed")]


async def test_a_failed_installation_is_removed_and_tried_again(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path, {"a.yaml": CONFIG_MAP, "z.yaml": BROKEN})) as web:
        await web.create(broken=True)
        found = await web.until("ReleaseFailed", reason="InstallError")
        assert "spec.ports[0].port" in web.condition(found, "ReleaseFailed")[2]
        assert await names(web, ConfigMap) == []
        await web.change(spec={"broken": False})
        found = await web.until("Ready")
    assert web.condition(found, "ReleaseFailed")[0] == "False"


async def test_a_failed_upgrade_is_rolled_back(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path, {"a.yaml": CONFIG_MAP, "z.yaml": BROKEN}), max_history=4) as web:
        await web.create()
        await web.until("Ready")
        await web.change(spec={"broken": True, "message": "never"})
        found = await web.until("ReleaseFailed", reason="UpgradeError")
        assert "rolled back to revision 1" in web.condition(found, "ReleaseFailed")[2]
        assert (await web.cluster.eventually(ConfigMap, "a")).data == {"message": "hello"}
        await web.change(spec={"broken": False, "message": "at last"})
        await web.until("Ready")
        assert (await web.cluster.eventually(ConfigMap, "a")).data == {"message": "at last"}
        revisions = await history(web)
    assert revisions[-1][1] == "deployed"
    assert [status for _, status in revisions].count("deployed") == 1
    assert len(revisions) <= 4


async def test_an_interrupted_release_is_taken_up_again(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path)) as web:
        await web.create()
        await web.until("Ready")
        (name,) = await names(web, Secret)
        await web.cluster.client.patch(
            Secret, name, "default", merge={"metadata": {"labels": {"status": "pending-upgrade"}}}
        )
        await web.change(metadata={"labels": {"look": "again"}})
        await web.until("Ready", revision=2)
        assert await history(web) == [(1, "failed"), (2, "deployed")]


async def test_what_changes_nothing_makes_no_revision(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path)) as web:
        await web.create()
        await web.until("Ready")
        await web.change(spec={"unused": 1})
        await web.until("Ready", revision=1)
        assert await history(web) == [(1, "deployed")]


async def test_old_revisions_go(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path), max_history=2) as web:
        await web.create()
        await web.until("Ready", revision=1)
        for revision in range(1, 5):
            await web.change(spec={"message": str(revision)})
            await web.until("Ready", revision=revision + 1)
        assert len(await names(web, Secret)) == 2


async def test_hooks_run_by_weight_around_an_event(running: Runs, tmp_path: Path) -> None:
    templates = {
        "a.yaml": CONFIG_MAP,
        "b.yaml": hook("before", "pre-install", weight=2),
        "c.yaml": hook("first", "pre-install", weight=1, policy="hook-succeeded"),
        "d.yaml": hook("after", "post-install,post-upgrade", policy="before-hook-creation"),
        "e.yaml": hook("leaving", "pre-delete"),
        "f.yaml": hook("check", "test"),
    }
    async with running(write_chart(tmp_path, templates)) as web:
        await web.create()
        await web.until("Ready")
        assert await names(web, Job) == ["after", "before"]
        done = (await web.cluster.eventually(Job, "before")).status.completion_time
        made = (await web.cluster.eventually(ConfigMap, "a")).metadata.creation_timestamp
        assert done is not None and made is not None and done <= made
        before = (await web.cluster.eventually(Job, "after")).metadata.uid
        await web.change(spec={"message": "again"})
        await web.until("Ready", revision=2)
        assert (await web.cluster.eventually(Job, "after")).metadata.uid != before
        await web.cluster.client.delete(web.cls, "a", "default")
        await web.cluster.gone(web.cls, "a")
        for name in ("before", "after", "leaving"):
            await web.cluster.gone(Job, name)


async def test_a_failed_hook_fails_the_release(running: Runs, tmp_path: Path) -> None:
    templates = {"a.yaml": CONFIG_MAP, "h.yaml": hook("h", "pre-install", succeed=False, policy="hook-failed")}
    async with running(write_chart(tmp_path, templates)) as web:
        await web.create()
        found = await web.until("ReleaseFailed", reason="InstallError")
        assert "the hook Job h has failed" in web.condition(found, "ReleaseFailed")[2]
        assert await names(web, ConfigMap) == []
        await web.cluster.gone(Job, "h")


async def test_what_cannot_be_changed_is_made_anew_where_that_is_asked_for(running: Runs, tmp_path: Path) -> None:
    fixed = CONFIG_MAP + "immutable: true\n"
    async with running(write_chart(tmp_path, {"a.yaml": fixed})) as web:
        await web.create()
        await web.until("Ready")
        await web.change(spec={"message": "new"})
        await web.until("ReleaseFailed", reason="UpgradeError")
        await web.change(metadata={"annotations": {PREFIX + "upgrade-force": "true"}})
        await web.until("Ready")
        await web.cluster.eventually(ConfigMap, "a", lambda found: found.data == {"message": "new"})


async def test_a_release_too_big_for_a_secret_is_spread_over_several(running: Runs, tmp_path: Path) -> None:
    random = "".join(f"  k{number}: {{{{ randAlphaNum 900 }}}}\n" for number in range(1000))
    other = CONFIG_MAP.replace("name: {{ .Release.Name }}", "name: other")
    async with running(write_chart(tmp_path, {"a.yaml": CONFIG_MAP + random, "b.yaml": other + random})) as web:
        await web.create()
        await web.until("Ready")
        assert len(await names(web, Secret)) > 1
        await web.cluster.client.delete(ConfigMap, "a", "default")
        await web.cluster.eventually(ConfigMap, "a")
        await web.cluster.client.delete(web.cls, "a", "default")
        await web.cluster.gone(web.cls, "a")
        assert await names(web, Secret) == []


async def test_helm_runs_the_tests_of_a_release(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path, {"a.yaml": CONFIG_MAP, "t.yaml": hook("check", "test")})) as web:
        await web.create()
        await web.until("Ready")
        assert await names(web, Job) == []

        def run_tests() -> str:
            with helm_python.Config(kubeconfig_path=str(web.cluster.local.kubeconfig), namespace="default") as config:
                return str(config.test("a", timeout=20)["release"]["status"])

        assert await asyncio.to_thread(run_tests) == "deployed"


async def test_descriptions_are_in_the_history(running: Runs, tmp_path: Path) -> None:
    async with running(write_chart(tmp_path)) as web:
        await web.create(annotations={PREFIX + "install-description": "for the launch"})
        await web.until("Ready")

        def status() -> dict[str, Any]:
            with helm_python.Config(kubeconfig_path=str(web.cluster.local.kubeconfig), namespace="default") as config:
                return dict(config.get_all("a")["info"])

        assert (await asyncio.to_thread(status))["description"] == "for the launch"
