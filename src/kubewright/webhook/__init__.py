"""Webhooks of an operator: defaulting, validation, raw admission and conversion, served over TLS.

The API server posts a review; the application finds the handler by path, the handler asks the user's function, and the
answer goes back.  Certificates are made, rotated and injected here too.
"""

from kubewright.webhook.admission import Handler, Problems, defaulting, raw, validating
from kubewright.webhook.app import WebhookApp, path_of
from kubewright.webhook.conversion import ConversionError, Conversions
from kubewright.webhook.errors import Invalid, Problem
from kubewright.webhook.review import AdmissionRequest, AdmissionResponse, Operation, UserInfo
from kubewright.webhook.server import WebhookServer

__all__ = [
    "AdmissionRequest",
    "AdmissionResponse",
    "ConversionError",
    "Conversions",
    "Handler",
    "Invalid",
    "Operation",
    "Problem",
    "Problems",
    "UserInfo",
    "WebhookApp",
    "WebhookServer",
    "defaulting",
    "path_of",
    "raw",
    "validating",
]
