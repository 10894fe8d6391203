"""Puts an ASGI application behind TLS on a socket: uvicorn with httptools, and uvloop where there is one.

The certificate that a client shows is put into the scope (``peer_certificate``, DER), where authentication finds it.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kubewright.apiserver.certificates import ServingFiles

SHUTDOWN_SECONDS = 5
"""How long answers that are being sent may take when the server stops."""

_SHUTDOWN_TICK = 0.002
"""Seconds between looks at whether all connections are closed."""


HEAD_SECONDS = 32.0
"""How long the line and the headers of a request may take (kube-apiserver's ``ReadHeaderTimeout``)."""

MAX_HEAD = 1 << 20
"""Bytes that they may have (Go's ``DefaultMaxHeaderBytes``)."""


class Connection(HttpToolsProtocol):
    """One client's connection: its certificate is put into the scope, and the head of a request is bounded.

    A connection on which no request gets under way, or whose headers do not end, is closed.
    """

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        self._peer_certificate: bytes | None = tls.getpeercert(binary_form=True) if tls is not None else None
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self.send_400_response("Request header too large.")
                return
        super().data_received(data)
        if self._in_head and self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["peer_certificate"] = self._peer_certificate  # type: ignore[typeddict-unknown-key]
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._stop_head_timer()
        super().on_headers_complete()

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class Serving:
    """One listening socket and the application behind it.

    :param port: 0 picks a free one.
    :param client_ca: certificates that client certificates have to be signed by.
    """

    def __init__(
        self, app: Any, *, address: str, port: int, files: ServingFiles, client_ca: Path | None = None
    ) -> None:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._socket = socket.socket(family)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((address, port))
        self._socket.listen(1024)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_keep_alive=120,
            h11_max_incomplete_event_size=1 << 20,
        )
        config.load()
        config.ssl = _tls(files, client_ca)
        self._server = uvicorn.Server(config)

    async def start(self) -> None:
        """Accept connections."""
        self._server.lifespan = self._server.config.lifespan_class(self._server.config)
        await self._server.startup(sockets=[self._socket])
        await self._server.on_tick(0)  # Sets the headers of all answers; nothing else of uvicorn's clock is used here.

    async def stop(self) -> None:
        """Finish what is being answered, then close.

        As uvicorn's own shutdown does, but for its pauses of a tenth of a second.
        """
        for listener in self._server.servers:
            listener.close()
        self._socket.close()
        state = self._server.server_state
        for connection in list(state.connections):
            connection.shutdown()
        try:
            async with asyncio.timeout(SHUTDOWN_SECONDS):
                while state.connections or state.tasks:  # noqa: ASYNC110 -- uvicorn tells nobody when they end
                    await asyncio.sleep(_SHUTDOWN_TICK)
        except TimeoutError:
            for task in state.tasks:
                task.cancel()


def _tls(files: ServingFiles, client_ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
