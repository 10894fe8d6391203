"""Calls to webhooks: from a ``clientConfig`` (a URL or a service, with a CA bundle) to the bytes of the answer.

Admission and conversion webhooks both go through one `WebhookClient`, which keeps connections open.  What goes wrong is
worded as kube-apiserver's REST client words it.
"""

from __future__ import annotations

import base64
import math
import os
import ssl
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from kubewright.apiserver.registry.strategy import Reader
from kubewright.transport import Caller, HttpTransport, TransportError, TransportTimeout, trusting

_MAX_TRANSPORTS = 64
_HEADERS = {
    "user-agent": "kube-apiserver-admission",
    "content-type": "application/json",
    "accept": "application/json, */*",
}


class CallFailed(Exception):
    """A webhook could not be reached, or did not answer with success; the text says why."""


class Address(NamedTuple):
    ip: str
    port: int


LOCAL_PORT: Final = "kubewright.dev/local-port"
"""Annotation of a Service: a process of this machine listens on this port of 127.0.0.1 in place of the Service's Pods.

No container runs on an embedded cluster, and nothing listens on a Pod's address."""


def resolve_service(reader: Reader, namespace: str, name: str, port: int) -> Address:
    """Where one port of a Service is reached: at the local process, else a ready endpoint, else the cluster IP.

    :raises CallFailed: there is no such Service, or it has no such port.
    """
    service = reader.get("", "services", namespace, name)
    if service is None:
        raise CallFailed(f'service "{name}" not found')
    spec = service.get("spec") or {}
    declared = next((one for one in spec.get("ports") or () if one.get("port") == port), None)
    if declared is None:
        raise CallFailed(f'no service port {port} found for service "{name}"')
    local = (service["metadata"].get("annotations") or {}).get(LOCAL_PORT, "")
    if local.isdecimal():
        return Address("127.0.0.1", int(local))
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
    """Posts reviews to webhooks; connections are kept per CA bundle and address."""

    def __init__(self) -> None:
        self._transports: OrderedDict[tuple[str, str, Address | None], HttpTransport] = OrderedDict()

    async def post(self, config: Mapping[str, Any], body: bytes, *, timeout: float, reader: Reader) -> bytes:
        """Send a review and return the body of the answer.

        :param config: a ``WebhookClientConfig`` object.
        :param timeout: seconds for all of it; the webhook is told, rounded up, as ``?timeout=10s``.
        :raises CallFailed: no successful answer came in time.
        """
        server, path = _url(config)
        path = f"{path}?timeout={math.ceil(timeout)}s"
        try:
            address = _address(config, reader)
        except CallFailed as error:
            raise CallFailed(f'Post "{server}{path}": {error}') from error
        transport = await self._transport(config.get("caBundle") or "", server, address)
        try:
            response = await transport.request("POST", path, headers=_HEADERS, body=body, timeout=timeout)
        except TransportTimeout as error:
            raise CallFailed(f'Post "{server}{path}": context deadline exceeded') from error
        except TransportError as error:
            raise CallFailed(f'Post "{server}{path}": {_why(error)}') from error
        if not 200 <= response.status <= 206:
            raise CallFailed(_status_message(response.status, response.body))
        return response.body

    async def close(self) -> None:
        while self._transports:
            _, transport = self._transports.popitem()
            await transport.close()

    async def _transport(self, bundle: str, server: str, address: Address | None) -> HttpTransport:
        key = (bundle, server, address)
        transport = self._transports.get(key)
        if transport is None:
            # Reviews have no effect of their own, so one may be sent again.
            transport = HttpTransport(server, Caller(_context(bundle)), address=address, repeatable=True)
            self._transports[key] = transport
            if len(self._transports) > _MAX_TRANSPORTS:
                _, oldest = self._transports.popitem(last=False)
                await oldest.close()
        else:
            self._transports.move_to_end(key)
        return transport


def _url(config: Mapping[str, Any]) -> tuple[str, str]:
    """The server's URL and the path."""
    if url := config.get("url"):
        parts = urlsplit(url)
        return f"{parts.scheme}://{parts.netloc}", parts.path or "/"
    service = config["service"]
    server = f"https://{service['name']}.{service['namespace']}.svc:{service.get('port') or 443}"
    return server, f"/{(service.get('path') or '').lstrip('/')}"


def _address(config: Mapping[str, Any], reader: Reader) -> Address | None:
    """Where a service is, as the URL has the name of its certificate; None where the URL says it.

    :raises CallFailed: there is no such service.
    """
    if config.get("url"):
        return None
    service = config["service"]
    return resolve_service(reader, service["namespace"], service["name"], service.get("port") or 443)


def _context(bundle: str) -> ssl.SSLContext:
    try:
        authorities = base64.b64decode(bundle, validate=True)
        if bundle and b"-----BEGIN CERTIFICATE-----" not in authorities:
            raise CallFailed("unable to load root certificates: unable to parse bytes as PEM block")
        return trusting(authorities or None)
    except ValueError as error:
        raise CallFailed(f"unable to load root certificates: {error}") from error


def _why(error: TransportError) -> str:
    """The cause at the bottom: ``connection refused`` says more than which server could not be reached."""
    match error.__cause__:
        case ssl.SSLCertVerificationError() as cause:
            return f"tls: failed to verify certificate: x509: {cause.verify_message}"
        case OSError(errno=int(number)) if number > 0:
            return os.strerror(number).lower()
        case None:
            return str(error)
        case cause:
            return str(cause) or str(error)


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
