"""Access: who asks (`Authentication`), as whom (`impersonated`), and whether he may (`RBAC`).

The order in which the server asks: `Authentication.authenticate`, `impersonated`, `require`; on writes of roles and
bindings `check_escalation` besides; at the end an `audit_event` for the `AuditLog`.
"""

from kubewright.apiserver.auth import access_reviews, token_reviews
from kubewright.apiserver.auth.audit import AuditLog, audit_event
from kubewright.apiserver.auth.authentication import Authentication
from kubewright.apiserver.auth.authorizer import AlwaysAllow, Authorizer, Decision, forbidden, require
from kubewright.apiserver.auth.bootstrap import bootstrap_objects
from kubewright.apiserver.auth.escalation import check as check_escalation
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
    "ServiceAccountTokens",
    "access_reviews",
    "audit_event",
    "bootstrap_objects",
    "check_escalation",
    "forbidden",
    "impersonated",
    "read_token_file",
    "require",
    "token_reviews",
]
