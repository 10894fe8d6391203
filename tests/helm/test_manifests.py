import pytest
from tests.helm.charts import hook

from kubewright.helm.manifests import (
    INSTALL_ORDER,
    ManifestError,
    hook_from,
    hooks_for,
    is_kept,
    objects_of,
    rendered,
)


def plain(kind: str, name: str = "a") -> str:
    return f"apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n"


def test_objects_come_in_the_order_in_which_a_cluster_wants_them() -> None:
    texts = {
        f"web/templates/{kind}.yaml": plain(kind) for kind in ("Zebra", "Deployment", "Ape", "Secret", "Namespace")
    }
    assert [obj["kind"] for obj in rendered(texts, "web").objects] == [
        "Namespace",
        "Secret",
        "Deployment",
        "Ape",
        "Zebra",
    ]
    assert len(set(INSTALL_ORDER)) == len(INSTALL_ORDER)


def test_documents_are_told_apart_and_empty_ones_dropped() -> None:
    text = f"---\n# only a comment\n---\n{plain('Service')}\n--- # next\n{plain('Secret')}---\n\n"
    made = rendered({"web/templates/all.yaml": text, "web/templates/none.yaml": "\n  \n"}, "web")
    assert [obj["kind"] for obj in made.objects] == ["Secret", "Service"]
    assert made.manifest.count("# Source: web/templates/all.yaml") == 2


def test_a_stored_manifest_gives_the_objects_again() -> None:
    lists = f"apiVersion: v1\nkind: ConfigMapList\nitems:\n- {plain('ConfigMap', 'x').replace(chr(10), chr(10) + '  ')}"
    made = rendered({"web/templates/a.yaml": f"{plain('Service')}---\n{lists}"}, "web")
    assert [obj["kind"] for obj in made.objects] == ["ConfigMap", "Service"]
    assert objects_of(made.manifest) == made.objects


def test_notes_are_the_chart_s_own() -> None:
    made = rendered({"web/templates/NOTES.txt": "mine", "web/charts/db/templates/NOTES.txt": "its"}, "web")
    assert (made.notes, made.objects) == ("mine", [])


def test_hooks_stand_apart_and_run_by_weight() -> None:
    texts = {
        "web/templates/b.yaml": hook("late", "pre-install,post-upgrade", weight=5),
        "web/templates/a.yaml": hook("early", " Pre-Install ", weight=-1, policy="hook-succeeded, hook-failed"),
        "web/templates/c.yaml": hook("check", "test-success"),
        "web/templates/d.yaml": plain("Service"),
        "web/templates/e.yaml": hook("helm-2", "crd-install"),
    }
    made = rendered(texts, "web")
    assert [obj["kind"] for obj in made.objects] == ["Service"]
    assert [one.obj["metadata"]["name"] for one in hooks_for(made.hooks, "pre-install")] == ["early", "late"]
    assert [one.obj["metadata"]["name"] for one in hooks_for(made.hooks, "test")] == ["check"]
    assert len(made.hooks) == 3
    early, late = hooks_for(made.hooks, "pre-install")
    assert early.delete_policies == ("hook-succeeded", "hook-failed")
    assert late.delete_policies == ("before-hook-creation",)
    assert hook_from(late.path, late.text) == late


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: [", "renders to no YAML"),
        ("just text", "without apiVersion and kind"),
        ("apiVersion: v1\nkind: Service\n", "a Service without a name"),
    ],
)
def test_what_is_no_object_is_named_by_its_template(text: str, complaint: str) -> None:
    with pytest.raises(ManifestError, match=f"web/templates/a.yaml.*{complaint}"):
        rendered({"web/templates/a.yaml": text}, "web")


def test_a_resource_policy_keeps_an_object() -> None:
    kept = {"metadata": {"name": "a", "annotations": {"helm.sh/resource-policy": "keep"}}}
    assert is_kept(kept)
    assert not is_kept({"metadata": {"name": "a"}})


def test_what_looks_like_a_date_stays_text() -> None:
    made = rendered({"web/templates/a.yaml": f"{plain('ConfigMap')}data:\n  day: 2024-01-01\n"}, "web")
    assert made.objects[0]["data"] == {"day": "2024-01-01"}
