"""Whatever keeps an operator from running is named within seconds, with what to do, and ends it with a status of 1."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.warm import bin_folder

OPERATOR = """
from kubewright import Context, Operator, Resource, Spec
from kubewright.objects.core_v1 import ConfigMap

op = Operator("test-operator")

class SiteSpec(Spec):
    colour: str = "blue"

@op.resource(group="example.com", version="v1")
class Site(Resource[SiteSpec, None]): ...

@op.reconcile(Site, owns=[ConfigMap])
async def reconcile(site: Site, ctx: Context) -> None: ...
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An API server of its own process where the user ``joe`` may do nothing: the administrator's kubeconfig."""
    home = tmp_path_factory.mktemp("server")
    (home / "tokens").write_text("token-of-joe,joe,1\n")
    flags = {"--data-dir": ":memory:", "--secure-port": "0", "--token-auth-file": "tokens", "--write-kubeconfig": "kc"}
    command = [sys.executable, "-m", "kubewright", "apiserver", *(part for flag in flags.items() for part in flag)]
    with subprocess.Popen(command, cwd=home, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready")
        yield home / "kc"
        process.terminate()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "operator.py").write_text(OPERATOR)
    return tmp_path


def as_user(kubeconfig: Path, folder: Path, *, token: str) -> Path:
    config = yaml.safe_load(kubeconfig.read_text())
    config["users"][0]["user"] = {"token": token}
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    return folder / "kubeconfig"


def complaint(folder: Path, *arguments: str) -> str:
    """What `kubewright run` says when it can't."""
    addresses = ("--health-probe-bind-address", "0", "--metrics-bind-address", "0")
    command = [str(bin_folder() / "kubewright"), "run", "operator.py", *addresses, *arguments]
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_missing_kubeconfig_is_named(folder: Path) -> None:
    assert "kubeconfig nowhere.yaml does not exist" in complaint(folder, "--kubeconfig", "nowhere.yaml")


def test_without_any_kubeconfig_the_places_are_named_where_it_was_looked_for(folder: Path) -> None:
    said = complaint(folder)
    assert f"{folder}/.kube/config" in said
    assert "KUBECONFIG" in said
    assert "--local" in said


def test_a_server_that_is_down_is_named(folder: Path, server: Path) -> None:
    config = yaml.safe_load(server.read_text())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"https://127.0.0.1:{listener.getsockname()[1]}"
    config["clusters"][0]["cluster"]["server"] = address
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    said = complaint(folder, "--kubeconfig", "kubeconfig")
    assert f"{address} cannot be reached: Connection refused" in said
    assert "kubeconfig kubeconfig" in said


def test_an_unknown_context_is_named_with_those_that_exist(folder: Path, server: Path) -> None:
    said = complaint(folder, "--kubeconfig", str(server), "--context", "staging")
    assert 'there is no context "staging" (there are: ' in said


def test_credentials_that_the_server_does_not_know_are_named(folder: Path, server: Path) -> None:
    said = complaint(folder, "--kubeconfig", str(as_user(server, folder, token="expired")))
    assert "not authenticated" in said
    assert "renew the credentials" in said


def test_a_definition_that_is_absent_is_named(folder: Path, server: Path) -> None:
    said = complaint(folder, "--kubeconfig", str(server))
    assert "kind Site (example.com/v1)" in said
    assert "kubewright run --install" in said


def test_permissions_that_are_lacking_are_named_with_the_rule_that_grants_them(folder: Path, server: Path) -> None:
    said = complaint(folder, "--kubeconfig", str(as_user(server, folder, token="token-of-joe")))
    assert "get, list, watch sites.example.com" in said
    rules = yaml.safe_load(said[said.index("rules:") :])["rules"]
    assert {"apiGroups": ["example.com"], "resources": ["sites"], "verbs": ["get", "list", "watch"]} in rules


def test_a_port_in_use_is_named(folder: Path, server: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        address = ("--health-probe-bind-address", f"127.0.0.1:{port}")
        said = complaint(folder, "--kubeconfig", str(server), "--install", *address)
    assert f"cannot listen on 127.0.0.1:{port} for health: Address already in use" in said
    assert "--health-probe-bind-address" in said


def test_two_ports_in_use_are_both_named(folder: Path, server: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        addresses = [f"127.0.0.1:{taken.getsockname()[1]}" for taken in (one, two)]
        options = ("--health-probe-bind-address", addresses[0], "--metrics-bind-address", addresses[1])
        said = complaint(folder, "--kubeconfig", str(server), "--install", *options)
    assert "Traceback" not in said
    assert all(f"cannot listen on {address}" in said for address in addresses)
