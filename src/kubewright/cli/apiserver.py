"""``kubewright apiserver``: the embedded Kubernetes API server alone, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import typer

from kubewright.apiserver.hosting import HostedServer

app = typer.Typer(add_completion=False)

_MEMORY = ":memory:"


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
) -> None:
    """Run the embedded Kubernetes API server."""
    if authorization_mode not in ("RBAC", "AlwaysAllow"):
        raise typer.BadParameter("RBAC and AlwaysAllow are known", param_hint="--authorization-mode")
    mode: Literal["RBAC", "AlwaysAllow"] = "RBAC" if authorization_mode == "RBAC" else "AlwaysAllow"
    with tempfile.TemporaryDirectory(prefix="kubewright-") as scratch:
        in_memory = data_dir == _MEMORY
        home = Path(scratch) if in_memory else Path(data_dir)
        try:
            server = HostedServer(
                store=_MEMORY if in_memory else home / "store.db",
                address=bind_address,
                port=secure_port,
                cert_dir=cert_dir or home / "pki",
                token_file=token_auth_file,
                client_ca=client_ca_file,
                authorization_mode=mode,
                audit_log=audit_log_path,
            )
        except OSError as error:
            raise typer.BadParameter(f"cannot listen on {bind_address}:{secure_port}: {error}") from None
        with asyncio.Runner(loop_factory=server.loop_factory()) as runner:
            runner.run(_serve(server, write_kubeconfig))


async def _serve(server: HostedServer, kubeconfig: Path | None) -> None:
    await server.start()
    if kubeconfig is not None:
        server.write_kubeconfig(kubeconfig)
    typer.echo(f"ready {server.url}")
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await server.stop()
