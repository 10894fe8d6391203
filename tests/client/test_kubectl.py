"""Kubeconfigs that kubectl itself has written."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from kubewright.client import Kubeconfig

pytestmark = [
    pytest.mark.kubectl,
    pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed"),
]


CREDENTIAL = '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t1"}}'


def kubectl(kubeconfig: Path, *arguments: str) -> None:
    subprocess.run(["kubectl", "--kubeconfig", str(kubeconfig), *arguments], check=True, capture_output=True)


async def test_what_kubectl_config_writes_is_understood(tmp_path: Path) -> None:
    kubeconfig, authority, plugin = tmp_path / "config", tmp_path / "ca.crt", tmp_path / "bin" / "plugin"
    authority.write_text("CA")
    plugin.parent.mkdir()
    plugin.write_text(f"#!/bin/sh\necho '{CREDENTIAL}'\n")
    plugin.chmod(0o755)
    names = ("--server=https://10.0.0.1", "--tls-server-name=kubernetes", "--proxy-url=http://proxy:3128")
    kubectl(kubeconfig, "config", "set-cluster", "c", *names, f"--certificate-authority={authority}")
    kubectl(kubeconfig, "config", "set-credentials", "token-user", "--token=t0")
    version = "--exec-api-version=client.authentication.k8s.io/v1"
    kubectl(kubeconfig, "config", "set-credentials", "exec-user", version, f"--exec-command={plugin}")
    kubectl(kubeconfig, "config", "set-context", "with-token", "--cluster=c", "--user=token-user", "--namespace=shop")
    kubectl(kubeconfig, "config", "set-context", "with-exec", "--cluster=c", "--user=exec-user")
    kubectl(kubeconfig, "config", "use-context", "with-token")

    read = Kubeconfig.read([kubeconfig])
    config = read.config()
    assert (config.context, config.namespace, config.certificate_authority) == ("with-token", "shop", b"CA")
    assert (config.tls_server_name, config.proxy_url) == ("kubernetes", "http://proxy:3128")
    assert await config.credentials.headers() == {"authorization": "Bearer t0"}
    assert await read.config("with-exec").credentials.headers() == {"authorization": "Bearer t1"}
