from pathlib import Path

import pytest

from kubewright.helm.watches import WatchesError, expand_environment, read_watches
from kubewright.objects import GroupVersionKind

ENTRY = """
- group: charts.example.com
  version: v1alpha1
  kind: Web
  chart: helm-charts/web
"""


def test_an_entry_has_the_defaults_of_operator_sdk(tmp_path: Path) -> None:
    (tmp_path / "watches.yaml").write_text(ENTRY)
    (watch,) = read_watches(tmp_path / "watches.yaml")
    assert watch.gvk == GroupVersionKind("charts.example.com", "v1alpha1", "Web")
    assert watch.chart == tmp_path / "helm-charts/web"
    assert (watch.watch_dependent_resources, watch.reconcile_period, watch.dry_run_option) == (True, 60, "")
    assert not watch.selector


def test_an_entry_says_all_that_operator_sdk_and_helm_operator_plugins_know(tmp_path: Path) -> None:
    path = tmp_path / "watches.yaml"
    path.write_text(
        ENTRY
        + """\
  overrideValues: {image.tag: $TAG, image.name: "${REPO}/web", replicas: 3, debug: true, none: }
  watchDependentResources: false
  selector: {matchLabels: {tier: gold}}
  reconcilePeriod: 1m30s
  dryRunOption: server
  maxConcurrentReconciles: 8
  maxReleaseHistory: 3
"""
    )
    (watch,) = read_watches(path, {"TAG": "1.2", "REPO": "registry.example.com"})
    assert watch.override_values == {
        "image.tag": "1.2", "image.name": "registry.example.com/web", "replicas": "3", "debug": "true", "none": "",
    }  # fmt: skip
    assert (watch.watch_dependent_resources, watch.reconcile_period, watch.dry_run_option) == (False, 90, "server")
    assert watch.selector.matches({"tier": "gold"})
    assert (watch.max_concurrent_reconciles, watch.max_release_history) == (8, 3)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "must be a list"),
        ("a: 1", "must be a list"),
        ("- text", "entry 1 must be a mapping"),
        ("{", "cannot be read"),
        (ENTRY.replace("  kind: Web\n", ""), "entry 1 lacks kind"),
        (ENTRY.replace("chart: helm-charts/web", "chart:"), "entry 1 lacks chart"),
        (ENTRY + ENTRY, "entry 2: Web has an entry already"),
        (ENTRY + "  reconcilePeriod: often\n", "reconcilePeriod"),
        (ENTRY + "  watchDependentResources: 1\n", "must be a bool"),
        (ENTRY + "  overrideValues: []\n", "must be a dict"),
        (ENTRY + "  overrideValues: {a: {b: c}}\n", "overrideValues: a must be a scalar"),
        (ENTRY + "  dryRunOption: maybe\n", "dryRunOption must be none, client or server"),
        (ENTRY + "  maxConcurrentReconciles: 0\n", "1 or more"),
        (ENTRY + "  overideValues: {}\n", "unknown field overideValues"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "watches.yaml"
    path.write_text(text)
    with pytest.raises(WatchesError, match=complaint) as raised:
        read_watches(path)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expanded"), [("$A-${B}", "1-2"), ("${MISSING}", ""), ("cost: 5", "cost: 5"), ("a$", "a$")]
)
def test_variables_are_expanded_as_go_does(text: str, expanded: str) -> None:
    assert expand_environment(text, {"A": "1", "B": "2"}) == expanded
