"""Puts the API server behind TLS on a socket.

The certificate that a client shows is asked for only where there is a CA to check it with.
"""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from kubewright.apiserver.certificates import ServingFiles
from kubewright.transport import Application, HttpServer

SHUTDOWN_SECONDS = 5.0
"""How long answers that are being sent may take when the server stops."""


class Serving:
    """One listening socket and the application behind it.

    :param port: 0 picks a free one.
    :param client_ca: certificates that client certificates have to be signed by.
    """

    def __init__(
        self, app: Application, *, address: str, port: int, files: ServingFiles, client_ca: Path | None = None
    ) -> None:
        listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(1024)
        self.port: int = listener.getsockname()[1]
        self._server = HttpServer(app, listener, tls=_tls(files, client_ca))

    async def start(self) -> None:
        """Accept connections."""
        await self._server.start()

    async def stop(self) -> None:
        """Finish what is being answered, then close."""
        await self._server.stop(SHUTDOWN_SECONDS)


def _tls(files: ServingFiles, client_ca: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(files.certificate, files.key)
    context.set_alpn_protocols(["http/1.1"])
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context
