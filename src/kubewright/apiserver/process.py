"""The API server as a process: `Settings` come in, and it serves until it is told to stop.

``kubewright apiserver`` runs this.
"""

from __future__ import annotations

import asyncio
import gc
import signal
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Annotated

import msgspec

from kubewright.apiserver.hosting import AuthorizationMode, HostedServer
from kubewright.apiserver.storage.protocol import Storage, StorageError
from kubewright.apiserver.storage.sqlite import SqliteStorage
from kubewright.objects.time import Duration

MEMORY = ":memory:"

_GARBAGE = 10_000
"""New objects between looks for garbage; a request makes hundreds, hardly ever in cycles."""

_SOON = ("kubewright.apiserver.registry.builtin.crd", "kubewright.apiserver.registry.custom")
"""What the first CustomResourceDefinition needs, some 30 ms to load: it is read when the server is ready."""


class CannotServe(Exception):
    """The server cannot do its work; the text says what stands in the way, and what to do about it."""


class Settings(msgspec.Struct, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """What the server is told, named as its flags are; files and URLs that are not given are empty.

    :param data_dir: ``:memory:`` keeps nothing.
    """

    secure_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 6443
    bind_address: str = "127.0.0.1"
    data_dir: str = ".kubewright"
    cert_dir: str = ""
    token_auth_file: str = ""
    client_ca_file: str = ""
    authorization_mode: AuthorizationMode = "RBAC"
    write_kubeconfig: str = ""
    audit_log_path: str = ""
    event_ttl: str = "1h0m0s"
    etcd_servers: str = ""
    etcd_cafile: str = ""
    etcd_certfile: str = ""
    etcd_keyfile: str = ""
    etcd_prefix: str = ""


def serve(settings: Settings) -> None:
    """Serve until the process is interrupted or told to end.

    :raises CannotServe: an address is taken, a file cannot be read, the store cannot be opened.
    """
    with tempfile.TemporaryDirectory(prefix="kubewright-") as scratch:
        in_memory = settings.data_dir == MEMORY
        home = Path(scratch) if in_memory else Path(settings.data_dir)
        try:
            server = HostedServer(
                storage=_storage(settings, MEMORY if in_memory else home / "store.db"),
                address=settings.bind_address,
                port=settings.secure_port,
                cert_dir=_path(settings.cert_dir) or home / "pki",
                token_file=_path(settings.token_auth_file),
                client_ca=_path(settings.client_ca_file),
                authorization_mode=settings.authorization_mode,
                audit_log=_path(settings.audit_log_path),
                event_ttl=_duration("--event-ttl", settings.event_ttl),
            )
        except OSError as error:
            if error.filename is not None:
                raise CannotServe(f"{error.filename}: {error.strerror}") from None
            address = f"{settings.bind_address}:{settings.secure_port}"
            hint = "choose another --secure-port, or 0 for a free one"
            raise CannotServe(f"cannot listen on {address}: {error.strerror}; {hint}") from None
        with asyncio.Runner(loop_factory=server.loop_factory()) as runner:
            try:
                runner.run(_until_stopped(server, _path(settings.write_kubeconfig)))
            except StorageError as error:
                raise CannotServe(str(error)) from None


def _storage(settings: Settings, path: Path | str) -> Storage:
    if not settings.etcd_servers:
        return SqliteStorage(path)
    from kubewright.apiserver.storage.etcd import EtcdStorage  # here: most servers have a file

    return EtcdStorage(
        [url.strip() for url in settings.etcd_servers.split(",")],
        ca_file=_path(settings.etcd_cafile),
        cert_file=_path(settings.etcd_certfile),
        key_file=_path(settings.etcd_keyfile),
        prefix=settings.etcd_prefix,
    )


def _duration(flag: str, text: str) -> Duration:
    try:
        duration = Duration.from_plain(text)
    except ValueError as error:
        raise CannotServe(f"{flag}: {error}; write it as 1h30m") from None
    if duration < Duration():
        raise CannotServe(f"{flag}: {text} is negative; 0s keeps events for good")
    return duration


def _path(text: str) -> Path | None:
    return Path(text) if text else None


async def _until_stopped(server: HostedServer, kubeconfig: Path | None) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await server.start()
    if kubeconfig is not None:
        server.write_kubeconfig(kubeconfig)
    print(f"ready {server.url}", flush=True)
    for module in _SOON:
        import_module(module)
    # What is there now stays: looking through it for garbage again and again would take a sixth of a request's time.
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    await stop.wait()
    await server.stop()
