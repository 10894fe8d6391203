"""Kubeconfig files: read, merged as kubectl merges them, and resolved to a `Config`.

The rules are those of client-go's ``clientcmd``: in a list of files the first to name something wins, and relative
paths are relative to the file that holds them.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from kubewright.client.config import Config, ConfigError
from kubewright.client.credentials import (
    Anonymous,
    CertificateFiles,
    ClientCertificate,
    Credentials,
    ExecPlugin,
    StaticCredentials,
    TokenFile,
)

_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")


class _Entry(NamedTuple):
    """One named cluster, user or context, and the file it stands in."""

    file: Path
    where: str
    fields: Mapping[str, Any]

    def error(self, field: str, problem: str) -> ConfigError:
        return ConfigError(f"{self.file}: {self.where}: {field} {problem}")

    def text(self, field: str) -> str:
        value = self.fields.get(field)
        if value is not None and not isinstance(value, str):
            raise self.error(field, "must be a string")
        return value or ""

    def path(self, field: str) -> Path | None:
        return self.file.parent / name if (name := self.text(field)) else None

    def data(self, field: str) -> bytes | None:
        """The bytes given inline as ``FIELD-data`` (base64), or in the file that ``FIELD`` names."""
        if inline := self.text(f"{field}-data"):
            try:
                return base64.b64decode(inline, validate=True)
            except binascii.Error as error:
                raise self.error(f"{field}-data", f"is not base64: {error}") from error
        if path := self.path(field):
            try:
                return path.read_bytes()
            except OSError as error:
                raise self.error(field, f"{path} cannot be read: {error.strerror}") from error
        return None


class Kubeconfig:
    """One or more kubeconfig files, merged."""

    def __init__(self) -> None:
        self.files: list[Path] = []
        self.current_context = ""
        self._named: dict[str, dict[str, _Entry]] = {"clusters": {}, "users": {}, "contexts": {}}

    @classmethod
    def read(cls, paths: Sequence[Path]) -> Kubeconfig:
        """Read and merge files; one that does not exist is skipped if another does.

        :raises ConfigError: none exists, or one is no kubeconfig.
        """
        merged = cls()
        for path in paths:
            try:
                text = path.read_text()
            except FileNotFoundError:
                continue
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"kubeconfig {path} cannot be read: {error}") from error
            merged._add(path, text)
        if not merged.files:
            names = ", ".join(map(str, paths))
            raise ConfigError(f"kubeconfig {names} does not exist; check --kubeconfig and the KUBECONFIG variable")
        return merged

    @property
    def contexts(self) -> list[str]:
        return list(self._named["contexts"])

    def config(self, context: str | None = None) -> Config:
        """The settings of a context; None means ``current-context``.

        :raises ConfigError: the context, or something it refers to, is missing or wrong.
        """
        name = context or self.current_context
        if not name:
            raise ConfigError(
                f"{self._where}: current-context is not set; choose one with --context: {', '.join(self.contexts)}"
            )
        entry = self._entry("contexts", name, "context")
        cluster = self._entry("clusters", entry.text("cluster"), f'cluster of context "{name}"')
        user = self._entry("users", entry.text("user"), f'user of context "{name}"') if entry.text("user") else None
        origin = f'kubeconfig {self._where}, context "{name}"'
        if not cluster.text("server"):
            raise cluster.error("server", "is missing")
        insecure = bool(cluster.fields.get("insecure-skip-tls-verify"))
        authority = cluster.data("certificate-authority")
        if insecure and authority:
            raise cluster.error("insecure-skip-tls-verify", "and certificate-authority exclude each other")
        return Config(
            server=cluster.text("server"),
            namespace=entry.text("namespace") or "default",
            credentials=_credentials(user, cluster, authority) if user else Anonymous(),
            certificate_authority=authority,
            tls_server_name=cluster.text("tls-server-name") or None,
            insecure_skip_tls_verify=insecure,
            proxy_url=cluster.text("proxy-url") or None,
            impersonate=_impersonation(user) if user else (),
            origin=origin,
            context=name,
        )

    def _add(self, path: Path, text: str) -> None:
        import yaml  # an operator in a Pod reads no kubeconfig

        try:
            document = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.YAMLError as error:
            raise ConfigError(f"kubeconfig {path} is not YAML: {error}") from error
        self.files.append(path)
        if document is None:
            return
        if not isinstance(document, dict) or document.get("kind", "Config") != "Config":
            raise ConfigError(f"{path} is not a kubeconfig: its kind is not Config")
        self.current_context = self.current_context or document.get("current-context") or ""
        for section, entries in self._named.items():
            singular = section[:-1]
            for index, item in enumerate(document.get(section) or ()):
                if not isinstance(item, dict) or not isinstance(item.get("name"), str):
                    raise ConfigError(f"{path}: {section}[{index}] has no name")
                name, fields = item["name"], item.get(singular) or {}
                if not isinstance(fields, dict):
                    raise ConfigError(f"{path}: {section}[{index}]: {singular} must be a mapping")
                entries.setdefault(name, _Entry(path, f'{singular} "{name}"', fields))

    def _entry(self, section: str, name: str, what: str) -> _Entry:
        entry = self._named[section].get(name)
        if entry is None:
            known = ", ".join(self._named[section]) or "none"
            raise ConfigError(f'{self._where}: {what}: there is no {section[:-1]} "{name}" (there are: {known})')
        return entry

    @property
    def _where(self) -> str:
        return ", ".join(map(str, self.files))


def _credentials(user: _Entry, cluster: _Entry, authority: bytes | None) -> Credentials:
    if user.text("username"):
        raise user.error("username", "and password: Kubernetes no longer accepts passwords; use a token or exec")
    if "auth-provider" in user.fields:
        raise user.error("auth-provider", "is no longer supported; use an exec plugin such as kubelogin")
    if isinstance(user.fields.get("exec"), dict):
        return _exec_plugin(user, cluster, authority)
    certificate_file, key_file = user.path("client-certificate"), user.path("client-key")
    token, token_file = user.text("token"), user.path("tokenFile")
    inline = user.text("client-certificate-data") or user.text("client-key-data")
    if certificate_file and key_file and not inline and not token and not token_file:
        return CertificateFiles(certificate_file, key_file)
    pair = user.data("client-certificate"), user.data("client-key")
    certificate = None
    if pair[0] and pair[1]:
        certificate = ClientCertificate(pair[0], pair[1])
    elif pair[0] or pair[1]:
        raise user.error("client-key" if pair[0] else "client-certificate", "is missing")
    if token_file:
        return TokenFile(token_file, certificate=certificate)
    return StaticCredentials(token=token or None, certificate=certificate)


def _exec_plugin(user: _Entry, cluster: _Entry, authority: bytes | None) -> ExecPlugin:
    settings: dict[str, Any] = user.fields["exec"]
    version, command = settings.get("apiVersion"), settings.get("command")
    if version not in _EXEC_VERSIONS:
        raise user.error("exec.apiVersion", f"{version!r} is not supported; use {_EXEC_VERSIONS[0]}")
    if not isinstance(command, str) or not command:
        raise user.error("exec.command", "is missing")
    mode = settings.get("interactiveMode") or "IfAvailable"
    if mode not in ("Never", "IfAvailable", "Always"):
        raise user.error("exec.interactiveMode", f"{mode!r} must be Never, IfAvailable or Always")
    return ExecPlugin(
        command,
        settings.get("args") or (),
        api_version=version,
        environment={item["name"]: item.get("value", "") for item in settings.get("env") or ()},
        cluster=_cluster_info(cluster, authority) if settings.get("provideClusterInfo") else None,
        interactive=mode != "Never",
        install_hint=settings.get("installHint") or "",
        directory=user.file.parent,
    )


def _cluster_info(cluster: _Entry, authority: bytes | None) -> dict[str, Any]:
    """The ``spec.cluster`` of an ExecCredential, from the kubeconfig's cluster."""
    names = ("server", "tls-server-name", "insecure-skip-tls-verify", "proxy-url")
    info = {name: cluster.fields[name] for name in names if cluster.fields.get(name)}
    if authority:
        info["certificate-authority-data"] = base64.b64encode(authority).decode()
    for extension in cluster.fields.get("extensions") or ():
        if extension.get("name") == "client.authentication.k8s.io/exec":
            info["config"] = extension.get("extension")
    return info


def _impersonation(user: _Entry) -> list[tuple[str, str]]:
    """The headers of the ``as``, ``as-uid``, ``as-groups`` and ``as-user-extra`` fields."""
    headers = [("Impersonate-User", user.text("as")), ("Impersonate-Uid", user.text("as-uid"))]
    headers += [("Impersonate-Group", group) for group in user.fields.get("as-groups") or ()]
    for key, values in (user.fields.get("as-user-extra") or {}).items():
        headers += [(f"Impersonate-Extra-{quote(key, safe='')}", value) for value in values]
    return [(name, value) for name, value in headers if value]
