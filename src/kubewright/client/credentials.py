"""Who the client is: bearer tokens, client certificates, and the programs that fetch either.

A transport asks for headers before each request and for a certificate before each connection; files are read again when
they change, and programs are run again when what they gave expires or the server refuses it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from kubewright.transport.protocol import ConnectError

_TOKEN_LIFETIME = 60.0
"""Seconds after which a token file is read again (client-go's ``fileTokenSource``)."""


class CredentialError(ConnectError):
    """The credentials could not be had: a file is missing, or a program failed."""


class ClientCertificate(NamedTuple):
    """A certificate chain and its private key, both PEM."""

    certificate: bytes
    key: bytes


class Credentials(Protocol):
    """What identifies the user."""

    async def headers(self) -> Mapping[str, str]:
        """Headers that every request carries.

        :raises CredentialError: they cannot be had.
        """

    async def certificate(self) -> ClientCertificate | None:
        """The certificate that TLS connections are made with.

        :raises CredentialError: it cannot be had.
        """

    def rejected(self) -> bool:
        """The server answered 401: forget what was cached, and tell whether asking again may help."""


class Anonymous:
    """Nobody: no header, no certificate."""

    async def headers(self) -> Mapping[str, str]:
        return {}

    async def certificate(self) -> ClientCertificate | None:
        return None

    def rejected(self) -> bool:
        return False


class StaticCredentials(Anonymous):
    """A token or a certificate that does not change."""

    def __init__(self, *, token: str | None = None, certificate: ClientCertificate | None = None) -> None:
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._certificate = certificate

    async def headers(self) -> Mapping[str, str]:
        return self._headers

    async def certificate(self) -> ClientCertificate | None:
        return self._certificate


class TokenFile(Anonymous):
    """A token in a file that something else keeps fresh, such as a Pod's service account token.

    :param certificate: a client certificate to show besides.
    """

    def __init__(
        self,
        path: Path,
        *,
        certificate: ClientCertificate | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._certificate = certificate
        self._clock = clock
        self._read_at: float | None = None
        self._headers: dict[str, str] = {}

    async def headers(self) -> Mapping[str, str]:
        now = self._clock()
        if self._read_at is None or now - self._read_at >= _TOKEN_LIFETIME:
            try:
                token = self._path.read_text().strip()
            except OSError as error:
                raise CredentialError(f"token file {self._path} cannot be read: {error.strerror}") from error
            if not token:
                raise CredentialError(f"token file {self._path} is empty")
            self._headers = {"authorization": f"Bearer {token}"}
            self._read_at = now
        return self._headers

    async def certificate(self) -> ClientCertificate | None:
        return self._certificate

    def rejected(self) -> bool:
        """The file may have been rewritten since."""
        before, self._read_at = self._headers, None
        try:
            return {"authorization": f"Bearer {self._path.read_text().strip()}"} != before
        except OSError:
            return False


class CertificateFiles(Anonymous):
    """A client certificate in files, read again for a new connection when they have changed."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._paths = (certificate, key)
        self._stamp: tuple[int, ...] = ()
        self._loaded: ClientCertificate | None = None

    async def certificate(self) -> ClientCertificate | None:
        try:
            stamp = tuple(path.stat().st_mtime_ns for path in self._paths)
            if stamp != self._stamp:
                self._loaded = ClientCertificate(*(path.read_bytes() for path in self._paths))
                self._stamp = stamp
        except OSError as error:
            raise CredentialError(f"client certificate {error.filename} cannot be read: {error.strerror}") from error
        return self._loaded


class ExecPlugin:
    """A program that prints an ``ExecCredential``: how cloud providers hand out short-lived credentials.

    See ``client.authentication.k8s.io/v1``.  What it printed is used until its ``expirationTimestamp``, or until the
    server refuses it.

    :param command: the program; a path with a slash is relative to ``directory``.
    :param environment: variables added to this process's own.
    :param cluster: the ``spec.cluster`` that the program is told, where it asked for it.
    :param interactive: whether the program may talk to the user.
    """

    def __init__(
        self,
        command: str,
        arguments: Sequence[str] = (),
        *,
        api_version: str,
        environment: Mapping[str, str] | None = None,
        cluster: dict[str, Any] | None = None,
        interactive: bool = False,
        install_hint: str = "",
        directory: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._command = str((directory or Path()) / command) if "/" in command else command
        self._arguments = tuple(arguments)
        self._api_version = api_version
        self._environment = dict(environment or {})
        self._cluster = cluster
        self._interactive = interactive
        self._install_hint = install_hint
        self._clock = clock
        self._lock = asyncio.Lock()
        self._expires: float | None = 0.0
        self._headers: dict[str, str] = {}
        self._certificate: ClientCertificate | None = None

    async def headers(self) -> Mapping[str, str]:
        await self._refresh()
        return self._headers

    async def certificate(self) -> ClientCertificate | None:
        await self._refresh()
        return self._certificate

    def rejected(self) -> bool:
        self._expires = 0.0
        return True

    def _fresh(self) -> bool:
        return self._expires is None or self._clock() < self._expires

    async def _refresh(self) -> None:
        if self._fresh():
            return
        async with self._lock:
            if not self._fresh():
                self._accept(await self._run())

    async def _run(self) -> bytes:
        interactive = self._interactive and sys.stdin is not None and sys.stdin.isatty()
        spec: dict[str, Any] = {"interactive": interactive}
        if self._cluster is not None:
            spec["cluster"] = self._cluster
        info = {"apiVersion": self._api_version, "kind": "ExecCredential", "spec": spec}
        environment = {**os.environ, **self._environment, "KUBERNETES_EXEC_INFO": json.dumps(info)}
        try:
            process = await asyncio.create_subprocess_exec(
                self._command,
                *self._arguments,
                env=environment,
                stdin=None if interactive else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            hint = f"\n{self._install_hint}" if self._install_hint else ""
            raise CredentialError(f"exec plugin {self._command}: {error.strerror}{hint}") from error
        output, _ = await process.communicate()
        if process.returncode:
            raise CredentialError(f"exec plugin {self._command} failed with exit code {process.returncode}")
        return output

    def _accept(self, output: bytes) -> None:
        try:
            answer = json.loads(output)
            status = answer["status"]
            token, certificate, key = (status.get(name) for name in ("token", "clientCertificateData", "clientKeyData"))
            expires = status.get("expirationTimestamp")
            self._expires = datetime.fromisoformat(expires).timestamp() if expires else None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CredentialError(f"exec plugin {self._command} printed no ExecCredential: {error!r}") from error
        if answer.get("apiVersion") != self._api_version:
            raise CredentialError(
                f"exec plugin {self._command} answered {answer.get('apiVersion')}, configured is {self._api_version}"
            )
        if not token and not certificate:
            raise CredentialError(f"exec plugin {self._command} gave neither a token nor a client certificate")
        if bool(certificate) != bool(key):
            raise CredentialError(f"exec plugin {self._command} gave only one of certificate and key")
        self._headers = {"authorization": f"Bearer {token}"} if token else {}
        self._certificate = ClientCertificate(certificate.encode(), key.encode()) if certificate else None
