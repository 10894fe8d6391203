import asyncio
import json
import socket
import subprocess
from pathlib import Path

import pytest
from tests.warm import bin_folder

from kubewright.client import connect
from kubewright.objects import ObjectMeta
from kubewright.objects.core_v1 import ConfigMap


def cluster(*arguments: str, directory: Path) -> tuple[int, str]:
    command = [str(bin_folder() / "kubewright"), "cluster", *arguments, "--data-dir", str(directory)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


async def write(directory: Path) -> None:
    async with connect(directory / "kubeconfig") as client:
        await client.create(ConfigMap(metadata=ObjectMeta(name="kept", namespace="default")))


async def read(directory: Path) -> ConfigMap:
    async with connect(directory / "kubeconfig") as client:
        return await client.get(ConfigMap, "kept", "default")


@pytest.mark.timeout(120)
def test_a_cluster_is_started_stopped_and_taken_up_again(tmp_path: Path) -> None:
    code, output = cluster("status", directory=tmp_path)
    assert code == 1 and output.startswith(f"no cluster runs in {tmp_path}")
    code, output = cluster("start", directory=tmp_path)
    try:
        assert code == 0, output
        assert "the cluster serves https://127.0.0.1:" in output
        assert cluster("start", directory=tmp_path) == (0, f"the cluster in {tmp_path} runs already\n")
        assert (tmp_path / ".gitignore").read_text() == "*\n"
        assert "current-context: kubewright" in cluster("kubeconfig", directory=tmp_path)[1]
        asyncio.run(write(tmp_path))
        found = json.loads(cluster("status", "-o", "json", directory=tmp_path)[1])
        assert found["running"] and found["kubeconfig"] == str(tmp_path / "kubeconfig")
        assert cluster("stop", directory=tmp_path) == (0, "stopped\n")
        assert cluster("status", directory=tmp_path)[0] == 1
        assert cluster("start", directory=tmp_path)[0] == 0
        assert asyncio.run(read(tmp_path)).metadata.name == "kept"
    finally:
        cluster("stop", directory=tmp_path)


def test_why_a_cluster_did_not_start_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, output = cluster("start", "--port", port, directory=tmp_path)
    assert code == 1
    assert f"error: the cluster did not start: cannot listen on 127.0.0.1:{port}: Address already in use" in output


def test_a_cluster_that_never_ran_has_no_kubeconfig(tmp_path: Path) -> None:
    code, output = cluster("kubeconfig", directory=tmp_path)
    assert (code, output) == (1, f"error: no cluster has run in {tmp_path}: kubewright cluster start\n")


@pytest.mark.timeout(120)
def test_a_cluster_is_backed_up_while_it_runs_and_restored_elsewhere(tmp_path: Path) -> None:
    first, second, file = tmp_path / "first", tmp_path / "second", tmp_path / "backup.db"
    assert cluster("start", directory=first)[0] == 0
    try:
        asyncio.run(write(first))
        assert cluster("backup", str(file), directory=first) == (0, f"wrote {file}\n")
    finally:
        cluster("stop", directory=first)
    assert cluster("backup", str(tmp_path / "again.db"), directory=first)[0] == 0
    code, output = cluster("restore", str(file), directory=second)
    assert code == 0 and output.startswith("restored "), output
    assert cluster("start", directory=second)[0] == 0
    try:
        assert asyncio.run(read(second)).metadata.name == "kept"
    finally:
        cluster("stop", directory=second)


def test_a_backup_that_is_none_and_a_cluster_that_is_none_are_named(tmp_path: Path) -> None:
    assert cluster("backup", str(tmp_path / "f"), directory=tmp_path) == (
        1,
        f"error: no cluster has run in {tmp_path}; choose another with --data-dir\n",
    )
    code, output = cluster("restore", str(tmp_path / "f"), directory=tmp_path)
    assert code == 1 and "is not a backup that can be read" in output
