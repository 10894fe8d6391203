"""Calls to webhooks: from a ``clientConfig`` (a URL or a service, with a CA bundle) to the bytes of the answer.

Admission and conversion webhooks both go through one `WebhookClient`, which keeps connections open.  What goes wrong is
worded as kube-apiserver's REST client words it.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ipaddress
import math
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import msgspec
from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from kubewright.apiserver.registry.strategy import Reader

_MAX_CLIENTS = 64


class CallFailed(Exception):
    """A webhook could not be reached, or did not answer with success; the text says why."""


class Address(NamedTuple):
    ip: str
    port: int


class ServiceResolver:
    """Finds where a Service's webhook listens.

    :param addresses: where services of processes outside the cluster listen,
        ``{"NAMESPACE/NAME": ("127.0.0.1", 9443)}``: the embedded server has no Service network, so an operator that
        runs as a local process is named here.
    """

    def __init__(self, addresses: Mapping[str, tuple[str, int]] | None = None) -> None:
        self.addresses = {name: Address(*address) for name, address in (addresses or {}).items()}

    def resolve(self, reader: Reader, namespace: str, name: str, port: int) -> Address:
        """The address of one port of a Service: as configured, else a ready endpoint's, else the cluster IP's.

        :raises CallFailed: there is no such Service, or it has no such port.
        """
        if address := self.addresses.get(f"{namespace}/{name}"):
            return address
        service = reader.get("", "services", namespace, name)
        if service is None:
            raise CallFailed(f'service "{name}" not found')
        spec = service.get("spec") or {}
        declared = next((one for one in spec.get("ports") or () if one.get("port") == port), None)
        if declared is None:
            raise CallFailed(f'no service port {port} found for service "{name}"')
        endpoints = reader.get("", "endpoints", namespace, name)
        for subset in (endpoints or {}).get("subsets") or ():
            target = next((p for p in subset.get("ports") or () if p.get("name") == declared.get("name")), None)
            if target and subset.get("addresses"):
                return Address(subset["addresses"][0]["ip"], target["port"])
        cluster_ip = spec.get("clusterIP") or ""
        if cluster_ip in ("", "None"):
            raise CallFailed(f'no endpoints available for service "{name}"')
        return Address(cluster_ip, port)


class WebhookClient:
    """Posts reviews to webhooks; connections are kept per CA bundle and service address."""

    def __init__(self, resolver: ServiceResolver | None = None) -> None:
        self.resolver = resolver or ServiceResolver()
        self._clients: OrderedDict[tuple[str, str, str], Client] = OrderedDict()

    async def post(self, config: Mapping[str, Any], body: bytes, *, timeout: float, reader: Reader) -> bytes:
        """Send a review and return the body of the answer.

        :param config: a ``WebhookClientConfig`` object.
        :param timeout: seconds for all of it; the webhook is told, rounded up, as ``?timeout=10s``.
        :raises CallFailed: no successful answer came in time.
        """
        url, host, ip = self._locate(config, reader)
        url = f"{url}?timeout={math.ceil(timeout)}s"
        client = await self._client(config.get("caBundle") or "", host, ip)
        request = (
            client.post(url)
            .header("content-type", "application/json")
            .header("accept", "application/json, */*")
            .body_bytes(body)
            .build()
        )
        try:
            # Not the request's own timeout: with that set, a refused connection comes back as a connection timeout.
            async with asyncio.timeout(timeout):
                response = await request.send()
                answer = bytes(await response.bytes())
        except PyreqwestError as error:
            raise CallFailed(f'Post "{url}": {_innermost(error)}') from error
        except TimeoutError as error:
            raise CallFailed(f'Post "{url}": context deadline exceeded') from error
        if not 200 <= response.status <= 206:
            raise CallFailed(_status_message(response.status, answer))
        return answer

    async def close(self) -> None:
        while self._clients:
            _, client = self._clients.popitem()
            await client.close()

    def _locate(self, config: Mapping[str, Any], reader: Reader) -> tuple[str, str, str]:
        """The URL, and for a service the name that its certificate is for with the address behind it."""
        if url := config.get("url"):
            parts = urlsplit(url)
            return urlunsplit((parts.scheme, parts.netloc, parts.path or "/", "", "")), "", ""
        service = config["service"]
        namespace, name = service["namespace"], service["name"]
        ip, port = self.resolver.resolve(reader, namespace, name, service.get("port") or 443)
        host = f"{name}.{namespace}.svc"
        return f"https://{host}:{port}/{(service.get('path') or '').lstrip('/')}", host, ip

    async def _client(self, bundle: str, host: str, ip: str) -> Client:
        key = (bundle, host, ip)
        client = self._clients.get(key)
        if client is None:
            client = self._clients[key] = _build_client(bundle, host, ip)
            if len(self._clients) > _MAX_CLIENTS:
                _, oldest = self._clients.popitem(last=False)
                await oldest.close()
        else:
            self._clients.move_to_end(key)
        return client


def _build_client(bundle: str, host: str, ip: str) -> Client:
    builder = ClientBuilder().user_agent("kube-apiserver-admission").follow_redirects(False)
    if bundle:
        try:
            certificates = base64.b64decode(bundle, validate=True)
        except binascii.Error as error:
            raise CallFailed(f"unable to load root certificates: {error}") from error
        if b"-----BEGIN CERTIFICATE-----" not in certificates:
            raise CallFailed("unable to load root certificates: unable to parse bytes as PEM block")
        for certificate in _split_certificates(certificates):
            builder = builder.add_root_certificate_pem(certificate)
    if host:
        builder = builder.no_proxy().resolve(host, str(ipaddress.ip_address(ip)), 0)
    return builder.build()


def _split_certificates(bundle: bytes) -> list[bytes]:
    """The builder takes one certificate at a time; a bundle holds several while a CA is being replaced."""
    end = b"-----END CERTIFICATE-----"
    return [part + end + b"\n" for part in bundle.split(end)[:-1]]


def _innermost(error: PyreqwestError) -> str:
    """The cause at the bottom: ``Connection refused`` says more than ``error sending request``."""
    details = getattr(error, "details", None) or {}
    causes = details.get("causes") or ()
    text, _, _ = (causes[-1]["message"] if causes else str(error)).partition(" (os error ")
    return f"{text[:1].lower()}{text[1:]}"


_STATUS_MESSAGES = {
    400: "the server rejected our request for an unknown reason",
    401: "the server has asked for the client to provide credentials",
    403: "unknown",
    404: "the server could not find the requested resource",
    405: "the server does not allow this method on the requested resource",
    406: "the server was unable to respond with a content type that the client supports",
    409: "the server reported a conflict",
    415: "the body of the request was in an unknown format",
    422: "the server rejected our request due to an error in our request",
    429: "the server has received too many requests and has asked us to try again later",
    503: "the server is currently unable to handle the request",
    504: "the server was unable to return a response in the time allotted, but may still be processing the request",
}


def _status_message(status: int, body: bytes) -> str:
    """What `apierrors.NewGenericServerResponse` says of an answer, unless it is a ``Status`` with its own message."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        answer = None
    if isinstance(answer, dict) and answer.get("kind") == "Status" and isinstance(answer.get("message"), str):
        return str(answer["message"])
    if status in _STATUS_MESSAGES:
        return _STATUS_MESSAGES[status]
    if status >= 500:
        shown = msgspec.json.encode(body.decode(errors="replace").strip() or "unknown").decode()
        return f"an error on the server ({shown}) has prevented the request from succeeding"
    return f"the server responded with the status code {status} but did not return more information"
