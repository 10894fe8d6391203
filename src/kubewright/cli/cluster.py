"""``kubewright cluster``: a local cluster in the background, kept in a directory until it is stopped.

The directory holds the store, the certificates, the kubeconfig, the process's id and its log; `start` takes up a
stopped cluster where it was left.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from kubewright.apiserver.storage.backup import restore as restore_into
from kubewright.apiserver.storage.backup import snapshot
from kubewright.apiserver.storage.protocol import StorageError
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.cli import Failure
from kubewright.cli.output import Format, Output, progress, show
from kubewright.client import connect
from kubewright.localcluster import LocalCluster
from kubewright.objects.errors import APIError

app = typer.Typer(no_args_is_help=True, add_completion=False)

Directory = Annotated[Path, typer.Option("--data-dir", help="Where the cluster is kept.")]

_HOME = Path(".kubewright/cluster")
_PATIENCE = 15.0
"""Seconds that starting and stopping may take."""


@app.command()
def start(
    data_dir: Directory = _HOME,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the API server; 0 picks a free one.")] = 0,
    foreground: Annotated[bool, typer.Option("--foreground", help="Stay until Ctrl-C or SIGTERM.")] = False,
) -> None:
    """Start the cluster; it serves when this command has ended.

    For example: kubewright cluster start, then export KUBECONFIG=.kubewright/cluster/kubeconfig
    """
    if _process(data_dir) is not None:
        typer.echo(f"the cluster in {data_dir} runs already")
        return
    data_dir.mkdir(parents=True, exist_ok=True)
    if foreground:
        _stay(data_dir, port)
        return
    _ready_file(data_dir).unlink(missing_ok=True)
    log = data_dir / "cluster.log"
    command = [sys.executable, "-m", "kubewright", "cluster", "start", "--foreground"]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*command, "--data-dir", str(data_dir), "--port", str(port)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    try:
        with progress().status("starting the cluster"):
            _wait(lambda: _ready_file(data_dir).exists() or process.poll() is not None)
    except KeyboardInterrupt:
        process.terminate()
        raise
    if not _ready_file(data_dir).exists():
        said = log.read_text(errors="replace").rstrip().rpartition("\n")[2]
        raise Failure(f"the cluster did not start: {said.removeprefix('error: ')} (its log is {log})")
    typer.echo(f"the cluster serves {_ready_file(data_dir).read_text()}")
    typer.echo(f"export KUBECONFIG={(data_dir / 'kubeconfig').resolve()}")


@app.command()
def stop(data_dir: Directory = _HOME) -> None:
    """Stop the cluster; what is stored stays."""
    process = _process(data_dir)
    if process is None:
        typer.echo(f"no cluster runs in {data_dir}")
        return
    os.kill(process, signal.SIGTERM)
    _wait(lambda: _process(data_dir) is None)
    if _process(data_dir) is not None:
        raise Failure(f"process {process} has not ended within {_PATIENCE:g} s")
    typer.echo("stopped")


@app.command()
def status(data_dir: Directory = _HOME, output: Output = Format.text) -> None:
    """Tell whether the cluster runs; the status is 1 if not."""
    process = _process(data_dir)
    data: dict[str, object] = {"dataDir": str(data_dir), "running": process is not None}
    text = f"no cluster runs in {data_dir}; start one: kubewright cluster start"
    if process is not None:
        url = _ready_file(data_dir).read_text()
        data |= {"process": process, "url": url, "kubeconfig": str((data_dir / "kubeconfig").resolve())}
        text = f"process {process} serves {url}\nexport KUBECONFIG={data['kubeconfig']}"
    show(data, output, lambda console: console.print(text, soft_wrap=True))
    if process is None:
        raise typer.Exit(1)


@app.command()
def kubeconfig(data_dir: Directory = _HOME) -> None:
    """Print the administrator's kubeconfig."""
    path = data_dir / "kubeconfig"
    if not path.exists():
        raise Failure(f"no cluster has run in {data_dir}: kubewright cluster start")
    typer.echo(path.read_text(), nl=False)


@app.command()
def backup(file: Annotated[Path, typer.Argument(help="The file to write.")], data_dir: Directory = _HOME) -> None:
    """Write all that the cluster stores into a file; it may be running."""
    part = file.with_name(f"{file.name}.part")
    with _told():
        part.write_bytes(asyncio.run(_copy(data_dir, running=_process(data_dir) is not None)))
        part.replace(file)
    typer.echo(f"wrote {file}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `kubewright cluster backup` wrote.")], data_dir: Directory = _HOME
) -> None:
    """Begin a cluster with what a backup holds; it must not have stored anything yet."""
    if _process(data_dir) is not None:
        raise Failure(f"the cluster in {data_dir} runs: kubewright cluster stop")
    with _told():
        count = asyncio.run(_fill(file, data_dir))
    typer.echo(f"restored {count} objects: kubewright cluster start")


async def _copy(data_dir: Path, *, running: bool) -> bytes:
    if running:
        async with connect(data_dir / "kubeconfig") as client:
            return (await client.rest.request("GET", "/backup")).body
    if not (data_dir / "store.db").exists():
        raise StorageError(f"no cluster has run in {data_dir}; choose another with --data-dir")
    storage = SqliteStorage(data_dir / "store.db")
    await storage.open()
    try:
        return await snapshot(storage)
    finally:
        await storage.close()


async def _fill(file: Path, data_dir: Path) -> int:
    storage = SqliteStorage(data_dir / "store.db")
    await storage.open()
    try:
        return await restore_into(file, storage)
    finally:
        await storage.close()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """End the command with the text of an expected failure."""
    try:
        yield
    except (OSError, APIError) as error:
        raise Failure(str(error)) from None


def _stay(data_dir: Path, port: int) -> None:
    try:
        asyncio.run(_serve(data_dir, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = "choose another --port, or 0 for a free one"
            raise Failure(f"cannot listen on 127.0.0.1:{port}: {error.strerror}; {hint}") from None
        raise Failure(str(error)) from None


async def _serve(data_dir: Path, port: int) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-7s %(message)s")
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    pid, ready = data_dir / "pid", _ready_file(data_dir)
    async with LocalCluster(data_dir, port=port) as cluster:
        pid.write_text(str(os.getpid()))
        ready.write_text(cluster.url)
        typer.echo(f"ready {cluster.url}")
        await stopping.wait()
    for file in (pid, ready):
        file.unlink(missing_ok=True)


def _ready_file(data_dir: Path) -> Path:
    """Holds the URL while the cluster serves."""
    return data_dir / "url"


def _process(data_dir: Path) -> int | None:
    """The process that runs the cluster, if one does."""
    with contextlib.suppress(OSError, ValueError):
        process = int((data_dir / "pid").read_text())
        os.kill(process, 0)
        return process
    return None


def _wait(until: Callable[[], bool]) -> None:
    """Return when something holds, or after a while."""
    deadline = time.monotonic() + _PATIENCE
    while not until() and time.monotonic() < deadline:
        time.sleep(0.02)
