from pathlib import Path
from typing import Any

import pytest

from kubewright import Resource, Spec, Status
from kubewright.project.create import Api, new_api
from kubewright.project.extend import new_version
from kubewright.project.rename import rename_kind
from kubewright.project.scaffold import REVISION, Files, project_files
from kubewright.project.settings import Project, ProjectError
from kubewright.project.upgrade import write
from kubewright.schema import custom_resource


@custom_resource(group="example.com", version="v1")
class Order(Resource[Spec, Status]):
    """What the operator's code would hold."""


Order.__module__ = "shop.order"
ORDER: type[Resource[Any, Any]] = Order


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(
        root=tmp_path,
        name="shop",
        version="0.1.0",
        domain="example.com",
        operator="shop.operator:op",
        image="registry.example.com/shop",
        scaffold=REVISION,
    )
    put(made, project_files(made))
    put(made, new_api(made, Api("sales", "v1", "Order")))
    return made


def put(project: Project, files: Files) -> None:
    for path, text in files.items():
        write(project.root / path, text)


def test_a_kind_takes_its_classes_files_and_imports_along(project: Project) -> None:
    renaming = rename_kind(project, "Order", "Purchase")
    assert sorted(renaming.remove) == ["config/samples/order.yaml", "src/shop/order.py", "tests/test_order.py"]
    assert "class Purchase(Resource[PurchaseSpec, PurchaseStatus])" in renaming.write["src/shop/purchase.py"]
    assert "from shop import op, purchase" in renaming.write["src/shop/operator.py"]
    assert "from shop.purchase import Purchase, PurchaseSpec" in renaming.write["tests/test_purchase.py"]
    assert "kind: Purchase" in renaming.write["config/samples/purchase.yaml"]


def test_its_versions_follow(project: Project) -> None:
    put(project, new_version(project, ORDER, "v2"))
    written = rename_kind(project, "Order", "Purchase").write
    text = written["src/shop/purchase_v2.py"]
    assert "from shop import op, purchase, purchase_v2" in written["src/shop/operator.py"]
    assert 'kind="Purchase"' in text
    assert 'plural="purchases"' in text
    assert "class PurchaseV2Spec(PurchaseSpec)" in text
    assert "from shop.purchase import Purchase" in text


def test_longer_words_are_other_names(project: Project) -> None:
    path = "src/shop/page.py"
    put(project, {path: "class OrdersPage: ...\n"})
    assert path not in rename_kind(project, "Order", "Purchase").write


def test_nothing_is_overwritten(project: Project) -> None:
    put(project, {"src/shop/purchase.py": "mine\n"})
    with pytest.raises(ProjectError, match="exists already"):
        rename_kind(project, "Order", "Purchase")
