"""HTTP as this project needs it, clients and servers: on a network with TLS, or inside one process."""

from kubewright.transport.asgi import Application, AsgiTransport, Message, Receive, Scope, Send
from kubewright.transport.body import BodyTooLarge, ClientDisconnected, read_body
from kubewright.transport.exchange import PUSH
from kubewright.transport.http import Authenticator, HttpTransport
from kubewright.transport.protocol import (
    ConnectError,
    Response,
    Stream,
    Transport,
    TransportError,
    TransportTimeout,
)
from kubewright.transport.server import HttpServer
from kubewright.transport.tls import Caller, load_certificate, trusting
from kubewright.transport.tracing import traced

__all__ = [
    "PUSH",
    "Application",
    "AsgiTransport",
    "Authenticator",
    "BodyTooLarge",
    "Caller",
    "ClientDisconnected",
    "ConnectError",
    "HttpServer",
    "HttpTransport",
    "Message",
    "Receive",
    "Response",
    "Scope",
    "Send",
    "Stream",
    "Transport",
    "TransportError",
    "TransportTimeout",
    "load_certificate",
    "read_body",
    "traced",
    "trusting",
]
