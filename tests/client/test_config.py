from __future__ import annotations

import pytest

from kubewright.client.config import proxy_from_environment


@pytest.mark.parametrize(
    ("host", "no_proxy", "through"),
    [
        ("cluster.example.com", "", True),
        ("cluster.example.com", "example.com", False),
        ("cluster.example.com", ".example.com, other.org", False),
        ("cluster.example.com", "*.example.com", False),
        ("example.com.evil.org", "example.com", True),
        ("notexample.com", "example.com", True),
        ("10.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", False),
        ("11.1.2.3", "10.0.0.0/8", True),
        ("cluster.example.com", "*", False),
        ("localhost", "", False),
        ("127.0.0.1", "", False),
    ],
)
def test_the_environment_says_which_hosts_are_reached_through_a_proxy(
    monkeypatch: pytest.MonkeyPatch, host: str, no_proxy: str, through: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("no_proxy", no_proxy)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert proxy_from_environment("https", host) == ("http://proxy:3128" if through else None)


def test_without_a_proxy_in_the_environment_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert proxy_from_environment("https", "cluster.example.com") is None
