"""CertificateSigningRequests.

After ``pkg/apis/certificates`` and ``pkg/registry/certificates``.  Who asks is filled in by an admission stage.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, human_duration, name_of
from kubewright.apiserver.registry.builtin.field_rules import STATUSES, one_of, unique
from kubewright.apiserver.registry.metadata_rules import is_dns_label, is_dns_subdomain
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, not_supported, required, too_long

_USAGES = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip
_APPROVAL = ("Approved", "Denied")
_PERMANENT = (*_APPROVAL, "Failed")
"""Conditions that, once there, stay: they are never anything but true."""
_LEGACY_SIGNER = "kubernetes.io/legacy-unknown"
_MAX_DOMAIN = 253
_MAX_SIGNER_NAME = 2 * _MAX_DOMAIN + 63 + 2
"""A domain, and the names of a namespace and of an object in it."""
_PEM = re.compile(r"-----BEGIN ([^\n]*?)-----[ \t\r]*\n(.*?)-----END \1-----", re.DOTALL)


class CertificateSigningRequestStrategy(BuiltinStrategy):
    columns = columns("Age", "SignerName", "Requestor", "RequestedDuration", "Condition")
    status = True
    field_labels = frozenset({"spec.signerName"})
    update_checks_metadata_twice = True

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        return []

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        obj["spec"] = old["spec"]

    def prepare_for_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> None:
        """Approval changes the conditions only; status leaves alone whether the request is approved."""
        obj["spec"] = old["spec"]
        new, before = obj.setdefault("status", {}), old.get("status") or {}
        conditions = new.get("conditions")
        if subresource == "approval":
            obj["status"] = new = dict(before)
            new.pop("conditions", None)
        elif conditions:
            conditions = _with_approval_of(before, conditions)
        if conditions:
            new["conditions"] = conditions
        _stamp(new, before)

    def rules(self, obj: Object) -> list[Cause]:
        return _request_rules(obj, {})

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return _request_rules(obj, old)

    def validate_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        new, before = obj.get("status") or {}, old.get("status") or {}
        causes = self.validate_update(obj, old, reader)
        path = "status.conditions"
        for kind in _PERMANENT:
            now, then = _of_kind(new, kind), _of_kind(before, kind)
            if len(now) < len(then):
                causes.append(forbidden(path, f'updates may not remove a condition of type "{kind}"'))
            elif subresource != "approval" and kind in _APPROVAL and len(now) > len(then):
                causes.append(forbidden(path, f'updates may not add a condition of type "{kind}"'))
        if before.get("certificate") and new.get("certificate") != before["certificate"]:
            causes.append(forbidden("status.certificate", "updates may not modify existing certificate content"))
        return causes

    def fields(self, obj: Object) -> Mapping[str, str]:
        return {"spec.signerName": obj["spec"].get("signerName", "")}

    def cells(self, obj: Object) -> list[Any]:
        spec = obj["spec"]
        seconds = spec.get("expirationSeconds")
        return [
            name_of(obj),
            age(obj),
            spec.get("signerName") or "<none>",
            spec.get("username", ""),
            human_duration(seconds) if seconds else "<none>",
            _state(obj.get("status") or {}),
        ]


def _request_rules(obj: Object, old: Object) -> list[Cause]:
    """What must hold of a request; what was already wrong with it before a change may stay so."""
    spec, was = obj["spec"], old.get("spec") or {}
    causes: list[Cause] = []
    if problem := _request_problem(spec.get("request") or ""):
        causes.append(invalid("spec.request", spec.get("request"), problem))
    usages, known = spec.get("usages") or [], set(was.get("usages") or ())
    if not usages:
        causes.append(required("spec.usages"))
    if known <= set(_USAGES):
        causes += [
            not_supported(f"spec.usages[{index}]", usage, _USAGES)
            for index, usage in enumerate(usages)
            if usage not in _USAGES
        ]
    if len(known) == len(was.get("usages") or ()):
        causes += [duplicate(f"spec.usages[{index}]", usage) for index, usage in unique(usages)]
    name = spec.get("signerName", "")
    if name == _LEGACY_SIGNER and was.get("signerName") != _LEGACY_SIGNER:
        text = "the legacy signerName is not allowed via this API version"
        causes.append(invalid("spec.signerName", name, text))
    else:
        causes += validate_signer_name(name, "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < 600:
        text = "may not specify a duration less than 600 seconds (10 minutes)"
        causes.append(invalid("spec.expirationSeconds", seconds, text))
    status, before = obj.get("status") or {}, old.get("status") or {}
    causes += _conditions(status.get("conditions") or [], before.get("conditions") or [], "status.conditions")
    certificate, issued = status.get("certificate") or "", before.get("certificate") or ""
    if certificate != issued and not _certificate_problem(issued) and (problem := _certificate_problem(certificate)):
        causes.append(invalid("status.certificate", "<certificate data>", problem))
    return causes


def _conditions(conditions: list[Object], before: list[Object], field: str) -> list[Cause]:
    causes: list[Cause] = []
    old = [condition.get("type", "") for condition in before]
    seen: list[str] = []
    for index, condition in enumerate(conditions):
        path, kind = f"{field}[{index}]", condition.get("type", "")
        if not kind and "" not in old:
            causes.append(required(f"{path}.type"))
        causes += one_of(condition.get("status"), ("True",) if kind in _PERMANENT else STATUSES, f"{path}.status")
        if kind in _APPROVAL and set(_APPROVAL) <= {*seen, kind} and not set(_APPROVAL) <= set(old):
            text = "Approved and Denied conditions are mutually exclusive"
            causes.append(invalid(f"{path}.type", kind, text))
        if kind in seen and len(set(old)) == len(old):
            causes.append(duplicate(f"{path}.type", kind))
        seen.append(kind)
    return causes


def _request_problem(request: str) -> str:
    """What is wrong with the PKCS#10 request, in base64 around PEM; empty if nothing is."""
    try:
        parsed = x509.load_pem_x509_csr(base64.b64decode(request))
    except ValueError:
        return "PEM block type must be CERTIFICATE REQUEST"
    if parsed.is_signature_valid:
        return ""
    match parsed.public_key():
        case ec.EllipticCurvePublicKey():
            return "x509: ECDSA verification failure"
        case ed25519.Ed25519PublicKey():
            return "x509: Ed25519 verification failure"
    return "crypto/rsa: verification error"


def _certificate_problem(encoded: str) -> str:
    """What is wrong with an issued certificate, or a chain of them; empty if nothing is."""
    if not encoded:
        return ""
    try:
        text = base64.b64decode(encoded).decode()
    except ValueError:
        text = ""
    blocks = _PEM.findall(text)
    for kind, body in blocks:
        if kind != "CERTIFICATE":
            return f'only CERTIFICATE PEM blocks are allowed, found "{kind}"'
        if ":" in body:
            return "no PEM block headers are permitted"
        try:
            x509.load_der_x509_certificate(base64.b64decode(body))
        except (ValueError, binascii.Error):
            return "x509: malformed certificate"
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def validate_signer_name(name: str, field: str) -> list[Cause]:
    """``domain/path``, as in ``kubernetes.io/kube-apiserver-client``."""
    if not name:
        return [required(field)]
    domain, slash, path = name.partition("/")
    if not slash or "/" in path:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [invalid(field, name, text)]
    causes: list[Cause] = []
    if len(domain) > _MAX_DOMAIN:
        causes.append(too_long(field, _MAX_DOMAIN))
    causes += _first_bad_label(domain, is_dns_label, field)
    if "." not in domain:
        causes.append(invalid(field, domain, "should be a domain with at least two segments separated by dots"))
    causes += _first_bad_label(path, is_dns_subdomain, field)
    if len(name) > _MAX_SIGNER_NAME:
        causes.append(too_long(field, _MAX_SIGNER_NAME))
    return causes


def _first_bad_label(text: str, rule: Callable[[str], list[str]], field: str) -> list[Cause]:
    for label in text.split("."):
        if found := rule(label):
            return [invalid(field, text, f'validating label "{label}": {problem}') for problem in found]
    return []


def _of_kind(status: Mapping[str, Any], kind: str) -> list[Object]:
    return [condition for condition in status.get("conditions") or () if condition.get("type") == kind]


def _with_approval_of(before: Mapping[str, Any], conditions: list[Object]) -> list[Object]:
    """The conditions with the approving ones as they were, unless there are more or fewer: that is refused later."""
    found = list(conditions)
    for kind in _APPROVAL:
        places = [index for index, condition in enumerate(found) if condition.get("type") == kind]
        old = _of_kind(before, kind)
        if len(places) == len(old):
            for place, condition in zip(places, old, strict=True):
                found[place] = condition
    return found


def _stamp(status: Object, before: Object) -> None:
    """Conditions without times get them; one that was there with the same status keeps when it became so."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for condition in status.get("conditions") or ():
        condition["lastUpdateTime"] = condition.get("lastUpdateTime") or now
        if not condition.get("lastTransitionTime"):
            times = (
                old.get("lastTransitionTime")
                for old in _of_kind(before, condition.get("type", ""))
                if old.get("status") == condition.get("status")
            )
            condition["lastTransitionTime"] = next(filter(None, times), now)


def _state(status: Mapping[str, Any]) -> str:
    types = [c["type"] for c in status.get("conditions") or ()]
    words = [word for word in ("Approved", "Denied", "Failed") if word in types] or ["Pending"]
    if "Approved" in words and "Denied" in words:
        words = ["Denied"]
    if status.get("certificate"):
        words.append("Issued")
    return ",".join(words)
