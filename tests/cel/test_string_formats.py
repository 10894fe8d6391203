import pytest

from kubewright.cel.string_formats import FORMATS


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("bsonobjectid", "507f1f77bcf86cd799439011", "507f"),
        ("uri", "https://example.com/a?b", "no uri"),
        ("email", "a@example.com", "example.com"),
        ("hostname", "example.com", "-bad-"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv6", "::1", "10.0.0.1"),
        ("cidr", "10.0.0.0/8", "10.0.0.0"),
        ("mac", "01:23:45:67:89:ab", "01:23"),
        ("uuid", "123e4567-e89b-12d3-a456-426614174000", "123e4567"),
        ("uuid4", "936DA01F-9ABD-4D9D-80C7-02AF85C822A8", "123e4567-e89b-12d3-a456-426614174000"),
        ("isbn", "978-0321751041", "978-0321751042"),
        ("isbn10", "0321751043", "0321751044"),
        ("creditcard", "4111 1111 1111 1111", "4111 1111 1111 1112"),
        ("ssn", "111-22-3333", "111-222-333"),
        ("hexcolor", "#FFaa00", "#FFaa0"),
        ("rgbcolor", "rgb(255, 0, 1)", "rgb(256,0,1)"),
        ("byte", "aGk=", "aGk"),
        ("date", "2024-02-29", "2023-02-29"),
        ("duration", "1h30m", "soon"),
        ("datetime", "2014-12-15T19:30:20.000Z", "2014-12-15"),
        ("k8sshortname", "a-b", "A"),
        ("k8slongname", "a.b-c", "a..b"),
    ],
)
def test_formats_tell_good_from_bad(name: str, good: str, bad: str) -> None:
    assert FORMATS[name](good)
    assert not FORMATS[name](bad)
