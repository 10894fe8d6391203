import pytest

from kubewright.helm import ChartError
from kubewright.helm.values import merged, override_values


def test_mappings_are_joined_and_everything_else_is_replaced() -> None:
    values = {"a": {"b": 1, "c": 2}, "list": [1, 2], "x": 1}
    assert merged(values, {"a": {"c": 3}, "list": [3], "x": {"y": 1}}) == {
        "a": {"b": 1, "c": 3}, "list": [3], "x": {"y": 1},
    }  # fmt: skip
    assert values == {"a": {"b": 1, "c": 2}, "list": [1, 2], "x": 1}


def test_overrides_are_paths_and_typed_by_their_looks() -> None:
    overrides = {"image.tag": "1.2", "replicas": "3", "debug": "true", "hosts": "{a,b}", "image.name": "web"}
    assert override_values(overrides) == {
        "image": {"tag": "1.2", "name": "web"}, "replicas": 3, "debug": True, "hosts": ["a", "b"],
    }  # fmt: skip


def test_overrides_may_be_templates() -> None:
    assert override_values({"name": '{{ "web" | upper }}-{{ add 1 2 }}'}) == {"name": "WEB-3"}
    image = "quay.io/operator-framework/helm-operator:latest"
    parts = {"repo": f'{{{{ ("{image}" | split ":")._0 }}}}', "tag": f'{{{{ ("{image}" | split ":")._1 }}}}'}
    assert override_values(parts) == {"repo": "quay.io/operator-framework/helm-operator", "tag": "latest"}


def test_a_template_that_fails_is_named() -> None:
    with pytest.raises(ChartError, match="unknown_function"):
        override_values({"name": "{{ unknown_function }}"})
