"""Webhooks of an operator: defaulting, validation, raw admission and conversion, served over TLS.

The API server posts a review; the application finds the handler by path, the handler asks the user's function, and the
answer goes back.  Certificates are made, rotated and injected here too.
"""

from kubewright.webhook.admission import Handler, Problems, defaulting, raw, validating
from kubewright.webhook.app import WebhookApp, path_of
from kubewright.webhook.certificate_store import CertificateFiles, CertificateStore, DirectoryStore, SecretStore
from kubewright.webhook.certificates import Certificates
from kubewright.webhook.conversion import ConversionError, Conversions
from kubewright.webhook.declaration import (
    ServiceEndpoint,
    URLEndpoint,
    WebhookDeclaration,
    WebhookOptions,
    admission,
    app_of,
    configurations,
    conversion_through,
    defaulter,
    validator,
)
from kubewright.webhook.errors import Invalid, Problem
from kubewright.webhook.policy import Params, PolicyDeclaration, PolicyOptions, policy
from kubewright.webhook.registration import Injection, LocalRegistration, Registration
from kubewright.webhook.review import AdmissionRequest, AdmissionResponse, Operation, UserInfo
from kubewright.webhook.runner import Webhooks
from kubewright.webhook.server import WebhookServer

__all__ = [
    "AdmissionRequest",
    "AdmissionResponse",
    "CertificateFiles",
    "CertificateStore",
    "Certificates",
    "ConversionError",
    "Conversions",
    "DirectoryStore",
    "Handler",
    "Injection",
    "Invalid",
    "LocalRegistration",
    "Operation",
    "Params",
    "PolicyDeclaration",
    "PolicyOptions",
    "Problem",
    "Problems",
    "Registration",
    "SecretStore",
    "ServiceEndpoint",
    "URLEndpoint",
    "UserInfo",
    "WebhookApp",
    "WebhookDeclaration",
    "WebhookOptions",
    "WebhookServer",
    "Webhooks",
    "admission",
    "app_of",
    "configurations",
    "conversion_through",
    "defaulter",
    "defaulting",
    "path_of",
    "policy",
    "raw",
    "validating",
    "validator",
]
