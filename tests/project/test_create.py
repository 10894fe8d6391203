from pathlib import Path

import pytest

from kubewright.project.create import Api, api_files, new_api, with_import, without_import
from kubewright.project.scaffold import REVISION, project_files
from kubewright.project.settings import Project, ProjectError, find_project
from kubewright.project.upgrade import write

ENTRY = '''"""Docs."""

# A comment that stays.
from shop import (
    op,  # made there
)

__all__ = ["op"]
'''


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
    for path, text in project_files(made).items():
        write(tmp_path / path, text)
    return made


def test_a_new_project_is_found_with_the_answers_it_was_made_from(project: Project) -> None:
    found = find_project(project.root)
    assert (found.name, found.domain, found.operator, found.image) == (
        project.name, project.domain, project.operator, project.image,
    )  # fmt: skip


def test_a_new_kind_brings_its_module_test_sample_and_import(project: Project) -> None:
    files = new_api(project, Api("sales", "v1", "CoffeeOrder"))
    assert sorted(files) == [
        "config/samples/coffee_order.yaml",
        "src/shop/coffee_order.py",
        "src/shop/operator.py",
        "tests/test_coffee_order.py",
    ]
    assert "from shop import coffee_order, op" in files["src/shop/operator.py"]
    assert 'group="sales.example.com"' in files["src/shop/coffee_order.py"]


def test_an_existing_file_is_never_overwritten(project: Project) -> None:
    write(project.root / "src/shop/coffee_order.py", "mine\n")
    with pytest.raises(ProjectError, match="exists already"):
        new_api(project, Api("sales", "v1", "CoffeeOrder"))


def test_deleting_a_kind_undoes_creating_it(project: Project) -> None:
    entry = (project.root / "src/shop/operator.py").read_text()
    for path, text in new_api(project, Api("sales", "v1", "CoffeeOrder")).items():
        write(project.root / path, text)
    removed, changed = api_files(project, "CoffeeOrder")
    assert len(removed) == 3
    assert changed == {"src/shop/operator.py": entry}


def test_deleting_a_kind_takes_its_versions_and_their_tests_along(project: Project) -> None:
    for path, text in new_api(project, Api("sales", "v1", "CoffeeOrder")).items():
        write(project.root / path, text)
    more = ["src/shop/coffee_order_v2.py", "tests/test_coffee_order_v2.py", "tests/test_coffee_order_webhooks.py"]
    for path in (*more, "src/shop/coffee_order_voucher.py"):
        write(project.root / path, "")
    removed, _ = api_files(project, "CoffeeOrder")
    assert set(more) <= set(removed)
    assert "src/shop/coffee_order_voucher.py" not in removed


def test_the_import_keeps_what_stands_around_it() -> None:
    added = with_import(ENTRY, "shop", "order", where="operator.py")
    assert "# A comment that stays." in added
    assert '__all__ = ["op", "order"]' in added
    assert "order" not in without_import(added, "shop", "order", where="operator.py")


def test_a_file_without_the_import_is_named() -> None:
    with pytest.raises(ProjectError, match=r"operator\.py has no line `from shop import op`"):
        with_import("x = 1\n", "shop", "order", where="operator.py")


@pytest.mark.parametrize(
    ("group", "version", "kind", "complaint"),
    [
        ("Sales", "v1", "Order", "group"),
        ("sales", "1", "Order", "version"),
        ("sales", "v1", "order", "kind"),
        ("sales", "v1gamma1", "Order", "version"),
    ],
)
def test_names_that_the_api_would_refuse_are_refused(group: str, version: str, kind: str, complaint: str) -> None:
    with pytest.raises(ProjectError, match=complaint):
        Api(group, version, kind)
