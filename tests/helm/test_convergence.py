"""A release ends the same whatever goes wrong on the way, and wherever the operator dies."""

from pathlib import Path

import pytest
from tests.helm.charts import CONFIG_MAP, write_chart
from tests.helm.conftest import WEB

from kubewright.client import Client
from kubewright.helm import HelmOperator
from kubewright.objects import from_dict
from kubewright.testing.convergence import verify_convergence

SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {ports: [{port: {{ .Values.port }}}]}
"""


@pytest.mark.timeout(180)
async def test_releases_converge_under_faults_and_deaths(tmp_path: Path) -> None:
    operator = HelmOperator("web-operator")
    chart = write_chart(tmp_path, {"a.yaml": CONFIG_MAP, "b.yaml": SERVICE}, values={"message": "hello", "port": 80})
    cls = operator.chart(WEB, chart)
    metadata = {"name": "a", "namespace": "default"}
    web = from_dict(cls, {"apiVersion": WEB.api_version, "kind": WEB.kind, "metadata": metadata})

    async def upgrade(client: Client) -> None:
        await client.patch(cls, "a", "default", merge={"spec": {"message": "new", "port": 81}})

    verified = await verify_convergence(operator, [web], steps=[upgrade], timeout=20)
    assert verified.writes > 5
