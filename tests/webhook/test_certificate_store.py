from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kubewright.webhook.certificate_store import CertificateFiles, DirectoryStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_directory_keeps_what_was_made(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path / "certificates")
    made = await store.current(["localhost"], NOW)
    assert await store.current(["localhost"], NOW + timedelta(days=1)) == made
    assert (tmp_path / "certificates" / "tls.key").stat().st_mode & 0o777 == 0o600


async def test_a_directory_is_rotated_when_it_is_due(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path)
    made = await store.current(["localhost"], NOW)
    renewed = await store.current(["localhost"], NOW + timedelta(days=80))
    assert renewed.certificate != made.certificate
    assert (tmp_path / "tls.crt").read_bytes() == renewed.certificate


async def test_files_of_somebody_else_are_read_each_time(tmp_path: Path) -> None:
    made = await DirectoryStore(tmp_path).current(["localhost"], NOW)
    files = CertificateFiles(tmp_path)
    assert (await files.current([], NOW)).certificate == made.certificate
    (tmp_path / "tls.crt").write_bytes(b"new")
    (tmp_path / "ca.crt").unlink()
    read = await files.current([], NOW)
    assert (read.certificate, read.ca_bundle) == (b"new", b"")


async def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"tls\.crt"):
        await CertificateFiles(tmp_path).current([], NOW)
