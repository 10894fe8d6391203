"""The client of a Kubernetes API server: configuration, transports, verbs, watches and discovery.

`connect()` makes a `Client` for the cluster that the user means; `Client(AsgiTransport(app))` talks to a server in the
same process.  Errors are those of `kubewright.objects.errors`.
"""

from kubewright.client.client import Client, ObjectList
from kubewright.client.config import Config, ConfigError
from kubewright.client.credentials import CredentialError
from kubewright.client.discovery import NoMatch, RestMapper, RestMapping
from kubewright.client.kinds import Kind, MetadataOnly, Target, Untyped
from kubewright.client.kubeconfig import Kubeconfig
from kubewright.client.loading import connect, in_cluster, in_cluster_config, load_config
from kubewright.client.parameters import Fields, Labels, Propagation, selector_text
from kubewright.client.rest import RestClient, resource_path
from kubewright.client.watch import RawEvent, WatchEvent, read_events
from kubewright.client.writes import Write
from kubewright.transport.asgi import AsgiTransport
from kubewright.transport.http import HttpTransport
from kubewright.transport.protocol import ConnectError, Response, Stream, Transport, TransportError, TransportTimeout

__all__ = [
    "AsgiTransport",
    "Client",
    "Config",
    "ConfigError",
    "ConnectError",
    "CredentialError",
    "Fields",
    "HttpTransport",
    "Kind",
    "Kubeconfig",
    "Labels",
    "MetadataOnly",
    "NoMatch",
    "ObjectList",
    "RawEvent",
    "Response",
    "RestClient",
    "RestMapper",
    "RestMapping",
    "Stream",
    "Propagation",
    "Target",
    "Transport",
    "TransportError",
    "TransportTimeout",
    "Untyped",
    "WatchEvent",
    "Write",
    "connect",
    "in_cluster",
    "in_cluster_config",
    "load_config",
    "read_events",
    "resource_path",
    "selector_text",
]
