"""Helm's own engine, with the real client-go under it: a release installed, upgraded, rolled back and removed."""

from __future__ import annotations

from pathlib import Path

import helm_python
import pytest
import yaml
from tests.clients.kubectl import BINARIES, Kubectl

CHART = """\
apiVersion: v2
name: shop
version: 0.1.0
"""
TEMPLATE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-conf"}
data: {colour: {{ .Values.colour }}, version: "{{ .Capabilities.KubeVersion.Version }}"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
{{- if .Values.service }}
---
apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}"}
spec: {selector: {app: shop}, ports: [{port: 80}]}
{{- end }}
"""
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata: {name: "{{ .Release.Name }}-migrate", annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: migrate, image: busybox}]}}}
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(CHART)
    (folder / "values.yaml").write_text(yaml.safe_dump({"colour": "red", "replicas": 1, "service": True}))
    (folder / "templates" / "all.yaml").write_text(TEMPLATE)
    (folder / "templates" / "hook.yaml").write_text(HOOK)
    return folder


@pytest.mark.timeout(120)
def test_a_release_lives_from_install_to_uninstall(
    chart: Path, cluster: Path, namespace: str, kubectl_home: Path
) -> None:
    binary = BINARIES["system"] or BINARIES["wheel"]
    if binary is None:
        pytest.skip("kubectl is not installed: it looks at what Helm made")
    kubectl = Kubectl(binary, cluster, namespace, kubectl_home)

    def colour() -> str:
        return kubectl("get", "cm", "web-conf", "-o", "jsonpath={.data.colour}")

    config = helm_python.Config(kubeconfig_path=str(cluster), namespace=namespace)
    try:
        config.install(str(chart), "web", namespace=namespace, create_namespace=True, wait="watcher", timeout=60)
        assert colour() == "red"
        assert kubectl("get", "cm", "web-conf", "-o", "jsonpath={.data.version}").startswith("v1.36")
        config.upgrade(str(chart), "web", {"colour": "blue", "replicas": 2, "service": False}, timeout=60)
        assert colour() == "blue"
        assert "not found" in kubectl.fails("get", "service", "web")
        config.rollback("web", version=1, timeout=60)
        assert colour() == "red"
        assert kubectl("get", "deploy,service", "-o", "name").split() == ["deployment.apps/web", "service/web"]
        assert len(kubectl("get", "secrets", "-l", "owner=helm,name=web", "-o", "name").split()) == 3
        config.uninstall("web", timeout=60)
        assert "not found" in kubectl.fails("get", "deploy", "web")
    finally:
        config.close()
