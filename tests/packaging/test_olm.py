import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from kubewright.objects import GroupVersionKind
from kubewright.packaging import OperatorManifest
from kubewright.packaging.bundle_rules import BundleError, read_bundle, validate_bundle
from kubewright.packaging.olm import catalog, olm_bundle
from kubewright.schema import Descriptor, Listing
from kubewright.schema.listing import Shown

CSV = "manifests/website-operator.clusterserviceversion.yaml"


def csv_of(files: dict[str, str]) -> dict[str, Any]:
    document = yaml.safe_load(files[CSV])
    assert isinstance(document, dict)
    return document


def changed(files: dict[str, str], change: Callable[[dict[str, Any]], object]) -> dict[str, str]:
    csv = csv_of(files)
    change(csv)
    return {**files, CSV: yaml.safe_dump(csv)}


def test_a_generated_bundle_breaks_no_rule(manifest: OperatorManifest) -> None:
    assert validate_bundle(read_bundle(olm_bundle(manifest))) == []


def test_the_same_operator_gives_the_same_bytes(manifest: OperatorManifest) -> None:
    assert olm_bundle(manifest) == olm_bundle(manifest)


def test_the_csv_carries_permissions_webhooks_and_owned_kinds(manifest: OperatorManifest) -> None:
    spec = csv_of(olm_bundle(manifest, replaces="website-operator.v0.0.9"))["spec"]
    assert spec["replaces"] == "website-operator.v0.0.9"
    (cluster,) = spec["install"]["spec"]["clusterPermissions"]
    assert manifest.rules[0] in cluster["rules"]
    assert [one["type"] for one in spec["webhookdefinitions"]] == [
        "MutatingAdmissionWebhook", "ValidatingAdmissionWebhook", "ConversionWebhook",
    ]  # fmt: skip
    (owned,) = spec["customresourcedefinitions"]["owned"]
    assert owned["specDescriptors"] == [{"path": "image", "displayName": "Image", "description": "What runs."}]


def test_listings_and_descriptors_say_how_kinds_are_shown(manifest: OperatorManifest) -> None:
    pods = "urn:alm:descriptor:com.tectonic.ui:podCount"
    shown = Shown(
        listing=Listing(display_name="Web site", resources=[("Service", "v1", "")]),
        spec={"image": Descriptor("Picture"), "tls.secretName": Descriptor(order=1)},
        status={"readyReplicas": Descriptor(x_descriptors=[pods])},
    )
    manifest = dataclasses.replace(manifest, shown={GroupVersionKind("web.example.com", "v1", "Website"): shown})
    (owned,) = csv_of(files := olm_bundle(manifest))["spec"]["customresourcedefinitions"]["owned"]
    assert owned["displayName"] == "Web site"
    assert owned["resources"] == [{"kind": "Service", "version": "v1", "name": ""}]
    assert owned["specDescriptors"] == [
        {"path": "tls.secretName", "displayName": "Secret name", "description": "secretName"},
        {"path": "image", "displayName": "Picture", "description": "What runs."},
    ]
    assert owned["statusDescriptors"][0]["x-descriptors"] == [pods]
    assert validate_bundle(read_bundle(files)) == []


def test_a_conversion_webhook_leaves_only_all_namespaces(manifest: OperatorManifest) -> None:
    manifest = dataclasses.replace(manifest, watch_namespaces=["a"])
    modes = csv_of(olm_bundle(manifest))["spec"]["installModes"]
    assert [mode["type"] for mode in modes if mode["supported"]] == ["AllNamespaces"]


def test_the_catalog_offers_the_bundle(manifest: OperatorManifest) -> None:
    package, channel, bundle = yaml.safe_load_all(catalog(manifest, bundle_image="registry.example.com/b:1"))
    assert package["defaultChannel"] == channel["name"] == "stable"
    assert channel["entries"] == [{"name": bundle["name"]}]
    assert {"type": "olm.gvk", "value": {"group": "web.example.com", "kind": "Website", "version": "v1"}} in bundle[
        "properties"
    ]


RULES: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("B010", lambda csv: csv["metadata"].update(name="website")),
    ("B011", lambda csv: csv["spec"].update(version="0.2.0")),
    ("B012", lambda csv: csv["metadata"].update(name="other.v0.1.0")),
    ("B020", lambda csv: csv["spec"].pop("displayName")),
    ("B021", lambda csv: csv["spec"]["install"].update(strategy="other")),
    ("B022", lambda csv: csv["spec"]["install"]["spec"].update(deployments=[])),
    ("B023", lambda csv: csv["spec"]["installModes"].append({"type": "X", "supported": True})),
    ("B024", lambda csv: [mode.update(supported=False) for mode in csv["spec"]["installModes"]]),
    ("B025", lambda csv: [mode.update(supported=True) for mode in csv["spec"]["installModes"]]),
    ("B030", lambda csv: csv["spec"]["customresourcedefinitions"]["owned"][0].update(kind="Other")),
    ("B031", lambda csv: csv["spec"]["customresourcedefinitions"].update(owned=[])),
    ("B032", lambda csv: csv["spec"]["customresourcedefinitions"]["owned"][0].pop("description")),
    ("B033", lambda csv: csv["spec"]["customresourcedefinitions"]["owned"][0].pop("resources")),
    ("B040", lambda csv: csv["metadata"]["annotations"].update({"alm-examples": "{"})),
    ("B041", lambda csv: csv["metadata"]["annotations"].update({"alm-examples": "[]"})),
    ("B042", lambda csv: csv["metadata"]["annotations"].update({"alm-examples": json.dumps([{"kind": "X"}])})),
    ("B043", lambda csv: csv["metadata"]["annotations"].update({"alm-examples": json.dumps([{"kind": "X"}])})),
    ("B060", lambda csv: csv["metadata"]["annotations"].update(capabilities="Best")),
    ("B061", lambda csv: csv["metadata"]["annotations"].update(categories="Fun")),
    ("B062", lambda csv: csv["spec"].pop("provider")),
    ("B063", lambda csv: csv["spec"]["icon"][0].update(mediatype="text/plain")),
    ("B064", lambda csv: csv["spec"]["maintainers"][0].update(email="nobody")),
    ("B065", lambda csv: csv["spec"].update(minKubeVersion="1.x")),
    ("B070", lambda csv: csv["spec"]["relatedImages"].append({"image": "NOT AN IMAGE"})),
    ("B071", lambda csv: csv["spec"].update(relatedImages=[{"image": "other:1"}])),
]


@pytest.mark.parametrize(("code", "change"), RULES, ids=[code for code, _ in RULES])
def test_a_broken_rule_is_found(
    manifest: OperatorManifest, code: str, change: Callable[[dict[str, Any]], object]
) -> None:
    found = validate_bundle(read_bundle(changed(olm_bundle(manifest), change)))
    assert code in {finding.code for finding in found}


@pytest.mark.parametrize(
    ("code", "obj"),
    [
        ("B050", {"kind": "Deployment"}),
        ("B051", {"kind": "ServiceAccount", "metadata": {"name": "website-operator-controller-manager"}}),
        ("B052", {"kind": "PriorityClass", "globalDefault": True}),
        ("B053", {"kind": "PodDisruptionBudget", "spec": {"maxUnavailable": 0}}),
    ],
)
def test_a_manifest_that_olm_would_not_install_is_found(
    manifest: OperatorManifest, code: str, obj: dict[str, Any]
) -> None:
    files = {**olm_bundle(manifest), "manifests/extra.yaml": yaml.safe_dump(obj)}
    assert code in {finding.code for finding in validate_bundle(read_bundle(files))}


def test_files_that_are_no_bundle_name_the_file(manifest: OperatorManifest) -> None:
    files = olm_bundle(manifest)
    with pytest.raises(BundleError, match=r"manifests/x\.yaml: is no YAML"):
        read_bundle({**files, "manifests/x.yaml": "a: b: c"})
    with pytest.raises(BundleError, match="exactly one"):
        read_bundle({path: text for path, text in files.items() if path != CSV})
    with pytest.raises(BundleError, match=r"metadata/annotations\.yaml"):
        read_bundle({path: text for path, text in files.items() if "annotations" not in path})
