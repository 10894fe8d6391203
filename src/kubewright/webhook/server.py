"""Serves the webhook application over TLS, with a certificate that can be replaced while it runs.

The context that all connections share is loaded anew from a certificate and key in PEM; open connections keep theirs,
new ones get the new one.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl

from kubewright.transport import HttpServer, load_certificate
from kubewright.webhook.app import WebhookApp

_LAST_REVIEWS = 30.0
"""Seconds that reviews in flight may still take when the server stops: the longest time-out of a webhook."""


class WebhookServer:
    """An HTTPS server for webhooks.

    :param port: 0 takes a free one; see `port` after `start`.
    """

    def __init__(self, app: WebhookApp, *, host: str = "0.0.0.0", port: int = 9443) -> None:
        self.app = app
        self.host = host
        self.port = port
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._server: HttpServer | None = None

    def load_certificate(self, certificate: bytes, key: bytes) -> None:
        """Serve new connections with this certificate (chain) and key, in PEM.

        :raises ssl.SSLError: they are malformed or do not belong together.
        """
        load_certificate(self._context, certificate, key)

    async def start(self) -> None:
        """Listen; a certificate has been loaded before.

        :raises OSError: the address cannot be had.
        """
        try:
            listener = socket.create_server((self.host, self.port), backlog=1024, reuse_port=False)
        except OSError as error:
            why = os.strerror(error.errno or 0)  # its own text tells the address a second time
            raise OSError(
                f"cannot listen on {self.host or '*'}:{self.port} for webhooks: {why}; choose another --webhook-port"
            ) from error
        self.port = listener.getsockname()[1]
        self._server = HttpServer(self.app, listener, tls=self._context)
        await self._server.start()

    async def stop(self) -> None:
        """Answer what is being worked on, then close."""
        if self._server is not None:
            await self._server.stop(_LAST_REVIEWS)
            self._server = None

    async def check(self) -> str | None:
        """Why the server is not ready (a readiness check), or None: a TLS handshake with itself."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0", "::") else self.host
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, self.port, ssl=context), 1)
        except (OSError, TimeoutError) as error:
            return f"the webhook server does not answer on port {self.port}: {error}"
        writer.close()
        return None
