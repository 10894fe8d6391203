from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.project.lifecycle import kubewright, run

from kubewright.project.children import new_children
from kubewright.project.create import Api, new_api
from kubewright.project.scaffold import REVISION, project_files
from kubewright.project.settings import Project, ProjectError
from kubewright.project.upgrade import write

DEFINITION = Path(__file__).parents[1] / "schema/goldens/certificate.yaml"


def definition() -> dict[str, Any]:
    crd: dict[str, Any] = yaml.safe_load(DEFINITION.read_text())
    return crd


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(
        root=tmp_path, name="shop", version="0.1.0", domain="example.com", operator="shop.operator:op", image="shop",
        scaffold=REVISION,
    )  # fmt: skip
    for make in (project_files, lambda made: new_api(made, Api("sales", "v1", "Order"))):
        for path, text in make(made).items():
            write(tmp_path / path, text)
    return made


def test_a_child_is_a_class_that_is_imported_and_owned(project: Project) -> None:
    files = new_children(project, "Order", [definition()])
    assert "class CertificateSpec(Spec):" in files["src/shop/certificate.py"]
    assert "@op" not in files["src/shop/certificate.py"]
    assert "from shop import op\nfrom shop.certificate import Certificate\n" in files["src/shop/order.py"]
    assert "@op.reconcile(Order, owns=[ConfigMap, Certificate])" in files["src/shop/order.py"]


def test_a_reconcile_function_that_owned_nothing_owns_it_then(project: Project) -> None:
    module = project.root / "src/shop/order.py"
    module.write_text(module.read_text().replace("(Order, owns=[ConfigMap])", "(Order)"))
    files = new_children(project, "Order", [definition()])
    assert "@op.reconcile(Order, owns=[Certificate])" in files["src/shop/order.py"]


@pytest.mark.parametrize(
    ("kind", "old", "new", "words"),
    [
        ("Nothing", "", "", "no kind Nothing"),
        ("Order", "@op.reconcile(Order, owns=[ConfigMap])\n", "", r"no function with @op\.reconcile\(Order\)"),
    ],
)
def test_what_is_missing_is_named(project: Project, kind: str, old: str, new: str, words: str) -> None:
    module = project.root / "src/shop/order.py"
    module.write_text(module.read_text().replace(old, new))
    with pytest.raises(ProjectError, match=words):
        new_children(project, kind, [definition()])


@pytest.mark.timeout(120)
def test_a_project_with_such_a_child_is_linted_typed_and_rehearsed(tmp_path: Path) -> None:
    kubewright(tmp_path, "init", "shop", "--domain", "example.com")
    shop = tmp_path / "shop"
    kubewright(shop, "create", "api", "--group", "sales", "--version", "v1", "--kind", "Order")
    shutil.copy(DEFINITION, tmp_path / "certificates.yaml")
    kubewright(shop, "create", "child", "--kind", "Order", "--from", "../certificates.yaml")
    module = shop / "src/shop/order.py"
    apply = """    await ctx.apply(
        Certificate(
            metadata=ObjectMeta(name=order.metadata.name),
            spec=CertificateSpec(secret_name="tls", issuer_ref=CertificateSpecIssuerRef(name="own")),
        )
    )
    ctx.condition("""
    text = module.read_text().replace("    ctx.condition(", apply, 1)
    used = "import Certificate, CertificateSpec, CertificateSpecIssuerRef"
    module.write_text(text.replace("import Certificate", used))
    run(shop, "ruff", "check", "--no-cache", "src", "tests")
    run(shop, "ruff", "format", "--check", "--no-cache", "src", "tests")
    run(shop, "mypy")
    assert "Certificate sample" in kubewright(shop, "rehearse")
