"""Every behaviour of a store is tested on each backend; etcd's only where its binary is installed (make test-etcd)."""

import itertools
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import IO

import pytest

from kubewright.apiserver.storage.etcd import EtcdStorage
from kubewright.apiserver.storage.protocol import Storage
from kubewright.apiserver.storage.sqlite import SqliteStorage

_prefixes = (f"/test-{number}" for number in itertools.count())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


@pytest.fixture(scope="session")
def etcd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an etcd of our own."""
    binary = shutil.which("etcd")
    if binary is None:
        pytest.skip("etcd is not installed: `make test-etcd` installs it and runs these tests")
    client, peer = f"http://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
    command = [
        binary,
        f"--data-dir={tmp_path_factory.mktemp('etcd')}",
        f"--listen-client-urls={client}",
        f"--advertise-client-urls={client}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=default={peer}",
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


def _read_log(log: IO[str], ready: Event) -> None:
    with log:
        for line in log:
            if "ready to serve client requests" in line:
                ready.set()


@pytest.fixture(params=["memory", "file", pytest.param("etcd", marks=pytest.mark.etcd)])
async def storage(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Storage]:
    store: Storage
    match request.param:
        case "memory":
            store = SqliteStorage()
        case "file":
            store = SqliteStorage(tmp_path / "store.db")
        case _:
            store = EtcdStorage([request.getfixturevalue("etcd")], prefix=next(_prefixes))
    await store.open()
    yield store
    await store.close()
