"""``kubewright apiserver``: the embedded Kubernetes API server alone, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import signal
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from kubewright.apiserver.hosting import HostedServer
from kubewright.apiserver.storage.etcd import EtcdStorage
from kubewright.apiserver.storage.protocol import Storage, StorageError
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.cli import Failure

app = typer.Typer(add_completion=False)

_MEMORY = ":memory:"

_GARBAGE = 10_000
"""New objects between looks for garbage; a request makes hundreds, hardly ever in cycles."""


@app.callback(invoke_without_command=True)
def apiserver(
    secure_port: Annotated[int, typer.Option(help="Port to serve HTTPS on; 0 picks a free one.")] = 6443,
    bind_address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data_dir: Annotated[str, typer.Option(help="Where to keep objects; ':memory:' keeps nothing.")] = ".kubewright",
    cert_dir: Annotated[Path | None, typer.Option(help="Where the CA and the serving certificate are.")] = None,
    token_auth_file: Annotated[Path | None, typer.Option(help='Bearer tokens: token,user,uid,"group1,group2".')] = None,
    client_ca_file: Annotated[Path | None, typer.Option(help="CA of client certificates (CN=user, O=groups).")] = None,
    authorization_mode: Annotated[str, typer.Option(help="RBAC or AlwaysAllow.")] = "RBAC",
    write_kubeconfig: Annotated[Path | None, typer.Option(help="Write an administrator's kubeconfig here.")] = None,
    audit_log_path: Annotated[Path | None, typer.Option(help="Append audit events here, as JSON lines.")] = None,
    etcd_servers: Annotated[str, typer.Option(help="URLs of an etcd to keep objects in: URL[,URL...].")] = "",
    etcd_cafile: Annotated[Path | None, typer.Option(help="CA of etcd's certificates.")] = None,
    etcd_certfile: Annotated[Path | None, typer.Option(help="Client certificate for etcd.")] = None,
    etcd_keyfile: Annotated[Path | None, typer.Option(help="Key of --etcd-certfile.")] = None,
    etcd_prefix: Annotated[str, typer.Option(help="Put before etcd's keys, to share it among installations.")] = "",
) -> None:
    """Run the embedded Kubernetes API server."""
    if authorization_mode not in ("RBAC", "AlwaysAllow"):
        raise typer.BadParameter("RBAC and AlwaysAllow are known", param_hint="--authorization-mode")
    mode: Literal["RBAC", "AlwaysAllow"] = "RBAC" if authorization_mode == "RBAC" else "AlwaysAllow"
    if (etcd_certfile is None) != (etcd_keyfile is None):
        raise typer.BadParameter("needs --etcd-keyfile, and that --etcd-certfile", param_hint="--etcd-certfile")
    with tempfile.TemporaryDirectory(prefix="kubewright-") as scratch:
        in_memory = data_dir == _MEMORY
        home = Path(scratch) if in_memory else Path(data_dir)
        storage: Storage = SqliteStorage(_MEMORY if in_memory else home / "store.db")
        if etcd_servers:
            storage = EtcdStorage(
                [url.strip() for url in etcd_servers.split(",")],
                ca_file=etcd_cafile,
                cert_file=etcd_certfile,
                key_file=etcd_keyfile,
                prefix=etcd_prefix,
            )
        try:
            server = HostedServer(
                storage=storage,
                address=bind_address,
                port=secure_port,
                cert_dir=cert_dir or home / "pki",
                token_file=token_auth_file,
                client_ca=client_ca_file,
                authorization_mode=mode,
                audit_log=audit_log_path,
            )
        except OSError as error:
            if error.filename is not None:
                raise Failure(f"{error.filename}: {error.strerror}") from None
            hint = "choose another --secure-port, or 0 for a free one"
            raise Failure(f"cannot listen on {bind_address}:{secure_port}: {error.strerror}; {hint}") from None
        with asyncio.Runner(loop_factory=server.loop_factory()) as runner:
            try:
                runner.run(_serve(server, write_kubeconfig))
            except StorageError as error:
                raise Failure(str(error)) from None


async def _serve(server: HostedServer, kubeconfig: Path | None) -> None:
    await server.start()
    if kubeconfig is not None:
        server.write_kubeconfig(kubeconfig)
    # What is there now stays: looking through it for garbage again and again would take a sixth of a request's time.
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    typer.echo(f"ready {server.url}")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await server.stop()
