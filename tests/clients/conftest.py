"""One local cluster for all clients: a process of its own, real TLS, a kubeconfig; every test has its namespace."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.clients.kubectl import BINARIES, Kubectl

_numbers = itertools.count()


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The kubeconfig of a running cluster."""
    directory = tmp_path_factory.mktemp("cluster")
    command = [sys.executable, "-m", "kubewright", "cluster", "start", "--foreground", "--data-dir", str(directory)]
    with (
        (directory / "log").open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready"), (directory / "log").read_text()
            yield directory / "kubeconfig"
        finally:
            process.terminate()
            process.wait(timeout=20)
    assert "Traceback" not in (directory / "log").read_text()


@pytest.fixture(scope="session")
def kubectl_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def namespace() -> str:
    return f"test-{os.getpid()}-{next(_numbers)}"


@pytest.fixture(params=sorted(BINARIES))
def kubectl(request: pytest.FixtureRequest, cluster: Path, kubectl_home: Path, namespace: str) -> Kubectl:
    """A kubectl of each version, in a new namespace."""
    binary = BINARIES[request.param]
    if binary is None:
        pytest.skip(f"there is no kubectl: {request.param}")
    kubectl = Kubectl(binary, cluster, namespace, kubectl_home)
    kubectl("create", "namespace", namespace)
    return kubectl
