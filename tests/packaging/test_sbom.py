from importlib.metadata import PackageNotFoundError, version

import pytest

from kubewright.packaging.sbom import bill_of_materials


def test_the_bill_lists_what_the_runtime_needs_and_nothing_of_the_development_parts() -> None:
    bill = bill_of_materials("kubewright")
    purls = {component["purl"] for component in bill["components"]}
    assert f"pkg:pypi/msgspec@{version('msgspec')}" in purls
    assert f"pkg:pypi/cffi@{version('cffi')}" in purls  # which cryptography needs
    assert not [purl for purl in purls if "mypy" in purl]
    assert bill["metadata"]["component"]["name"] == "kubewright"


def test_every_reference_leads_to_a_component() -> None:
    bill = bill_of_materials("kubewright")
    known = {component["bom-ref"] for component in (bill["metadata"]["component"], *bill["components"])}
    for entry in bill["dependencies"]:
        assert {entry["ref"], *entry["dependsOn"]} <= known


def test_an_absent_package_is_named() -> None:
    with pytest.raises(PackageNotFoundError):
        bill_of_materials("no-such-package")
