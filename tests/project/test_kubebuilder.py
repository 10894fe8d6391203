from pathlib import Path
from typing import Any

from kubewright.project.kubebuilder import respond
from kubewright.project.upgrade import write


def asked(folder: Path, command: str, *args: str, **parts: Any) -> dict[str, Any]:
    return respond({"apiVersion": "v1alpha1", "command": command, "args": list(args), **parts}, folder)


def test_init_puts_the_project_and_nothing_else_into_the_universe(tmp_path: Path) -> None:
    answer = asked(tmp_path, "init", "--domain", "example.com", "--project-name", "shop", universe={"PROJECT": "x"})
    assert not answer["error"]
    assert "PROJECT" not in answer["universe"]
    assert 'domain = "example.com"' in answer["universe"]["pyproject.toml"]


def test_a_kind_and_its_webhooks_are_added_to_the_project(tmp_path: Path) -> None:
    for path, text in asked(tmp_path, "init", "--domain", "example.com", "--project-name", "shop")["universe"].items():
        write(tmp_path / path, text)
    api = asked(tmp_path, "create api", "--group", "sales", "--version", "v1", "--kind", "Order", "--make=false")
    for path, text in api["universe"].items():
        write(tmp_path / path, text)
    webhook = asked(tmp_path, "create webhook", "--kind", "Order", "--version", "v1", "--programmatic-validation")
    assert "@op.validate(Order)" in webhook["universe"]["src/shop/order.py"]


def test_what_is_wrong_is_said_in_the_answer(tmp_path: Path) -> None:
    answer = asked(tmp_path, "create api", "--group", "sales", "--version", "v1", "--kind", "Order")
    assert answer["error"]
    assert "no kubewright project" in answer["errorMsgs"][0]
    assert asked(tmp_path, "destroy")["error"]


def test_flags_and_examples_are_told_for_each_subcommand(tmp_path: Path) -> None:
    flags = asked(tmp_path, "flags", "--init")["flags"]
    assert [flag["name"] for flag in flags] == ["domain", "project-name", "license"]
    assert "python/v1" in asked(tmp_path, "metadata", "--api")["metadata"]["examples"]
