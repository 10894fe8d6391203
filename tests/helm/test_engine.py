import tarfile
from pathlib import Path

import pytest
import yaml
from tests.helm.charts import CONFIG_MAP, write_chart

from kubewright.helm import Capabilities, Chart, ChartError


def test_a_chart_is_rendered_by_helm_itself(tmp_path: Path) -> None:
    template = CONFIG_MAP + "  release: {{ .Release.Revision }}-{{ .Release.IsUpgrade }}-{{ .Release.Namespace }}\n"
    made = Chart(write_chart(tmp_path, {"m.yaml": template})).render(
        {"message": "hi"}, name="a", namespace="shop", revision=3, upgrade=True
    )
    assert made.objects[0]["metadata"] == {"name": "a"}
    assert made.objects[0]["data"] == {"message": "hi", "release": "3-true-shop"}


def test_capabilities_are_those_of_the_cluster(tmp_path: Path) -> None:
    template = CONFIG_MAP + '  k: {{ .Capabilities.KubeVersion }}\n  h: {{ .Capabilities.APIVersions.Has "x/v1" }}\n'
    chart = Chart(write_chart(tmp_path, {"m.yaml": template}))
    made = chart.render({}, name="a", namespace="b", capabilities=Capabilities("v1.30.1", ("x/v1",)))
    assert (made.objects[0]["data"]["k"], made.objects[0]["data"]["h"]) == ("v1.30.1", True)


@pytest.mark.parametrize(
    ("templates", "schema", "values", "complaint"),
    [
        ({"m.yaml": '{{ fail "never" }}'}, None, {}, "never"),
        ({"m.yaml": "{{ .Values.a.b }}"}, None, {}, "nil pointer"),
        (None, {"properties": {"message": {"type": "integer"}}}, {"message": "x"}, "got string, want integer"),
    ],
)
def test_what_a_chart_refuses_is_said_in_helm_s_words(
    tmp_path: Path, templates: dict[str, str] | None, schema: dict[str, object] | None, values: dict[str, object],
    complaint: str,
) -> None:  # fmt: skip
    chart = Chart(write_chart(tmp_path, templates, schema=schema))
    with pytest.raises(ChartError, match=complaint):
        chart.render(values, name="a", namespace="b")


def test_no_chart_is_no_chart(tmp_path: Path) -> None:
    with pytest.raises(ChartError, match="nothing"):
        Chart(tmp_path / "nothing")


def test_missing_dependencies_are_named(tmp_path: Path) -> None:
    root = write_chart(tmp_path)
    metadata = yaml.safe_load((root / "Chart.yaml").read_text())
    metadata["dependencies"] = [{"name": "db", "version": "1.0.0", "repository": "https://charts.example.com"}]
    (root / "Chart.yaml").write_text(yaml.safe_dump(metadata))
    with pytest.raises(ChartError, match="lacks db"):
        Chart(root)


def test_the_digest_changes_with_any_file_and_with_nothing_else(tmp_path: Path) -> None:
    one, same = write_chart(tmp_path / "1"), write_chart(tmp_path / "2")
    assert Chart(one).digest == Chart(same).digest
    (one / "templates/_helpers.tpl").write_text("{{/* new */}}")
    assert Chart(one).digest != Chart(same).digest


def test_an_archive_is_as_good_as_a_folder(tmp_path: Path) -> None:
    root = write_chart(tmp_path, {"m.yaml": CONFIG_MAP + '  n: {{ (lookup "v1" "Secret" "" "").items | len }}\n'})
    with tarfile.open(tmp_path / "web.tgz", "w:gz") as tar:
        tar.add(root, "web")
    chart = Chart(tmp_path / "web.tgz")
    assert (chart.name, chart.version, chart.mentions("lookup"), chart.mentions("nonsense")) == (
        "web", "0.1.0", True, False,
    )  # fmt: skip


def test_the_stored_chart_is_what_helm_stores(tmp_path: Path) -> None:
    stored = Chart(write_chart(tmp_path, schema={"type": "object"})).stored
    assert stored["metadata"]["name"] == "web"
    assert [one["name"] for one in stored["templates"]] == ["templates/map.yaml"]
    assert stored["values"] == {"message": "hello"}
