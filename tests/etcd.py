"""An etcd of our own for the tests: started on free ports, with its data in a temporary directory."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import IO

import pytest


@contextmanager
def running_etcd(directory: Path, *tls: str) -> Iterator[str]:
    """Gives the URL; the test is skipped where there is no etcd.

    :param tls: etcd's flags for TLS, where it is to have it.
    """
    binary = shutil.which("etcd")
    if binary is None:
        pytest.skip("etcd is not installed: `make test-etcd` installs it and runs these tests")
    client = f"{'https' if tls else 'http'}://127.0.0.1:{free_port()}"
    peer = f"http://127.0.0.1:{free_port()}"
    command = [
        binary,
        f"--data-dir={directory}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
        "--unsafe-no-fsync",
        *tls,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    ready = Event()
    reader = Thread(target=_read_log, args=(process.stdout, ready))
    reader.start()
    try:
        assert ready.wait(20), "etcd did not become ready"
        yield client
    finally:
        process.terminate()
        process.wait(timeout=10)
        reader.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


def _read_log(log: IO[str], ready: Event) -> None:
    with log:
        for line in log:
            if "ready to serve client requests" in line:
                ready.set()
