from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.warm import bin_folder

from kubewright.testing.loopback import free_ports

OPERATOR = """
from kubewright import Context, Operator, ObjectMeta, Resource, Spec
from kubewright.objects.core_v1 import ConfigMap

op = Operator("test-operator")

class SiteSpec(Spec):
    colour: str = "blue"

@op.resource(group="example.com", version="v1")
class Site(Resource[SiteSpec, None]): ...

@op.reconcile(Site, owns=[ConfigMap])
async def reconcile(site: Site, ctx: Context) -> None:
    await ctx.apply(ConfigMap(metadata=ObjectMeta(name=site.metadata.name), data={"colour": site.spec.colour}))
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "operator.py").write_text(OPERATOR)
    return tmp_path


def kubewright_run(folder: Path, *arguments: str) -> list[str]:
    addresses = ("--health-probe-bind-address", "0", "--metrics-bind-address", "0")
    return [str(bin_folder() / "kubewright"), "run", "operator.py", *addresses, *arguments]


def environment(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder)}


def failure(folder: Path, *arguments: str) -> str:
    command = kubewright_run(folder, *arguments)
    done = subprocess.run(command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    return done.stderr


@contextmanager
def local_operator(folder: Path, *arguments: str) -> Iterator[None]:
    """``kubewright run --local`` until it says that it runs; interrupted at the end, when it must exit cleanly."""
    command = kubewright_run(folder, "--local", *arguments)
    with subprocess.Popen(command, cwd=folder, env=environment(folder), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = []
        for line in process.stderr:
            lines.append(line)
            if "test-operator runs" in line:
                break
        else:
            raise AssertionError("".join(lines))
        yield
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def kubectl(folder: Path, *arguments: str, text: str = "") -> str:
    command = ["kubectl", "--kubeconfig", str(folder / ".kubewright" / "kubeconfig"), *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=20, env=environment(folder))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_without_a_cluster_it_says_what_to_do(folder: Path) -> None:
    assert "--kubeconfig" in failure(folder)
    assert "does not exist" in failure(folder, "--kubeconfig", "nowhere")


def test_what_cannot_become_a_definition_is_told_before_anything_is_started(folder: Path) -> None:
    (folder / "operator.py").write_text(OPERATOR.replace("Resource[SiteSpec, None]", "Resource"))
    assert failure(folder, "--local").startswith("error: Site.spec: its type is not told")
    assert not (folder / ".kubewright").exists()


@pytest.mark.kubectl
def test_it_runs_on_the_embedded_cluster_and_finds_it_again_as_it_was(folder: Path) -> None:
    site = "apiVersion: example.com/v1\nkind: Site\nmetadata: {name: %s}\nspec: {}\n"
    with local_operator(folder):
        kubectl(folder, "apply", "-f", "-", text=site % "first")
        kubectl(folder, "wait", "--for=create", "configmap/first", "--timeout=10s")
    with local_operator(folder):
        assert kubectl(folder, "get", "configmap", "first", "-o", "jsonpath={.data.colour}") == "blue"
        kubectl(folder, "apply", "-f", "-", text=site % "second")
        kubectl(folder, "wait", "--for=create", "configmap/second", "--timeout=10s")


@pytest.mark.kubectl
def test_webhooks_are_served_unless_their_port_says_none(folder: Path) -> None:
    with (folder / "operator.py").open("a") as file:
        file.write("\n@op.validate(Site)\ndef anything(new: Site, old: Site | None) -> None: ...\n")
    registered = ("get", "validatingwebhookconfigurations", "-o", "name")
    with local_operator(folder, "--webhook-port", str(*free_ports(1))):
        assert "/test-operator" in kubectl(folder, *registered)
    with local_operator(folder, "--webhook-port", "-1"):
        assert kubectl(folder, *registered) == ""
