"""A certificate authority for one webhook server, and the rules by which its certificates are replaced.

What is stored and the time go in, what is to be stored comes out: no I/O, no clock.  A new authority is trusted (it
stands in the CA bundle that API servers get) well before it signs, and an old one stays trusted until it expires, so
that no API server ever meets a certificate that it doesn't trust, whichever replica rotates first.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kubewright.webhook.certificates import Certificates, Policy

_SKEW = timedelta(minutes=5)
"""Certificates are valid a little before they are made, for clocks that are behind."""


@dataclass(frozen=True, slots=True)
class _Authority:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def rotate(
    stored: Certificates | None, now: datetime, names: Sequence[str], policy: Policy | None = None
) -> Certificates:
    """What is to be stored from ``now`` on: ``stored`` itself when nothing is due.

    :param now: with a time zone.
    :param names: the DNS names and IP addresses that the serving certificate is for; the first is its common name.
    """
    policy = policy or Policy()
    authorities = _read_authorities(stored, now)
    changed = stored is None or len(authorities) != stored.ca_bundle.count(b"-----BEGIN CERTIFICATE-----")
    if not authorities or authorities[0].certificate.not_valid_after_utc - now <= policy.authority_renewal:
        authorities.insert(0, _make_authority(now, policy))
        changed = True
    certificate, key = (stored.certificate, stored.key) if stored is not None else (b"", b"")
    if not _still_good(certificate, authorities, now, names, policy):
        certificate, key = _make_serving(_signer(authorities, now, policy), now, names, policy)
        changed = True
    if not changed and stored is not None:
        return stored
    bundle = b"".join(_pem(one.certificate) for one in authorities)
    return Certificates(bundle, b"".join(_pem_key(one.key) for one in authorities), certificate, key)


def _read_authorities(stored: Certificates | None, now: datetime) -> list[_Authority]:
    """The authorities that have not expired, newest first."""
    if stored is None:
        return []
    keys = {_public(key.public_key()): key for key in _read_keys(stored.ca_keys)}
    certificates = x509.load_pem_x509_certificates(stored.ca_bundle) if stored.ca_bundle.strip() else []
    return [
        _Authority(certificate, key)
        for certificate in certificates
        if certificate.not_valid_after_utc > now and (key := keys.get(_public(certificate.public_key())))
    ]


def _signer(authorities: Sequence[_Authority], now: datetime, policy: Policy) -> _Authority:
    """The newest authority that has been trusted long enough, or else the oldest one."""
    for authority in authorities:
        if now - (authority.certificate.not_valid_before_utc + _SKEW) >= policy.trust_delay:
            return authority
    return authorities[-1]


def _still_good(
    pem: bytes, authorities: Sequence[_Authority], now: datetime, names: Sequence[str], policy: Policy
) -> bool:
    if not pem:
        return False
    certificate = x509.load_pem_x509_certificate(pem)
    if certificate.not_valid_after_utc - now <= policy.serving_renewal:
        return False
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    if set(extension.value) != set(_alternative_names(names)):
        return False
    return any(_signed_by(certificate, authority) for authority in authorities)


def _signed_by(certificate: x509.Certificate, authority: _Authority) -> bool:
    wanted = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value == wanted


def _make_authority(now: datetime, policy: Policy) -> _Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"kubewright-webhook-ca-{now:%Y%m%d}")
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(name, name, key, now, now + policy.authority_lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Authority(certificate, key)


def _make_serving(signer: _Authority, now: datetime, names: Sequence[str], policy: Policy) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    until = min(now + policy.serving_lifetime, signer.certificate.not_valid_after_utc)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key())
    certificate = (
        _builder(_name(names[0]), signer.certificate.subject, key, now, until)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(_alternative_names(names)), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(signer.key, hashes.SHA256())
    )
    return _pem(certificate), _pem_key(key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _alternative_names(names: Sequence[str]) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return found


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _read_keys(pem: bytes) -> list[ec.EllipticCurvePrivateKey]:
    end = b"-----END PRIVATE KEY-----"
    keys = [serialization.load_pem_private_key(part + end, None) for part in pem.split(end)[:-1]]
    return [key for key in keys if isinstance(key, ec.EllipticCurvePrivateKey)]


def _public(key: object) -> bytes:
    if not isinstance(key, ec.EllipticCurvePublicKey):
        return b""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
