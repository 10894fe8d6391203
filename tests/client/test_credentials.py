from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from kubewright.client import CredentialError
from kubewright.client.credentials import CertificateFiles, ExecPlugin, TokenFile

V1 = "client.authentication.k8s.io/v1"


def plugin(directory: Path, status: object, *, version: str = V1, now: list[float], **settings: object) -> ExecPlugin:
    """An exec plugin that prints a status, and appends what it was told to ``calls``."""
    script = (
        "import os, sys\n"
        f"open({str(directory / 'calls')!r}, 'a').write(os.environ['KUBERNETES_EXEC_INFO'] + '\\n')\n"
        f"print({json.dumps({'apiVersion': version, 'kind': 'ExecCredential', 'status': status})!r})\n"
    )
    return ExecPlugin(sys.executable, ["-c", script], api_version=V1, clock=lambda: now[0], **settings)  # type: ignore[arg-type]


def calls(directory: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (directory / "calls").read_text().splitlines()]


async def test_a_token_file_is_read_again_after_a_minute(tmp_path: Path) -> None:
    now = 0.0
    path = tmp_path / "token"
    path.write_text("old")
    credentials = TokenFile(path, clock=lambda: now)
    assert await credentials.headers() == {"authorization": "Bearer old"}
    path.write_text("new")
    assert await credentials.headers() == {"authorization": "Bearer old"}
    now = 61.0
    assert await credentials.headers() == {"authorization": "Bearer new"}


async def test_a_refused_token_is_worth_a_second_try_if_the_file_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("old")
    credentials = TokenFile(path)
    await credentials.headers()
    assert not credentials.rejected()
    path.write_text("new")
    assert credentials.rejected()
    assert await credentials.headers() == {"authorization": "Bearer new"}


async def test_a_missing_or_empty_token_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match=r"gone cannot be read: No such file"):
        await TokenFile(tmp_path / "gone").headers()
    (tmp_path / "empty").write_text("")
    with pytest.raises(CredentialError, match=r"empty is empty"):
        await TokenFile(tmp_path / "empty").headers()


async def test_certificate_files_are_read_again_when_they_change(tmp_path: Path) -> None:
    certificate, key = tmp_path / "c", tmp_path / "k"
    certificate.write_text("C1")
    key.write_text("K1")
    credentials = CertificateFiles(certificate, key)
    assert await credentials.certificate() == (b"C1", b"K1")
    certificate.write_text("C2 is longer")
    key.write_text("K2")
    assert await credentials.certificate() == (b"C2 is longer", b"K2")
    key.unlink()
    with pytest.raises(CredentialError, match="k cannot be read"):
        await credentials.certificate()


async def test_what_a_plugin_prints_is_used_until_it_expires(tmp_path: Path) -> None:
    now = [0.0]
    credentials = plugin(tmp_path, {"token": "t", "expirationTimestamp": "1970-01-01T00:10:00Z"}, now=now)
    for _ in range(2):
        assert await credentials.headers() == {"authorization": "Bearer t"}
    assert len(calls(tmp_path)) == 1
    now[0] = 600.0
    await credentials.headers()
    assert len(calls(tmp_path)) == 2


async def test_a_refused_plugin_token_is_fetched_again(tmp_path: Path) -> None:
    credentials = plugin(tmp_path, {"token": "t"}, now=[0.0])
    await credentials.headers()
    assert credentials.rejected()
    await credentials.headers()
    assert len(calls(tmp_path)) == 2


async def test_a_plugin_may_give_a_certificate_and_is_told_of_the_cluster(tmp_path: Path) -> None:
    pair = {"clientCertificateData": "C", "clientKeyData": "K"}
    credentials = plugin(tmp_path, pair, now=[0.0], cluster={"server": "https://a"})
    assert await credentials.certificate() == (b"C", b"K")
    assert await credentials.headers() == {}
    assert calls(tmp_path) == [
        {
            "apiVersion": V1,
            "kind": "ExecCredential",
            "spec": {"interactive": False, "cluster": {"server": "https://a"}},
        }
    ]


async def test_plugins_that_fail_say_how(tmp_path: Path) -> None:
    missing = ExecPlugin("./no-such-plugin", api_version=V1, install_hint="brew install it", directory=tmp_path)
    with pytest.raises(CredentialError, match=r"no-such-plugin: No such file or directory\nbrew install it"):
        await missing.headers()
    failing = ExecPlugin(sys.executable, ["-c", "raise SystemExit(3)"], api_version=V1)
    with pytest.raises(CredentialError, match="failed with exit code 3"):
        await failing.headers()
    with pytest.raises(CredentialError, match="printed no ExecCredential"):
        await ExecPlugin(sys.executable, ["-c", "print('[]')"], api_version=V1).headers()
    with pytest.raises(CredentialError, match="neither a token nor a client certificate"):
        await plugin(tmp_path, {}, now=[0.0]).headers()
    with pytest.raises(CredentialError, match="answered other/v1"):
        await plugin(tmp_path, {"token": "t"}, version="other/v1", now=[0.0]).headers()
