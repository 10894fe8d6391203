"""Whom a TLS connection trusts, by Go's rules rather than OpenSSL's where they differ."""

from __future__ import annotations

import ssl
from collections.abc import Sequence


def trusting(authorities: bytes | None) -> ssl.SSLContext:
    """A client's TLS context.

    :param authorities: PEM; only these are trusted.  None trusts what the machine trusts.
    :raises ValueError: they are no PEM certificates.
    """
    context = _ClientContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        if authorities:
            context.load_verify_locations(cadata=authorities.decode("ascii"))
        else:
            context.load_default_certs()
    except ssl.SSLError as error:
        raise ValueError(str(error)) from error
    # A serving certificate that is itself named as the authority is trusted, as Go trusts it.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


class _ClientContext(ssl.SSLContext):
    """Takes a host name in ASCII as it is: for any text, the ssl module loads half a megabyte of Unicode tables."""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        if isinstance(server_hostname, str) and server_hostname.isascii():
            server_hostname = server_hostname.encode()
        return super().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def load_certificate(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Show this certificate (chain) on new connections, both in PEM.

    :raises ssl.SSLError: they are malformed or do not belong together.
    """
    import tempfile  # 3 ms, where a certificate is loaded

    # The ssl module reads files only: this one lives as long as the call, for its owner's eyes.
    with tempfile.NamedTemporaryFile(prefix="kubewright-") as file:
        file.write(certificate + b"\n" + key)
        file.flush()
        context.load_cert_chain(file.name)


class Caller:
    """An `Authenticator` for servers that ask for no more than a certificate, if anything."""

    def __init__(self, context: ssl.SSLContext | None, *, headers: Sequence[tuple[str, str]] = ()) -> None:
        self._context = context
        self._headers = headers

    async def headers(self) -> Sequence[tuple[str, str]]:
        return self._headers

    async def ssl_context(self) -> ssl.SSLContext | None:
        return self._context

    def rejected(self) -> bool:
        return False
