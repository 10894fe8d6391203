"""Which cluster to talk to, and as whom: the settings that a kubeconfig, or a Pod's mounts, come down to.

`kubeconfig.py` and `loading.py` make them; `Config.transport` turns them into an HTTP transport.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kubewright.client.credentials import Anonymous, ClientCertificate, Credentials
from kubewright.transport import HttpTransport, load_certificate, trusting


class ConfigError(ValueError):
    """The settings for reaching a cluster are missing or wrong; the text names file, context and field."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """How to reach one cluster."""

    server: str
    """URL of the API server, with the path it is served under, if any."""
    namespace: str = "default"
    """The namespace that requests mean which name none."""
    credentials: Credentials = field(default_factory=Anonymous)
    certificate_authority: bytes | None = None
    """PEM of the only certificates that are trusted; None means those that the machine trusts."""
    tls_server_name: str | None = None
    insecure_skip_tls_verify: bool = False
    proxy_url: str | None = None
    """URL of an HTTP proxy; None means what ``HTTPS_PROXY`` and ``NO_PROXY`` say."""
    impersonate: Sequence[tuple[str, str]] = ()
    """``Impersonate-*`` headers."""
    origin: str = ""
    """Where this was read: shown in errors."""
    context: str = ""

    def transport(self, *, timeout: float = 60.0) -> HttpTransport:
        """An HTTP transport with these settings.

        :raises ConfigError: a setting cannot be used.
        """
        url = urlsplit(self.server)
        if url.scheme not in ("http", "https") or not url.hostname:
            raise ConfigError(f"{self.origin}: server {self.server!r} is not an http or https URL")
        proxy = self.proxy_url or proxy_from_environment(url.scheme, url.hostname)
        if proxy and urlsplit(proxy).scheme != "http":
            raise ConfigError(f"{self.origin}: proxy {proxy!r}: only http:// proxies are supported")
        return HttpTransport(
            self.server,
            _Identity(self),
            server_name=self.tls_server_name,
            proxy=proxy,
            timeout=timeout,
            origin=self.origin,
        )


class _Identity:
    """The `Authenticator` of an HTTP transport: credentials become headers and a TLS context."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._certificate: ClientCertificate | None = None
        self._context = self._build(None) if config.server.startswith("https:") else None

    async def headers(self) -> Sequence[tuple[str, str]]:
        return [*(await self._config.credentials.headers()).items(), *self._config.impersonate]

    async def ssl_context(self) -> ssl.SSLContext | None:
        certificate = await self._config.credentials.certificate()
        if certificate != self._certificate:
            self._context = self._build(certificate)
            self._certificate = certificate
        return self._context

    def rejected(self) -> bool:
        return self._config.credentials.rejected()

    def _build(self, certificate: ClientCertificate | None) -> ssl.SSLContext:
        config = self._config
        trusted = config.certificate_authority
        try:
            context = trusting(trusted)
        except ValueError as error:
            raise ConfigError(f"{config.origin}: certificate-authority is not PEM: {error}") from error
        if config.insecure_skip_tls_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificate:
            try:
                load_certificate(context, certificate.certificate, certificate.key)
            except (ssl.SSLError, ValueError) as error:
                raise ConfigError(
                    f"{config.origin}: client certificate and key cannot be used: {error}; "
                    "are both PEM, and do they belong together?"
                ) from error
        return context


def proxy_from_environment(scheme: str, host: str) -> str | None:
    """What ``https_proxy`` and ``no_proxy`` say, in small or capital letters, as Go reads them."""
    proxy = _variable(f"{scheme}_proxy")
    if not proxy or host == "localhost" or host.startswith("127.") or host == "::1":
        return None
    return None if any(_covers(entry.strip(), host) for entry in _variable("no_proxy").split(",")) else proxy


def _variable(name: str) -> str:
    return os.environ.get(name) or os.environ.get(name.upper()) or ""


def _covers(entry: str, host: str) -> bool:
    """Whether an entry of ``no_proxy`` is about a host: ``*``, a network, an address, or a domain and those below."""
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        domain = entry.partition(":")[0].lstrip("*").lstrip(".").lower()
        return bool(domain) and f".{host.lower()}".endswith(f".{domain}")
