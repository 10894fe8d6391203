"""Certificate signing requests: whose they are, and which may never be made.

CertificateSubjectRestriction of ``plugin/pkg/admission/certificates``, and what ``pkg/registry/certificates`` takes
from the requesting user; approval and signing are left to RBAC on the ``signers`` resource.
"""

from __future__ import annotations

import base64

from cryptography import x509
from cryptography.x509.oid import NameOID

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import is_new, refused
from kubewright.apiserver.auth.authorizer import Authorizer
from kubewright.apiserver.request import RequestInfo, UserInfo

REQUESTS = ("certificates.k8s.io", "certificatesigningrequests")
_CLIENT_SIGNER = "kubernetes.io/kube-apiserver-client"
_MASTERS = "system:masters"


class CertificateRequester:
    """A request carries the identity of the user who made it, whatever its body says."""

    async def admit(self, attributes: Attributes) -> None:
        if not is_new(attributes, *REQUESTS) or attributes.obj is None:
            return
        spec, user = attributes.obj["spec"], attributes.user
        for field in ("username", "uid", "groups", "extra"):
            spec.pop(field, None)
        spec |= user.to_json()


class CertificateSubjectRestriction:
    """Nobody gets a client certificate of the group ``system:masters``."""

    async def validate(self, attributes: Attributes) -> None:
        if not is_new(attributes, *REQUESTS) or attributes.obj is None:
            return
        spec = attributes.obj["spec"]
        if spec.get("signerName") != _CLIENT_SIGNER:
            return
        try:
            request = x509.load_pem_x509_csr(base64.b64decode(spec.get("request", "")))
        except ValueError:
            return
        groups = [name.value for name in request.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
        if _MASTERS in groups:
            text = f"use of {_CLIENT_SIGNER} signer with {_MASTERS} group is not allowed"
            raise refused(attributes, text)


class CertificateApproval:
    """Approving needs ``approve`` on the signer, issuing needs ``sign`` (CertificateApproval, CertificateSigning)."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer

    async def validate(self, attributes: Attributes) -> None:
        if attributes.resource.group_resource != REQUESTS or attributes.operation != "UPDATE" or not attributes.old:
            return
        verb = {"approval": "approve", "status": "sign"}.get(attributes.subresource)
        if verb is None or (verb == "sign" and not self._certificate_changes(attributes)):
            return
        signer = attributes.old["spec"].get("signerName", "")
        if not self._may(attributes.user, verb, signer):
            what = "approve" if verb == "approve" else "sign"
            text = f'user not permitted to {what} requests with signerName "{signer}"'
            raise refused(attributes, text)

    def _may(self, user: UserInfo, verb: str, signer: str) -> bool:
        """Rights are given for one signer, or for all of a domain (``example.com/*``)."""
        names = (signer, f"{signer.partition('/')[0]}/*")
        requests = (RequestInfo(verb, "", True, REQUESTS[0], "*", "signers", name=name) for name in names)
        return any(self._authorizer.authorize(user, request).allowed for request in requests)

    @staticmethod
    def _certificate_changes(attributes: Attributes) -> bool:
        new, old = (attributes.obj or {}).get("status") or {}, (attributes.old or {}).get("status") or {}
        return new.get("certificate") != old.get("certificate")
