"""What only an etcd has: TLS on the way to it, with a client certificate."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tests.etcd import running_etcd

from kubewright.apiserver.storage.etcd import EtcdError, EtcdStorage

pytestmark = pytest.mark.etcd


class Authority:
    """A CA that writes certificates and their keys into a directory."""

    def __init__(self, directory: Path, name: str = "ca") -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = directory / f"{name}.crt"
        self._sign(self._name, self._key, self.file, x509.BasicConstraints(ca=True, path_length=None))

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate for this machine that may serve and call: etcd's gateway calls etcd with the serving one."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate, key_file = self._directory / f"{name}.crt", self._directory / f"{name}.key"
        host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._sign(subject, key, certificate, host, usage)
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        key_file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
        return certificate, key_file

    def _sign(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, file: Path, *extensions: x509.ExtensionType
    ) -> None:
        now = dt.datetime.now(dt.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
        )
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        file.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("pki"))


@pytest.fixture(scope="module")
def secure_etcd(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An etcd that wants a certificate of every client."""
    certificate, key = authority.issue("etcd")
    flags = [f"--cert-file={certificate}", f"--key-file={key}", f"--trusted-ca-file={authority.file}"]
    with running_etcd(tmp_path_factory.mktemp("secure-etcd"), *flags, "--client-cert-auth") as url:
        yield url


async def test_a_store_behind_tls_is_written_and_watched_with_a_client_certificate(
    secure_etcd: str, authority: Authority
) -> None:
    certificate, key = authority.issue("apiserver")
    store = EtcdStorage([secure_etcd], ca_file=authority.file, cert_file=certificate, key_file=key)
    await store.open()
    try:
        revision = await store.create("/registry/configmaps/default/a", b"{}")
        (entry,) = (await store.range("/registry/configmaps/")).entries
        assert (entry.key, entry.revision) == ("/registry/configmaps/default/a", revision)
    finally:
        await store.close()


async def test_an_etcd_that_we_do_not_trust_is_not_used(secure_etcd: str, authority: Authority, tmp_path: Path) -> None:
    certificate, key = authority.issue("stranger")
    other = Authority(tmp_path, "other-ca")
    store = EtcdStorage([secure_etcd], ca_file=other.file, cert_file=certificate, key_file=key)
    with pytest.raises(EtcdError, match=r"not trusted.*--etcd-cafile"):
        await store.open()


async def test_an_etcd_that_wants_a_certificate_says_so(secure_etcd: str, authority: Authority) -> None:
    store = EtcdStorage([secure_etcd], ca_file=authority.file)
    with pytest.raises(EtcdError, match=secure_etcd):
        await store.open()
