from __future__ import annotations

from pathlib import Path

import pytest
from tests.client.test_kubeconfig import write

from kubewright.client import ConfigError, connect, in_cluster_config, load_config


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_without_any_configuration_the_next_step_is_named() -> None:
    with pytest.raises(ConfigError, match="--kubeconfig, or use an embedded control plane"):
        load_config()


def test_the_home_directory_comes_after_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube" / "config", cluster={"server": "https://home"})
    assert load_config().server == "https://home"
    monkeypatch.setenv("KUBECONFIG", str(write(tmp_path / "other", cluster={"server": "https://other"})))
    assert load_config().server == "https://other"


async def test_a_pod_is_configured_by_its_mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    with pytest.raises(ConfigError, match="automountServiceAccountToken"):
        in_cluster_config(tmp_path)
    for name, text in {"token": "t", "namespace": "shop\n", "ca.crt": "CA"}.items():
        (tmp_path / name).write_text(text)
    config = in_cluster_config(tmp_path)
    assert (config.server, config.namespace) == ("https://[fd00::1]:443", "shop")
    assert config.certificate_authority == b"CA"
    assert await config.credentials.headers() == {"authorization": "Bearer t"}


async def test_connect_uses_the_contexts_namespace(tmp_path: Path) -> None:
    path = write(tmp_path / "k", context={"cluster": "kind", "user": "me", "namespace": "shop"})
    async with connect(path) as client:
        assert client.namespace == "shop"


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ({"server": "10.0.0.1:6443"}, "not an http or https URL"),
        ({"server": "https://a", "proxy-url": "socks5://b"}, "only http:// proxies"),
    ],
)
def test_settings_that_cannot_be_used_are_refused_at_once(
    tmp_path: Path, cluster: dict[str, str], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        connect(write(tmp_path / "k", cluster=cluster))
