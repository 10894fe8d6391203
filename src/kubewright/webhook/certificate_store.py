"""Where a webhook server's certificates are kept, and who makes them.

`SecretStore` shares one set among all replicas, `DirectoryStore` keeps one beside a local process; both rotate them by
the rules of `certificates.py`.  `CertificateFiles` reads what somebody else keeps up to date, such as cert-manager.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from kubewright.client import Client
from kubewright.objects.errors import AlreadyExists, Conflict, NotFound
from kubewright.objects.meta import ObjectMeta
from kubewright.webhook.certificates import Certificates, Policy

_ATTEMPTS = 5


class CertificateStore(Protocol):
    """Gives the certificates to serve with."""

    async def current(self, names: Sequence[str], now: datetime) -> Certificates:
        """The certificates for ``names`` as of ``now``, made or replaced if that is due.

        :raises OSError: they cannot be read or written.
        :raises APIError: as above, where they are kept in the cluster.
        """


class DirectoryStore:
    """Certificates in a directory that this process owns: ``tls.crt``, ``tls.key``, ``ca.crt`` and ``ca.key``."""

    def __init__(self, directory: Path, policy: Policy | None = None) -> None:
        self.directory = directory
        self.policy = policy

    async def current(self, names: Sequence[str], now: datetime) -> Certificates:
        stored = self._read()
        made = _rotate(stored, now, names, self.policy)
        if made is not stored:
            self._write(made)
        return made

    def _read(self) -> Certificates | None:
        files = {path.name: path.read_bytes() for path in self.directory.glob("*.*") if path.suffix in (".crt", ".key")}
        return Certificates.from_data(files)

    def _write(self, certificates: Certificates) -> None:
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in certificates.to_data().items():
            temporary = self.directory / f".{name}"
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(content)
            temporary.replace(self.directory / name)


class CertificateFiles:
    """Certificates that somebody else writes to a directory, such as a mounted Secret of cert-manager.

    Where there is no ``ca.crt``, the CA bundle is empty: whoever makes the certificates injects it, too.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    async def current(self, names: Sequence[str], now: datetime) -> Certificates:
        certificate, key = (self.directory / "tls.crt").read_bytes(), (self.directory / "tls.key").read_bytes()
        authority = self.directory / "ca.crt"
        return Certificates(authority.read_bytes() if authority.exists() else b"", b"", certificate, key)


class SecretStore:
    """Certificates in a Secret of type ``kubernetes.io/tls`` that all replicas of an operator share.

    Whichever replica is first to find that something is due writes it; the others see the conflict and read again.
    """

    def __init__(self, client: Client, namespace: str, name: str, policy: Policy | None = None) -> None:
        self.client = client
        self.namespace = namespace
        self.name = name
        self.policy = policy

    async def current(self, names: Sequence[str], now: datetime) -> Certificates:
        for attempt in range(_ATTEMPTS):
            try:
                return await self._rotate(names, now)
            except (AlreadyExists, Conflict):
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable")

    async def _rotate(self, names: Sequence[str], now: datetime) -> Certificates:
        from kubewright.objects.core_v1 import Secret  # with 200 others, where there is one

        try:
            secret = await self.client.get(Secret, self.name, self.namespace)
        except NotFound:
            secret = Secret(metadata=ObjectMeta(name=self.name, namespace=self.namespace), type="kubernetes.io/tls")
        stored = Certificates.from_data(secret.data)
        made = _rotate(stored, now, names, self.policy)
        if made is stored:
            return made
        secret.data = made.to_data()
        if secret.metadata.resource_version:
            await self.client.update(secret)
        else:
            await self.client.create(secret)
        return made


def _rotate(stored: Certificates | None, now: datetime, names: Sequence[str], policy: Policy | None) -> Certificates:
    # Not above: cryptography takes a third of the whole import, and an operator without webhooks never needs it.
    from kubewright.webhook.rotation import rotate

    return rotate(stored, now, names, policy)
