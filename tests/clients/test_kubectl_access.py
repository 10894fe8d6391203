"""kubectl asking what there is and what one may do: discovery, explanations, access, kubeconfigs, logical clusters."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.clients.kubectl import Kubectl

pytestmark = pytest.mark.kubectl

SITES = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sites.%(group)s}
spec:
  group: %(group)s
  scope: Namespaced
  names: {plural: sites, singular: site, kind: Site, shortNames: [st], categories: [all]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
    additionalPrinterColumns: [{name: Host, type: string, jsonPath: .spec.host}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            description: What to serve.
            type: object
            required: [host]
            properties:
              host: {type: string, description: The name that the site is found under.}
              replicas: {type: integer, default: 1}
            x-kubernetes-validations: [{rule: "self.host != 'bad'", message: not that one}]
          status: {type: object, properties: {replicas: {type: integer}}}
"""
SITE = "apiVersion: %(group)s/v1\nkind: Site\nmetadata: {name: home}\nspec: {host: %(host)s}\n"


def test_resources_and_versions_are_listed(kubectl: Kubectl) -> None:
    rows = {line.split()[0]: line.split() for line in kubectl("api-resources").splitlines()[1:]}
    assert rows["deployments"] == ["deployments", "deploy", "apps/v1", "true", "Deployment"]
    assert rows["namespaces"] == ["namespaces", "ns", "v1", "false", "Namespace"]
    assert {"apps/v1", "v1", "rbac.authorization.k8s.io/v1"} <= set(kubectl("api-versions").split())
    assert kubectl("get", "--raw", "/healthz") == "ok"
    assert "Server Version: v1.36" in kubectl("version")
    assert "is running at" in kubectl("cluster-info")


def test_fields_are_explained(kubectl: Kubectl) -> None:
    assert "rollingUpdate\t<RollingUpdateDeployment>" in kubectl("explain", "deployment.spec.strategy")
    assert "readinessProbe\t<Probe>" in kubectl("explain", "pods", "--recursive")
    assert 'field "nope" does not exist' in kubectl.fails("explain", "pod.spec.nope")


def test_a_custom_resource_is_as_good_as_any(kubectl: Kubectl) -> None:
    group = f"{kubectl.namespace}.example.com"
    kubectl("apply", "-f", "-", input=SITES % {"group": group})
    kubectl("wait", f"crd/sites.{group}", "--for=condition=Established", "--timeout=10s")
    sites = f"sites.{group}"
    assert "The name that the site is found under." in kubectl("explain", f"{sites}.spec.host")
    bad = kubectl.fails("apply", "-f", "-", input=SITE % {"group": group, "host": "bad"})
    assert "spec: Invalid value" in bad and "not that one" in bad
    kubectl("apply", "-f", "-", input=SITE % {"group": group, "host": "a.example.com"})
    table = kubectl("get", sites).split()
    assert table == ["NAME", "HOST", "home", "a.example.com"]
    kubectl("scale", sites, "home", "--replicas=3")
    assert kubectl("get", sites, "home", "-o", "jsonpath={.spec.replicas}") == "3"
    kubectl("patch", sites, "home", "--subresource=status", "--type=merge", "-p", '{"status":{"replicas":3}}')
    assert kubectl("get", sites, "home", "-o", "jsonpath={.status.replicas}") == "3"
    assert f"site.{group}/home" in kubectl("get", "all", "-o", "name")
    kubectl("delete", "crd", sites, "--timeout=20s")
    assert "the server doesn't have a resource type" in kubectl.fails("get", sites)


def test_access_is_asked_for_granted_and_refused(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "pods") == "yes\n"
    assert "kubewright-admin" in kubectl("auth", "whoami")
    may = ("auth", "can-i", "get", "pods", "--as=bob")
    assert kubectl.fails(*may) == "no\n"
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=pods")
    kubectl("create", "rolebinding", "bob", "--role=reader", "--user=bob")
    assert kubectl(*may) == "yes\n"
    assert "pods" in kubectl("auth", "can-i", "--list", "--as=bob")
    refused = kubectl.fails("get", "secrets", "--as=bob")
    assert 'User "bob" cannot list resource "secrets" in API group "" in the namespace' in refused
    assert "reconciled" in kubectl("auth", "reconcile", "-f", "-", input=kubectl("get", "role", "reader", "-o", "yaml"))


def test_a_service_accounts_token_is_a_user(kubectl: Kubectl) -> None:
    kubectl("create", "serviceaccount", "robot")
    token = kubectl("create", "token", "robot").strip()
    who = kubectl("auth", "whoami", f"--token={token}", "-o", "jsonpath={.status.userInfo.username}")
    # The kubeconfig's own token wins over the flag unless its user is left out.
    assert who in (f"system:serviceaccount:{kubectl.namespace}:robot", "kubewright-admin")


def test_a_kubeconfig_is_edited(kubectl: Kubectl, tmp_path: Path) -> None:
    own = tmp_path / "config"
    own.write_text(kubectl.kubeconfig.read_text())
    mine = Kubectl(kubectl.binary, own, "default", kubectl.home)
    mine("config", "set-context", "other", "--cluster=kubewright", "--user=admin")
    mine("config", "use-context", "other")
    assert mine("config", "current-context") == "other\n"
    assert "token: REDACTED" in mine("config", "view", "--minify")
    assert mine("get", "ns", "default", "-o", "name") == "namespace/default\n"


def test_a_logical_cluster_is_a_cluster_of_its_own(kubectl: Kubectl, tmp_path: Path) -> None:
    config = yaml.safe_load(kubectl.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] += f"/clusters/{kubectl.namespace}"
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    inside = Kubectl(kubectl.binary, path, "default", kubectl.home)
    assert "namespace/default" in inside("get", "namespaces", "-o", "name")
    assert "not found" in inside.fails("get", "namespace", kubectl.namespace)
    group = "inside.example.com"
    inside("apply", "-f", "-", input=SITES % {"group": group})
    inside("wait", f"crd/sites.{group}", "--for=condition=Established", "--timeout=10s")
    inside("apply", "-f", "-", input=SITE % {"group": group, "host": "a"})
    assert "The name that" in inside("explain", f"sites.{group}.spec.host")
    assert "home" in inside("get", f"sites.{group}")
    assert "not found" in kubectl.fails("get", "crd", f"sites.{group}")
    inside("create", "clusterrole", "r", "--verb=get", "--resource=pods")
    assert "not found" in kubectl.fails("get", "clusterrole", "r")
