"""Requests for certificates: what is asked for has to be well-formed, and who may change what of the answer."""

from __future__ import annotations

import base64
import copy
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.apiserver.registry.builtin.world import World, created, fields_and_reasons, problems, strategy

from kubewright.apiserver.registry.strategy import Object

VERSION, KIND = "certificates.k8s.io/v1", "CertificateSigningRequest"
KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a")])
REQUEST = x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(KEY, hashes.SHA256())
PEM = serialization.Encoding.PEM


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def forged() -> bytes:
    """The request with the last byte of its signature changed."""
    der = bytearray(REQUEST.public_bytes(serialization.Encoding.DER))
    der[-1] ^= 1
    return x509.load_der_x509_csr(bytes(der)).public_bytes(PEM)


def certificate() -> bytes:
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 1, now, now + timedelta(days=1))
    return builder.sign(KEY, hashes.SHA256()).public_bytes(PEM)


def request(**spec: object) -> Object:
    asked = text(REQUEST.public_bytes(PEM))
    return {"metadata": {}, "spec": {"request": asked, "signerName": "a.b/c", "usages": ["client auth"], **spec}}


def changed(subresource: str, before: Object, **status: object) -> tuple[Object, list[tuple[str, str]]]:
    """What a write to a subresource leaves, and what is wrong with it."""
    rules = strategy(VERSION, KIND)
    obj = copy.deepcopy({**before, "status": status})
    rules.prepare_for_subresource_update(subresource, obj, before, World())
    return obj["status"], fields_and_reasons(rules.validate_subresource_update(subresource, obj, before, World()))


def condition(kind: str, status: str = "True") -> Object:
    return {"type": kind, "status": status}


@pytest.mark.parametrize(
    ("spec", "wrong"),
    [
        ({}, []),
        ({"request": text(b"nothing")}, [("request", "Invalid")]),
        ({"request": text(forged())}, [("request", "Invalid")]),
        ({"usages": ["client auth", "client auth", "odd"]},
         [("usages[1]", "Duplicate"), ("usages[2]", "NotSupported")]),
        ({"signerName": "kubernetes.io/legacy-unknown"}, [("signerName", "Invalid")]),
        ({"signerName": "A.B/c"}, [("signerName", "Invalid")]),
        ({"signerName": "a.b/c_d"}, [("signerName", "Invalid")]),
        ({"signerName": "/c"}, [("signerName", "Invalid")] * 2),
        ({"signerName": ".".join(["a" * 60] * 5) + "/c"}, [("signerName", "TooLong")]),
        ({"expirationSeconds": 10}, [("expirationSeconds", "Invalid")]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_request(spec: Object, wrong: list[tuple[str, str]]) -> None:
    expected = sorted((f"spec.{field}", f"FieldValue{reason}") for field, reason in wrong)
    assert problems(VERSION, KIND, request(**spec)) == expected


def test_only_approval_says_whether_a_request_is_approved() -> None:
    new = created(VERSION, KIND, request())
    approved, wrong = changed("approval", new, conditions=[condition("Approved")], certificate=text(b"x"))
    assert wrong == []
    assert "certificate" not in approved
    assert approved["conditions"][0]["lastTransitionTime"]
    path = "status.conditions"
    assert changed("status", new, conditions=[condition("Approved")])[1] == [(path, "FieldValueForbidden")]
    after = {**new, "status": approved}
    assert changed("status", after, conditions=[])[1] == [(path, "FieldValueForbidden")]
    kept, wrong = changed("status", after, conditions=[{**condition("Approved"), "reason": "mine"}])
    assert (kept, wrong) == ({"conditions": approved["conditions"]}, [])
    both = [condition("Approved"), condition("Denied")]
    assert changed("approval", new, conditions=both)[1] == [(f"{path}[1].type", "FieldValueInvalid")]


def test_conditions_are_true_and_there_once() -> None:
    new = created(VERSION, KIND, request())
    conditions = [condition("Failed", "False"), condition("Mine", "Perhaps"), condition("Mine"), {"status": "True"}]
    assert changed("status", new, conditions=conditions)[1] == [
        ("status.conditions[0].status", "FieldValueNotSupported"),
        ("status.conditions[1].status", "FieldValueNotSupported"),
        ("status.conditions[2].type", "FieldValueDuplicate"),
        ("status.conditions[3].type", "FieldValueRequired"),
    ]


def test_a_certificate_is_pem_and_issued_once() -> None:
    new = created(VERSION, KIND, request())
    path = "status.certificate"
    key = KEY.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for wrong in (b"nothing", key, certificate().replace(b"E-----\n", b"E-----\nA: b\n\n", 1)):
        assert changed("status", new, certificate=text(wrong))[1] == [(path, "FieldValueInvalid")]
    issued, found = changed("status", new, certificate=text(certificate()))
    assert found == []
    after = {**new, "status": issued}
    assert changed("status", after, certificate=text(certificate() * 2))[1] == [(path, "FieldValueForbidden")]
    assert changed("status", after, **issued)[1] == []
