"""A role from object to object, on an embedded cluster: the acceptance test of the room."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from kubewright.ansible import AnsibleOperator, load
from kubewright.ansible.conditions import find
from kubewright.client import Untyped
from kubewright.manager import Manager
from kubewright.objects import GroupVersionKind, ObjectMeta, Unstructured
from kubewright.objects.apps_v1 import Deployment
from kubewright.objects.core_v1 import ConfigMap, Secret
from kubewright.objects.events_v1 import Event
from kubewright.testing import TestCluster

KIND = GroupVersionKind("cache.example.com", "v1alpha1", "Memcached")
MEMCACHED = Untyped(KIND)

WATCHES = """\
- version: v1alpha1
  group: cache.example.com
  kind: Memcached
  role: memcached
  permissions:
  - {apiGroups: [""], resources: [namespaces], verbs: [get]}
  finalizer: {name: cache.example.com/finalizer, vars: {state: absent}}
"""
# As roles are written for the Ansible operator: with its modules and those of kubernetes.core, by long and short names.
TASKS = """\
- name: the deployment
  kubernetes.core.k8s:
    apply: true
    state: "{{ state }}"
    template: deployment.yaml.j2
- when: state == 'present'
  block:
  - name: look
    k8s_info: {api_version: apps/v1, kind: Deployment, name: "{{ ansible_operator_meta.name }}", namespace: default}
    register: found
  - name: the config
    k8s:
      definition:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "{{ ansible_operator_meta.name }}"}
        data:
          note: "{{ note }}"
          namespace: "{{ lookup('kubernetes.core.k8s', kind='Namespace', resource_name='default').metadata.name }}"
  - operator_sdk.util.k8s_status:
      api_version: cache.example.com/v1alpha1
      kind: Memcached
      name: "{{ ansible_operator_meta.name }}"
      namespace: "{{ ansible_operator_meta.namespace }}"
      status: {deployments: "{{ found.resources | length }}"}
      conditions: [{type: Healthy, status: "True", reason: Looked, message: found}]
  - operator_sdk.util.osdk_metric: {name: memcached_size, description: size, gauge: {set: "{{ size }}"}}
  - operator_sdk.util.k8s_event:
      message: all is well
      reason: Well
      involvedObject:
        apiVersion: cache.example.com/v1alpha1
        kind: Memcached
        name: "{{ ansible_operator_meta.name }}"
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ ansible_operator_meta.name }}, namespace: {{ ansible_operator_meta.namespace }}}
spec:
  replicas: {{ size }}
  selector: {matchLabels: {app: {{ ansible_operator_meta.name }}}}
  template:
    metadata: {labels: {app: {{ ansible_operator_meta.name }}}}
    spec: {containers: [{name: memcached, image: {{ image_name }}}]}
"""


@pytest.fixture
def operator(tmp_path: Path) -> AnsibleOperator:
    role = tmp_path / "roles/memcached"
    for part in ("tasks", "templates", "defaults"):
        (role / part).mkdir(parents=True)
    (tmp_path / "watches.yaml").write_text(WATCHES)
    (role / "tasks/main.yml").write_text(TASKS)
    (role / "templates/deployment.yaml.j2").write_text(DEPLOYMENT)
    (role / "defaults/main.yml").write_text('size: 1\nimage_name: memcached:1.6\nnote: ""\nstate: present\n')
    return load(tmp_path / "watches.yaml")


def test_what_the_operator_needs_follows_from_its_files(operator: AnsibleOperator) -> None:
    needs = {(need.group, need.resource): set(need.verbs) for need in operator.needs()}
    everything = {"get", "list", "watch", "create", "update", "patch", "delete"}
    assert needs["apps", "deployments"] == needs["", "configmaps"] == everything
    assert needs["", "namespaces"] == {"get"}
    assert needs["cache.example.com", "memcacheds/status"] == {"get", "patch"}
    assert operator.kinds() == [KIND]
    assert [crd.metadata.name for crd in operator.crds()] == ["memcacheds.cache.example.com"]


async def eventually_told(cluster: TestCluster, reason: str) -> None:
    async with asyncio.timeout(10):
        while reason not in {event.reason for event in await cluster.client.list(Event)}:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.timeout(90)
async def test_a_role_keeps_what_an_object_wants(cluster: TestCluster, operator: AnsibleOperator) -> None:
    def reconciled(obj: Unstructured) -> bool:
        ready = find(obj.get("status", default={}), "Ready") or {}
        return ready.get("status") == "True" and ready.get("observedGeneration") == obj.metadata.generation

    def memcached(**spec: Any) -> Unstructured:
        head = {"apiVersion": "cache.example.com/v1alpha1", "kind": "Memcached"}
        return Unstructured({**head, "metadata": {"name": "a", "namespace": "default"}, "spec": spec})

    async with cluster.running(operator) as manager:
        await cluster.client.create(memcached(size=2, note="{{ 1 + 1 }}"))
        obj = await cluster.eventually(MEMCACHED, "a", reconciled, timeout=20)
        assert obj.metadata.finalizers == ["cache.example.com/finalizer"]
        assert obj["status"]["deployments"] == 1
        healthy = find(obj["status"], "Healthy")
        assert healthy is not None and healthy["status"] == "True"
        deployment = await cluster.eventually(Deployment, "a", lambda one: one.spec.replicas == 2)
        assert [owner.uid for owner in deployment.metadata.owner_references] == [obj.metadata.uid]
        config = await cluster.eventually(ConfigMap, "a")
        assert config.data == {"note": "{{ 1 + 1 }}", "namespace": "default"}
        assert manager.metrics.registry.get_sample_value("memcached_size") == 2

        await eventually_told(cluster, "Reconciled")

        await cluster.client.patch(MEMCACHED, "a", "default", merge={"spec": {"size": 3}})
        await cluster.eventually(Deployment, "a", lambda one: one.spec.replicas == 3)
        await cluster.eventually(MEMCACHED, "a", reconciled, timeout=20)

        await cluster.client.patch(Deployment, "a", "default", merge={"spec": {"replicas": 7}})
        await cluster.eventually(Deployment, "a", lambda one: one.spec.replicas == 3, timeout=20)

        await cluster.client.delete(MEMCACHED, "a", "default")
        await cluster.gone(Deployment, "a", timeout=20)
        await cluster.gone(ConfigMap, "a", timeout=20)


PLAYBOOK = """\
- hosts: localhost
  gather_facts: no
  collections: [kubernetes.core, operator_sdk.util]
  tasks:
  - k8s:
      definition:
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: "{{ __secret.metadata.name }}", namespace: default}
    when: ansible_operator_meta.name == 'watched'
  - requeue_after: {time: 1h}
"""


@pytest.mark.timeout(90)
async def test_a_playbook_can_watch_a_kind_of_kubernetes_own(cluster: TestCluster, tmp_path: Path) -> None:
    (tmp_path / "playbook.yml").write_text(PLAYBOOK)
    entry = "{version: v1, group: '', kind: Secret, playbook: playbook.yml, manageStatus: false, markUnsafe: true}"
    (tmp_path / "watches.yaml").write_text(
        f"- {entry[:-1]}, blacklist: [{{version: v1, kind: ConfigMap}}],\n"
        "   permissions: [{apiGroups: [''], resources: [configmaps], verbs: ['*']}]}\n"
    )
    operator = load(tmp_path / "watches.yaml")
    assert operator.crds() == []
    async with cluster.running(operator):
        await cluster.client.create(Secret(metadata=ObjectMeta(name="watched", namespace="default")))
        config = await cluster.eventually(ConfigMap, "watched", timeout=20)
        assert config.metadata.owner_references[0].kind == "Secret"
        await cluster.client.delete(Secret, "watched", "default")
        await cluster.gone(ConfigMap, "watched", timeout=20)


async def test_kinds_of_one_name_have_controllers_of_different_names(cluster: TestCluster, tmp_path: Path) -> None:
    (tmp_path / "roles/site").mkdir(parents=True)
    entries = [f"- {{version: v1, kind: Site, group: {group}, role: site}}\n" for group in ("a.io", "b.io")]
    (tmp_path / "watches.yaml").write_text("".join(entries))
    manager = Manager(cluster.client, "sites", health_address="0", metrics_address="0")
    load(tmp_path / "watches.yaml").add_to(manager)
    assert list(manager.controllers) == ["site-v1.a.io", "site-v1.b.io"]
