"""What `kubewright generate` writes is taken by kubectl under strict validation, and by a dry run of the server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.clients.kubectl import Kubectl
from tests.examples.loading import load, load_page

from kubewright import Operator
from kubewright.packaging.generated import crd_files, policy_files, rbac_files, webhook_files


@pytest.fixture(params=["website", "versions", "webhooks"])
def operator(request: pytest.FixtureRequest, tmp_path: Path) -> Operator:
    module = load_page("webhooks", tmp_path) if request.param == "webhooks" else load(request.param)
    found = module.op
    assert isinstance(found, Operator)
    return found


def test_generated_files_pass_a_dry_run_of_the_server(kubectl: Kubectl, operator: Operator) -> None:
    home = operator.service.namespace
    kubectl("apply", "-f", "-", input=f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: {home}}}")
    there = Kubectl(kubectl.binary, kubectl.kubeconfig, home, kubectl.home)
    files = crd_files(operator) | rbac_files(operator) | webhook_files(operator) | policy_files(operator)
    for name, text in files.items():
        for options in ([], ["--server-side"]):
            answer = there("apply", "--dry-run=server", "--validate=strict", *options, "-f", "-", input=text)
            assert "(server dry run)" in answer and "Warning" not in answer, f"{name}: {answer}"
