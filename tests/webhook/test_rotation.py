from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from kubewright.webhook.certificates import Certificates, Policy
from kubewright.webhook.rotation import rotate

START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
NAMES = ["website-webhook.system.svc", "127.0.0.1"]


def trusts(bundle: bytes, served: bytes, at: datetime) -> bool:
    """Whether an API server with this CA bundle accepts the serving certificate."""
    builder = PolicyBuilder().store(Store(x509.load_pem_x509_certificates(bundle))).time(at)
    try:
        builder.build_server_verifier(x509.DNSName(NAMES[0])).verify(x509.load_pem_x509_certificate(served), [])
    except VerificationError:
        return False
    return True


def authorities(certificates: Certificates) -> int:
    return len(x509.load_pem_x509_certificates(certificates.ca_bundle))


def test_the_first_certificates_are_trusted_at_once() -> None:
    made = rotate(None, START, NAMES)
    assert authorities(made) == 1
    assert trusts(made.ca_bundle, made.certificate, START)


def test_nothing_is_made_while_nothing_is_due() -> None:
    made = rotate(None, START, NAMES)
    assert rotate(made, START + 59 * DAY, NAMES) is made


def test_the_serving_certificate_is_replaced_under_the_same_authority() -> None:
    made = rotate(None, START, NAMES)
    renewed = rotate(made, START + 60 * DAY, NAMES)
    assert renewed.ca_bundle == made.ca_bundle
    assert renewed.certificate != made.certificate


def test_other_names_need_another_certificate() -> None:
    made = rotate(None, START, NAMES)
    renamed = rotate(made, START, ["other.system.svc"])
    assert renamed.certificate != made.certificate
    assert renamed.ca_bundle == made.ca_bundle


def test_a_new_authority_is_trusted_before_it_signs() -> None:
    made = rotate(None, START, NAMES)
    due = START + Policy().authority_lifetime - Policy().authority_renewal
    overlapping = rotate(made, due, NAMES)
    assert authorities(overlapping) == 2
    assert trusts(made.ca_bundle, overlapping.certificate, due), "who has the old bundle only must not be cut off"
    later = rotate(overlapping, due + 60 * DAY, NAMES)
    assert not trusts(made.ca_bundle, later.certificate, due + 60 * DAY)
    assert trusts(overlapping.ca_bundle, later.certificate, due + 60 * DAY)


@pytest.mark.parametrize("every", [7 * DAY, 20 * DAY])
def test_every_certificate_served_in_twelve_years_is_trusted_by_whoever_is_one_round_behind(every: timedelta) -> None:
    now, previous = START, rotate(None, START, NAMES)
    while now < START + 12 * 365 * DAY:
        now += every
        current = rotate(previous, now, NAMES)
        assert trusts(previous.ca_bundle, current.certificate, now)
        assert trusts(current.ca_bundle, previous.certificate, now)
        previous = current
    assert authorities(previous) <= 2


def test_stored_data_survives_a_round_trip() -> None:
    made = rotate(None, START, NAMES)
    assert Certificates.from_data(made.to_data()) == made
    assert Certificates.from_data({"tls.crt": b""}) is None


def test_after_a_long_sleep_everything_is_made_anew() -> None:
    made = rotate(None, START, NAMES)
    woken = rotate(made, START + 6 * 365 * DAY, NAMES)
    assert authorities(woken) == 1
    assert trusts(woken.ca_bundle, woken.certificate, START + 6 * 365 * DAY)
