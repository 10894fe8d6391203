from pathlib import Path

import pytest
import yaml

from kubewright.project.existing import files_from, read_existing
from kubewright.project.scaffold import REVISION
from kubewright.project.settings import Project, ProjectError
from kubewright.project.upgrade import write

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: captains.crew.example.com
spec:
  group: crew.example.com
  names: {kind: Captain, listKind: CaptainList, plural: captains, singular: captain}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {rank: {type: string, maxLength: 10}}
          status: {type: object}
"""
WEBHOOK = """\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: validating-webhook-configuration}
webhooks:
- name: vcaptain-v1.kb.io
  rules:
  - {apiGroups: [crew.example.com], apiVersions: [v1], operations: [CREATE], resources: [captains]}
"""
SAMPLE = "apiVersion: crew.example.com/v1\nkind: Captain\nmetadata: {name: captain-sample}\nspec: {rank: first}\n"


@pytest.fixture
def kubebuilder(tmp_path: Path) -> Path:
    """The parts of a kubebuilder project that tell what it is."""
    for path, text in {
        "PROJECT": "domain: example.com\nprojectName: fleet\nversion: '3'\n",
        "config/crd/bases/crew.example.com_captains.yaml": CRD,
        "config/webhook/manifests.yaml": WEBHOOK,
        "config/samples/crew_v1_captain.yaml": SAMPLE,
        "config/samples/kustomization.yaml": "resources: [crew_v1_captain.yaml]\n",
    }.items():
        write(tmp_path / path, text)
    return tmp_path


def project(root: Path) -> Project:
    return Project(
        root=root,
        name="fleet",
        version="0.1.0",
        domain="example.com",
        operator="fleet.operator:op",
        image="registry.example.com/fleet",
        scaffold=REVISION,
    )


def test_a_kubebuilder_project_becomes_a_python_one(kubebuilder: Path) -> None:
    existing = read_existing(kubebuilder)
    assert (existing.name, existing.domain) == ("fleet", "example.com")
    files = files_from(project(kubebuilder), existing)
    module = files["src/fleet/captain.py"]
    compile(module, "captain.py", "exec")
    assert "@op.resource(" in module
    assert "@op.reconcile(Captain)" in module
    assert "@op.validate(Captain)" in module
    assert "@op.default(Captain)" not in module
    assert "from fleet import captain, op" in files["src/fleet/operator.py"]
    assert yaml.safe_load(files["config/samples/captain.yaml"])["spec"] == {"rank": "first"}


def test_definitions_alone_make_a_project(kubebuilder: Path) -> None:
    existing = read_existing(kubebuilder / "config/crd/bases/crew.example.com_captains.yaml")
    assert [crd["metadata"]["name"] for crd in existing.crds] == ["captains.crew.example.com"]


def test_a_place_without_definitions_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="no CustomResourceDefinition in"):
        read_existing(tmp_path)
