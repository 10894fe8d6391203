"""CertificateSigningRequests.

After ``pkg/apis/certificates`` and ``pkg/registry/certificates``.  Who asks is filled in by an admission stage.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cryptography import x509

from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, age, columns, human_duration, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import problems, unique
from kubewright.apiserver.registry.metadata_rules import is_dns_subdomain
from kubewright.apiserver.registry.strategy import Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import OMIT, duplicate, forbidden, invalid, not_supported, required

_USAGES = (
    "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment",
    "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel",
    "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime",
    "server auth", "signing", "timestamping",
)  # fmt: skip
_SIGNER_PATH = re.compile(r"[a-zA-Z0-9]([-a-zA-Z0-9:_.]*[a-zA-Z0-9])?\Z")


class CertificateSigningRequestStrategy(BuiltinStrategy):
    columns = columns("Age", "SignerName", "Requestor", "RequestedDuration", "Condition")
    status = True
    field_labels = frozenset({"spec.signerName"})

    def name_rule(self, name: str, prefix: bool) -> list[str]:
        return []

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        obj["spec"] = old["spec"]

    def prepare_for_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> None:
        """Approval changes the approving conditions only, status everything else of the status."""
        obj["spec"] = old["spec"]
        new, before = obj.setdefault("status", {}), old.get("status") or {}
        kept = ("Approved", "Denied")
        ours = [c for c in new.get("conditions") or () if (c.get("type") in kept) == (subresource == "approval")]
        theirs = [c for c in before.get("conditions") or () if (c.get("type") in kept) != (subresource == "approval")]
        if subresource == "approval":
            obj["status"] = new = dict(before)
        if ours or theirs:
            new["conditions"] = theirs + ours
        _stamp(new, before)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        causes: list[Cause] = []
        try:
            x509.load_pem_x509_csr(base64.b64decode(spec.get("request") or ""))
        except ValueError:
            text = "PEM block type must be CERTIFICATE REQUEST"
            causes.append(invalid("spec.request", OMIT, text))
        usages = spec.get("usages") or []
        if not usages:
            causes.append(required("spec.usages"))
        for index, usage in enumerate(usages):
            if usage not in _USAGES:
                causes.append(not_supported(f"spec.usages[{index}]", usage, _USAGES))
        causes += [duplicate(f"spec.usages[{index}]", usage) for index, usage in unique(usages)]
        seconds = spec.get("expirationSeconds")
        if seconds is not None and seconds < 600:
            text = "may not specify a duration less than 600 seconds (10 minutes)"
            causes.append(invalid("spec.expirationSeconds", seconds, text))
        return causes + validate_signer_name(spec.get("signerName", ""), "spec.signerName")

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        return []

    def validate_subresource_update(self, subresource: str, obj: Object, old: Object, reader: Reader) -> list[Cause]:
        new, before = obj.get("status") or {}, old.get("status") or {}
        causes: list[Cause] = []
        types = {c.get("type") for c in new.get("conditions") or () if c.get("status", "True") == "True"}
        if {"Approved", "Denied"} <= types:
            text = "Approved and Denied conditions are mutually exclusive"
            causes.append(invalid("status.conditions", "Denied", text))
        gone = {c["type"] for c in before.get("conditions") or ()} - {
            c.get("type") for c in new.get("conditions") or ()
        }
        for kind in sorted(gone & {"Approved", "Denied", "Failed"}):
            text = f'updates may not remove a condition of type "{kind}"'
            causes.append(forbidden("status.conditions", text))
        if before.get("certificate") and new.get("certificate") != before["certificate"]:
            causes.append(forbidden("status.certificate", "updates may not change existing certificate content"))
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


def validate_signer_name(name: str, field: str) -> list[Cause]:
    """``domain/path``, as in ``kubernetes.io/kube-apiserver-client``."""
    if not name:
        return [required(field)]
    domain, slash, path = name.partition("/")
    if not slash or "/" in path:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [invalid(field, name, text)]
    causes: list[Cause] = []
    if len(domain.split(".")) < 2:
        causes.append(invalid(field, domain, "should be a domain with at least two segments separated by dots"))
    for label in domain.split("."):
        causes += problems(is_dns_subdomain(label), label, field)
    if not _SIGNER_PATH.match(path):
        causes.append(invalid(field, path, "must consist of alphanumeric characters, '-', ':', '_' or '.'"))
    return causes


def _stamp(status: Object, before: Object) -> None:
    """New conditions, and ones that changed, get their times."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = {c["type"]: c for c in before.get("conditions") or ()}
    for condition in status.get("conditions") or ():
        old = known.get(condition.get("type", ""))
        if old is not None and same(old.get("status"), condition.get("status")):
            condition["lastTransitionTime"] = condition.get("lastTransitionTime") or old.get("lastTransitionTime")
        condition["lastTransitionTime"] = condition.get("lastTransitionTime") or now
        condition["lastUpdateTime"] = condition.get("lastUpdateTime") or now


def _state(status: Mapping[str, Any]) -> str:
    types = [c["type"] for c in status.get("conditions") or ()]
    words = [word for word in ("Approved", "Denied", "Failed") if word in types] or ["Pending"]
    if "Approved" in words and "Denied" in words:
        words = ["Denied"]
    if status.get("certificate"):
        words.append("Issued")
    return ",".join(words)
