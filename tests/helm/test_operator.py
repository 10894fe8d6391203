from pathlib import Path

import pytest
import yaml
from tests.helm.charts import write_chart

from kubewright.helm import ChartError, load
from kubewright.objects import to_dict

WATCHES = """
- group: charts.example.com
  version: v1alpha1
  kind: Web
  chart: web
  overrideValues: {message: fixed}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "web-operator"
    write_chart(folder)
    (folder / "watches.yaml").write_text(WATCHES)
    return folder


def test_an_operator_is_called_like_its_folder(root: Path) -> None:
    assert load(root / "watches.yaml").name == "web-operator"


def test_its_definitions_follow_from_the_charts(root: Path) -> None:
    (crd,) = map(to_dict, load(root / "watches.yaml").crds())
    version = crd["spec"]["versions"][0]
    assert version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"] == {"message": {"type": "string"}}
    assert version["subresources"] == {"status": {}}
    assert [column["name"] for column in version["additionalPrinterColumns"]] == ["Ready", "Revision", "Chart", "Age"]


def test_a_definition_of_one_s_own_stands_for_the_one_that_would_be_made(root: Path) -> None:
    (made,) = map(to_dict, load(root / "watches.yaml").crds())
    made["metadata"]["name"] = "webz.charts.example.com"
    made["spec"]["names"] |= {"plural": "webz", "shortNames": ["w"]}
    made["spec"]["scope"] = "Cluster"
    (root / "config/crd/bases").mkdir(parents=True)
    (root / "config/crd/bases/webz.yaml").write_text(yaml.safe_dump(made))
    operator = load(root / "watches.yaml")
    (own,) = map(to_dict, operator.crds())
    assert own["spec"]["names"]["shortNames"] == ["w"]
    (one,) = operator.reconciliations
    assert (one.cls.plural, one.cls.namespaced) == ("webz", False)


def test_samples_show_what_permissions_are_needed(root: Path) -> None:
    (root / "web/templates/extra.yaml").write_text(
        "{{ if .Values.extra }}\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n{{ end }}\n"
    )
    assert "services" not in {need.resource for need in load(root / "watches.yaml").needs()}
    (root / "config/samples").mkdir(parents=True)
    (root / "config/samples/web.yaml").write_text(
        "{apiVersion: charts.example.com/v1alpha1, kind: Web, metadata: {name: a}, spec: {extra: true}}"
    )
    resources = {need.resource for need in load(root / "watches.yaml").needs()}
    assert {"webs", "webs/status", "configmaps", "services", "secrets", "events"} <= resources


def test_a_chart_that_is_not_there_is_named(root: Path) -> None:
    (root / "watches.yaml").write_text(WATCHES.replace("chart: web", "chart: missing"))
    with pytest.raises(ChartError, match="missing"):
        load(root / "watches.yaml")
