"""Serves an ASGI application on an address, as one of the manager's runnables."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import logging
import socket
import ssl
from collections.abc import Callable
from typing import NamedTuple

from kubewright.transport import Application, HttpServer, load_certificate
from kubewright.webhook.certificates import Policy

_LAST_REQUESTS = 5
"""Seconds that requests in flight may still take when the server stops."""


logger = logging.getLogger("kubewright.manager")


class BindAddress(NamedTuple):
    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> BindAddress | None:
        """``HOST:PORT``, ``:PORT`` for all addresses, ``[::1]:PORT``; ``0`` or nothing means: do not serve.

        :raises ValueError: it is none of these.
        """
        if text in ("", "0"):
            return None
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdigit() or int(port) > 65535:
            raise ValueError(f"{text!r} is no address to listen on: write HOST:PORT, :PORT, or 0 to switch it off")
        return cls(host.strip("[]") or "0.0.0.0", int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class AddressInUse(OSError):
    """Somebody listens there already; the text says what to do."""


class HTTPServer:
    """One listener.

    :param tls: serve HTTPS with it; None means plain HTTP.
    :param option: of the command line that tells the address.
    """

    def __init__(
        self,
        name: str,
        app: Application,
        address: BindAddress,
        *,
        tls: ssl.SSLContext | None = None,
        option: str = "",
    ) -> None:
        self.name = name
        self.address = address
        """Once it serves, with the real port where port 0 was asked for."""
        self._app = app
        self._tls = tls
        self._option = option

    async def run(self, stop: asyncio.Event, ready: Callable[[], None]) -> None:
        listener = self._listen()
        self.address = BindAddress(self.address.host, listener.getsockname()[1])
        server = HttpServer(self._app, listener, tls=self._tls)
        await server.start()
        try:
            logger.info("%s: serving on %s", self.name, self.address)
            ready()
            await stop.wait()
        finally:
            await server.stop(_LAST_REQUESTS)

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self.address.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(tuple(self.address))
            listener.listen(128)
        except OSError as error:
            listener.close()
            hint = f"; choose another {self._option}, or 0 to switch it off" if self._option else ""
            raise AddressInUse(f"cannot listen on {self.address} for {self.name}: {error.strerror}{hint}") from error
        listener.setblocking(False)
        return listener


def self_signed(host: str) -> ssl.SSLContext:
    """TLS with a certificate that nobody vouches for: it keeps tokens from eavesdroppers, as scrapers expect it."""
    from kubewright.webhook.rotation import rotate  # with cryptography, which few processes need

    lifetime = dt.timedelta(days=5 * 365)
    made = rotate(None, dt.datetime.now(dt.UTC), [host], Policy(serving_lifetime=lifetime))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load_certificate(context, made.certificate, made.key)
    return context
