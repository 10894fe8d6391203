import json
from pathlib import Path

from tests.helm.charts import CONFIG_MAP, write_chart

from kubewright.client import connect
from kubewright.helm import Chart
from kubewright.helm.lookups import Lookups, capabilities_of
from kubewright.objects.core_v1 import Namespace
from kubewright.objects.errors import APIError
from kubewright.testing import TestCluster


def looking_chart(folder: Path) -> Chart:
    return Chart(write_chart(folder, {"m.yaml": CONFIG_MAP + '  x: {{ lookup "v1" "Secret" "" "" | len }}\n'}))


async def test_only_a_chart_that_looks_something_up_is_served(cluster: TestCluster, tmp_path: Path) -> None:
    async with Lookups(Chart(write_chart(tmp_path))).serving(cluster.client) as parameters:
        assert parameters is None
    assert await Lookups(Chart(write_chart(tmp_path))).capabilities(cluster.client) == ("", ())


async def test_reads_are_passed_on_and_nothing_else_is(cluster: TestCluster, tmp_path: Path) -> None:
    async with Lookups(looking_chart(tmp_path)).serving(cluster.client) as parameters:
        assert parameters is not None
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(parameters["kubeconfig_content"])
        async with connect(kubeconfig) as client:
            assert (await client.get(Namespace, "default")).metadata.name == "default"
            try:
                await client.delete(Namespace, "default")
                refused = 0
            except APIError as error:
                refused = error.status_code
        assert refused == 405


async def test_who_does_not_know_the_path_reads_nothing(cluster: TestCluster, tmp_path: Path) -> None:
    async with Lookups(looking_chart(tmp_path)).serving(cluster.client) as parameters:
        assert parameters is not None
        config = json.loads(parameters["kubeconfig_content"])
        server = config["clusters"][0]["cluster"]["server"]
        config["clusters"][0]["cluster"]["server"] = server.rpartition("/")[0] + "/guess"
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(json.dumps(config))
        async with connect(kubeconfig) as client:
            try:
                await client.get(Namespace, "default")
                refused = 0
            except APIError as error:
                refused = error.status_code
        assert refused == 401


async def test_capabilities_are_versions_and_kinds(cluster: TestCluster) -> None:
    found = await capabilities_of(cluster.client)
    assert found.kube_version.startswith("v1.")
    assert {"v1", "apps/v1", "apps/v1/Deployment", "v1/ConfigMap"} <= set(found.api_versions)
