"""Access: who asks (`Authentication`), as whom (`impersonated`), and whether he may (`RBAC`).

The order in which the server asks: `Authentication.authenticate`, `impersonated`, `require`; on writes of roles and
bindings the `EscalationGuard` besides; at the end an `audit_event` for the `AuditLog`.
"""

from kubewright.apiserver.auth import access_reviews, token_reviews
from kubewright.apiserver.auth.audit import AuditLog, audit_event
from kubewright.apiserver.auth.authentication import Authentication
from kubewright.apiserver.auth.authorizer import AlwaysAllow, Authorizer, Decision, forbidden, require
from kubewright.apiserver.auth.bootstrap import WithDefaults, bootstrap_objects
from kubewright.apiserver.auth.escalation import EscalationGuard
from kubewright.apiserver.auth.impersonation import impersonated
from kubewright.apiserver.auth.rbac import RBAC
from kubewright.apiserver.auth.service_accounts import ServiceAccountTokens
from kubewright.apiserver.auth.static_tokens import read_token_file

__all__ = [
    "RBAC",
    "AlwaysAllow",
    "AuditLog",
    "Authentication",
    "Authorizer",
    "Decision",
    "EscalationGuard",
    "ServiceAccountTokens",
    "WithDefaults",
    "access_reviews",
    "audit_event",
    "bootstrap_objects",
    "forbidden",
    "impersonated",
    "read_token_file",
    "require",
    "token_reviews",
]
