"""An API server on a port: the store, the certificates, the tokens and the listener around one `ApiServer`.

``kubewright apiserver`` and the local cluster start this; tests that need no network use `ApiServer` alone.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import logging
import secrets
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Literal

from kubewright.apiserver.auth import AuditLog, ServiceAccountTokens, read_token_file
from kubewright.apiserver.certificates import serving_files
from kubewright.apiserver.event_expiry import DEFAULT_TTL
from kubewright.apiserver.server import ADMIN, ApiServer
from kubewright.apiserver.serving import Serving
from kubewright.apiserver.storage.protocol import Storage, StorageError
from kubewright.objects.errors import APIError

log = logging.getLogger("kubewright.apiserver")

AuthorizationMode = Literal["RBAC", "AlwaysAllow"]

_ANY = ("0.0.0.0", "::")

# Written out, as nothing in it needs quotes: a library for YAML takes longer to load than the server to start.
_KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: kubewright
clusters:
- name: kubewright
  cluster:
    server: {server}
    certificate-authority-data: {ca}
users:
- name: admin
  user:
    token: "{token}"
contexts:
- name: kubewright
  context:
    cluster: kubewright
    user: admin
"""


class HostedServer:
    """An API server behind TLS.  An administrator's token is made anew at every start.

    :param storage: where objects are kept; in memory by default.
    :param port: 0 picks a free one.
    :param token_file: further tokens, one a line: ``token,user,uid,"group1,group2"``.
    :param event_ttl: how long events are kept after they were last written; zero keeps them.
    :raises OSError: the address cannot be listened on, or a file cannot be read.
    """

    def __init__(
        self,
        *,
        storage: Storage | None = None,
        address: str = "127.0.0.1",
        port: int = 0,
        cert_dir: Path,
        token_file: Path | None = None,
        client_ca: Path | None = None,
        authorization_mode: AuthorizationMode = "RBAC",
        audit_log: Path | None = None,
        event_ttl: timedelta = DEFAULT_TTL,
    ) -> None:
        self.token = secrets.token_urlsafe(24)
        tokens = {self.token: ADMIN, **(read_token_file(token_file) if token_file else {})}
        hosts = {"localhost", "127.0.0.1", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1"}
        hosts |= {socket.gethostname()} if address in _ANY else {address}
        self._files = serving_files(cert_dir, hosts)
        self.server = ApiServer(
            storage,
            tokens=tokens,
            service_accounts=_service_account_tokens(cert_dir / "sa.key"),
            authorize=authorization_mode == "RBAC",
            audit=AuditLog(str(audit_log)) if audit_log else None,
            event_ttl=event_ttl,
        )
        self._serving = Serving(self.server.app, address=address, port=port, files=self._files, client_ca=client_ca)
        self.host = "127.0.0.1" if address in _ANY else address
        self._client_ca = client_ca
        self._completing: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}:{self._serving.port}"

    @property
    def ca(self) -> bytes:
        """The certificates that the server's own is signed by, PEM."""
        return self._files.ca.read_bytes()

    async def start(self) -> None:
        """Open the store and serve.

        :raises StorageError: the store cannot be opened.
        """
        await self.server.start()
        await self._serving.start()
        self._completing = asyncio.create_task(self._complete())

    async def stop(self) -> None:
        """End all watches, finish what is being answered, close the store."""
        if self._completing is not None:
            self._completing.cancel()
        self.server.end_watches()
        await self._serving.stop()
        await self.server.stop()

    async def completed(self) -> None:
        """Return when everything is there that a cluster has from the start."""
        if self._completing is not None:
            await asyncio.wait({self._completing})

    async def _complete(self) -> None:
        from kubewright.apiserver.registry.late_bootstrap import complete  # here: not before the server serves

        client_ca = self._client_ca.read_text() if self._client_ca is not None else ""
        try:
            await complete(await self.server.clusters.get(""), client_ca=client_ca)
        except (APIError, StorageError) as error:
            log.warning("not all of what a cluster has from the start could be made: %s", error)

    def write_kubeconfig(self, path: Path) -> None:
        """Write a kubeconfig for the administrator."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        ca = base64.b64encode(self.ca).decode()
        path.write_text(_KUBECONFIG.format(server=self.url, ca=ca, token=self.token))

    @staticmethod
    def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
        """uvloop where it is installed, else asyncio's own loop."""
        try:
            factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module("uvloop").new_event_loop
        except ModuleNotFoundError:
            return asyncio.new_event_loop
        return factory


def _service_account_tokens(path: Path) -> ServiceAccountTokens:
    """The issuer with the key in a file, which is made where there is none."""
    if path.exists():
        return ServiceAccountTokens.from_pem(path.read_bytes())
    tokens = ServiceAccountTokens.generate()
    path.touch(mode=0o600)
    path.write_bytes(tokens.to_pem())
    return tokens
