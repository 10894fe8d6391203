"""``kubewright apiserver``: the embedded Kubernetes API server alone, until it is told to stop."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from kubewright.apiserver.process import CannotServe, Settings, serve
from kubewright.cli import Failure


def command(
    secure_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to serve HTTPS on; 0 picks a free one.")
    ] = 6443,
    bind_address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    data_dir: Annotated[str, typer.Option(help="Where to keep objects; ':memory:' keeps nothing.")] = ".kubewright",
    cert_dir: Annotated[str, typer.Option(help="Where the CA and the serving certificate are.")] = "",
    token_auth_file: Annotated[str, typer.Option(help='Bearer tokens: token,user,uid,"group1,group2".')] = "",
    client_ca_file: Annotated[str, typer.Option(help="CA of client certificates (CN=user, O=groups).")] = "",
    authorization_mode: Annotated[str, typer.Option(help="RBAC or AlwaysAllow.")] = "RBAC",
    write_kubeconfig: Annotated[str, typer.Option(help="Write an administrator's kubeconfig here.")] = "",
    audit_log_path: Annotated[str, typer.Option(help="Append audit events here, as JSON lines.")] = "",
    event_ttl: Annotated[str, typer.Option(help="How long events are kept; 0s keeps them for good.")] = "1h0m0s",
    etcd_servers: Annotated[str, typer.Option(help="URLs of an etcd to keep objects in: URL[,URL...].")] = "",
    etcd_cafile: Annotated[str, typer.Option(help="CA of etcd's certificates.")] = "",
    etcd_certfile: Annotated[str, typer.Option(help="Client certificate for etcd.")] = "",
    etcd_keyfile: Annotated[str, typer.Option(help="Key of --etcd-certfile.")] = "",
    etcd_prefix: Annotated[str, typer.Option(help="Put before etcd's keys, to share it among installations.")] = "",
) -> None:
    """Run the embedded Kubernetes API server."""
    if authorization_mode not in ("RBAC", "AlwaysAllow"):
        raise typer.BadParameter("RBAC and AlwaysAllow are known", param_hint="--authorization-mode")
    mode: Literal["RBAC", "AlwaysAllow"] = "RBAC" if authorization_mode == "RBAC" else "AlwaysAllow"
    if bool(etcd_certfile) != bool(etcd_keyfile):
        raise typer.BadParameter("needs --etcd-keyfile, and that --etcd-certfile", param_hint="--etcd-certfile")
    settings = Settings(
        secure_port=secure_port,
        bind_address=bind_address,
        data_dir=data_dir,
        cert_dir=cert_dir,
        token_auth_file=token_auth_file,
        client_ca_file=client_ca_file,
        authorization_mode=mode,
        write_kubeconfig=write_kubeconfig,
        audit_log_path=audit_log_path,
        event_ttl=event_ttl,
        etcd_servers=etcd_servers,
        etcd_cafile=etcd_cafile,
        etcd_certfile=etcd_certfile,
        etcd_keyfile=etcd_keyfile,
        etcd_prefix=etcd_prefix,
    )
    try:
        serve(settings)
    except CannotServe as error:
        raise Failure(str(error)) from None
