from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from kubewright.client import Config, ConfigError, Kubeconfig


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def write(path: Path, *, cluster: Any = None, user: Any = None, context: Any = None, current: str = "dev") -> Path:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "clusters": [{"name": "kind", "cluster": cluster or {"server": "https://10.0.0.1:6443"}}],
        "users": [{"name": "me", "user": user or {"token": "t0"}}],
        "contexts": [{"name": "dev", "context": context or {"cluster": "kind", "user": "me"}}],
    }
    path.write_text(yaml.safe_dump(document))
    return path


def read(path: Path, context: str | None = None) -> Config:
    return Kubeconfig.read([path]).config(context)


async def test_a_context_brings_server_user_and_namespace_together(tmp_path: Path) -> None:
    path = write(tmp_path / "config", context={"cluster": "kind", "user": "me", "namespace": "shop"})
    config = read(path)
    assert (config.server, config.namespace, config.context) == ("https://10.0.0.1:6443", "shop", "dev")
    assert await config.credentials.headers() == {"authorization": "Bearer t0"}
    assert config.origin == f'kubeconfig {path}, context "dev"'


def test_cluster_settings_are_taken_over(tmp_path: Path) -> None:
    cluster = {
        "server": "https://10.0.0.1:6443",
        "certificate-authority-data": encoded("CA"),
        "tls-server-name": "kubernetes",
        "proxy-url": "http://proxy:3128",
    }
    config = read(write(tmp_path / "config", cluster=cluster))
    assert config.certificate_authority == b"CA"
    assert (config.tls_server_name, config.proxy_url) == ("kubernetes", "http://proxy:3128")


async def test_relative_paths_are_relative_to_their_file(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("CA")
    (tmp_path / "token").write_text("t1\n")
    cluster = {"server": "https://10.0.0.1:6443", "certificate-authority": "ca.crt"}
    config = read(write(tmp_path / "config", cluster=cluster, user={"tokenFile": "token"}))
    assert config.certificate_authority == b"CA"
    assert await config.credentials.headers() == {"authorization": "Bearer t1"}


async def test_of_several_files_the_first_to_name_something_wins(tmp_path: Path) -> None:
    first = write(tmp_path / "first", user={"token": "first"}, current="")
    second = write(tmp_path / "second", user={"token": "second"})
    config = Kubeconfig.read([tmp_path / "missing", first, second]).config()
    assert await config.credentials.headers() == {"authorization": "Bearer first"}


async def test_client_certificates_come_from_data_or_files(tmp_path: Path) -> None:
    inline = {"client-certificate-data": encoded("CERT"), "client-key-data": encoded("KEY")}
    assert await read(write(tmp_path / "config", user=inline)).credentials.certificate() == (b"CERT", b"KEY")
    (tmp_path / "c.crt").write_text("CERT2")
    (tmp_path / "c.key").write_text("KEY2")
    files = {"client-certificate": "c.crt", "client-key": "c.key"}
    assert await read(write(tmp_path / "config", user=files)).credentials.certificate() == (b"CERT2", b"KEY2")


def test_impersonation_becomes_headers(tmp_path: Path) -> None:
    user = {"token": "t", "as": "jane", "as-groups": ["a", "b"], "as-user-extra": {"scope": ["x"]}}
    assert read(write(tmp_path / "config", user=user)).impersonate == [
        ("Impersonate-User", "jane"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-scope", "x"),
    ]


@pytest.mark.parametrize(
    ("user", "message"),
    [
        ({"username": "u", "password": "p"}, 'user "me": username .* no longer accepts passwords'),
        ({"auth-provider": {"name": "gcp"}}, 'user "me": auth-provider is no longer supported'),
        ({"exec": {"command": "x", "apiVersion": "v1alpha1"}}, "exec.apiVersion 'v1alpha1' is not supported"),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1"}}, "exec.command is missing"),
        ({"client-certificate-data": encoded("C")}, "client-key is missing"),
        ({"client-certificate-data": "%"}, "client-certificate-data is not base64"),
        ({"client-certificate": "gone.crt", "client-key-data": encoded("K")}, r"client-certificate .*gone.crt"),
        ({"token": 5}, "token must be a string"),
    ],
)
def test_a_bad_user_is_named_with_its_file_and_field(tmp_path: Path, user: Any, message: str) -> None:
    path = write(tmp_path / "config", user=user)
    with pytest.raises(ConfigError, match=message) as error:
        read(path)
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("context", "message"),
    [
        (
            {"cluster": "nope", "user": "me"},
            r'cluster of context "dev": there is no cluster "nope" \(there are: kind\)',
        ),
        ({"cluster": "kind", "user": "nope"}, r'user of context "dev": there is no user "nope"'),
    ],
)
def test_a_context_that_refers_to_nothing_says_what_there_is(tmp_path: Path, context: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        read(write(tmp_path / "config", context=context))


def test_an_entry_that_is_no_mapping_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("clusters: [{name: a, cluster: https://a.example.com}]\n")
    with pytest.raises(ConfigError, match=r"clusters\[0\]: cluster must be a mapping"):
        read(path)


def test_an_unknown_or_unset_context_lists_the_known_ones(tmp_path: Path) -> None:
    path = write(tmp_path / "config", current="")
    with pytest.raises(ConfigError, match=r"current-context is not set; choose one with --context: dev"):
        read(path)
    with pytest.raises(ConfigError, match=r'there is no context "prod" \(there are: dev\)'):
        read(path, "prod")


def test_files_that_are_missing_or_something_else_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone does not exist; check --kubeconfig"):
        Kubeconfig.read([tmp_path / "gone"])
    (tmp_path / "pod").write_text("kind: Pod\n")
    with pytest.raises(ConfigError, match="not a kubeconfig"):
        Kubeconfig.read([tmp_path / "pod"])
    (tmp_path / "torn").write_text("{")
    with pytest.raises(ConfigError, match="not YAML"):
        Kubeconfig.read([tmp_path / "torn"])
