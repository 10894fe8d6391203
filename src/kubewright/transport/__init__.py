"""HTTP as this project needs it: to a Kubernetes API server, from it to webhooks and etcd, and inside one process."""

from kubewright.transport.asgi import AsgiTransport
from kubewright.transport.http import Authenticator, HttpTransport
from kubewright.transport.protocol import (
    ConnectError,
    Response,
    Stream,
    Transport,
    TransportError,
    TransportTimeout,
)
from kubewright.transport.tls import Caller, trusting
from kubewright.transport.tracing import traced

__all__ = [
    "AsgiTransport",
    "Authenticator",
    "Caller",
    "ConnectError",
    "HttpTransport",
    "Response",
    "Stream",
    "Transport",
    "TransportError",
    "TransportTimeout",
    "traced",
    "trusting",
]
