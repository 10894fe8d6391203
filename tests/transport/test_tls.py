from __future__ import annotations

import ssl

import pytest

from kubewright.transport.tls import trusting


@pytest.mark.parametrize(
    ("name", "asked_for"),
    [("kubernetes.default", "kubernetes.default"), ("bücher.example", "xn--bcher-kva.example")],
)
def test_a_server_is_asked_for_by_its_name_in_ascii(name: str, asked_for: str) -> None:
    secured = trusting(None).wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname=name)
    assert secured.server_hostname == asked_for


def test_only_verified_certificates_of_that_name_are_trusted() -> None:
    context = trusting(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_authorities_must_be_certificates() -> None:
    with pytest.raises(ValueError, match="certificate"):
        trusting(b"nonsense")
