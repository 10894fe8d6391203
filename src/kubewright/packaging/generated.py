"""What is generated from an operator's code, as files: CRDs, roles, webhook configurations, JSON Schemas, API pages.

An operator goes in, texts by path come out; they are the same for the same code, so that a stale tree can be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from kubewright.manager import Need
from kubewright.objects import ObjectMeta, to_dict
from kubewright.objects.manifests import dump, dump_all
from kubewright.objects.policy_rules import normalize, rule
from kubewright.objects.rbac_v1 import ClusterRole, PolicyRule, Role
from kubewright.operator import Operator
from kubewright.schema.json_schema import json_schemas
from kubewright.schema.policies import policies
from kubewright.schema.reference import reference_page
from kubewright.webhook import ServiceEndpoint, configurations

Files = dict[str, str]

MARK = "Written by `kubewright generate`"
"""Begins every file, so that those of kinds that are gone can be found."""


def crd_files(operator: Operator, *, namespace: str = "") -> Files:
    """``crd/NAME.yaml`` for each kind.

    :param namespace: where the operator runs, for versions that it converts; by default ``NAME-system``.
    """
    crds = map(to_dict, operator.crds(_service(operator, namespace)))
    return {f"crd/{crd['metadata']['name']}.yaml": _marked(dump(crd)) for crd in crds}


def rbac_files(operator: Operator, *, namespaces: Sequence[str] = (), rules: Sequence[PolicyRule] = ()) -> Files:
    """``rbac/role.yaml``: a ClusterRole, and a Role for the leases and certificates in the operator's own namespace.

    :param namespaces: that the operator is confined to: a Role in each stands for what a Role can grant.
    :param rules: what the operator was seen to need, instead of what its declarations need.
    """
    name, home = f"{operator.name}-manager", operator.service.namespace
    declared = operator.needs()
    own = [need for need in operator.needs(leader_elect=True, webhooks=True, namespace=home) if need not in declared]
    cluster_wide = [need for need in own if not need.namespace]
    roles: list[ClusterRole | Role] = []
    if namespaces:
        cluster_wide += [need for need in declared if not need.namespaced]
        inside = list(rules) or _rules(need for need in declared if need.namespaced)
        roles += [Role(metadata=ObjectMeta(name=name, namespace=one), rules=inside) for one in sorted(set(namespaces))]
        wide = _rules(cluster_wide)
    else:
        wide = normalize([*(rules or _rules(declared)), *_rules(cluster_wide)])
    if wide:
        roles.insert(0, ClusterRole(metadata=ObjectMeta(name=name), rules=wide))
    at_home = _rules(need for need in own if need.namespace)
    roles.append(Role(metadata=ObjectMeta(name=f"{operator.name}-home", namespace=home), rules=at_home))
    return {"rbac/role.yaml": _marked(dump_all(map(to_dict, roles)))}


def rules_of(operator: Operator) -> list[PolicyRule]:
    """The least that the operator's declarations need, without what it needs for itself: leases and certificates."""
    return _rules(operator.needs())


def _rules(needs: Iterable[Need]) -> list[PolicyRule]:
    return normalize(
        rule(groups=[need.group], resources=[need.resource], verbs=need.verbs, names=[need.name] if need.name else ())
        for need in needs
    )


def webhook_files(operator: Operator, *, namespace: str = "") -> Files:
    """``webhook/manifests.yaml``; empty for an operator without admission webhooks.

    :param namespace: where the operator runs, by default ``NAME-system``.
    """
    if not operator.webhooks:
        return {}
    made = configurations(operator.name, operator.webhooks, _service(operator, namespace))
    return {"webhook/manifests.yaml": _marked(dump_all(map(to_dict, made)))}


def policy_files(operator: Operator) -> Files:
    """``policy/NAME.yaml`` for each policy that is declared, and ``policy/KIND.yaml`` for each kind with CEL rules."""
    files = {
        f"policy/{declared.name}.yaml": _marked(dump_all(map(to_dict, declared.objects())))
        for declared in operator.policies
    }
    for crd in _crds(operator):
        made = policies(crd)
        if made.objects:
            missing = "".join(f"# Left to the definition: {line}\n" for line in made.left_out)
            text = dump_all(map(to_dict, made.objects))
            files[f"policy/{crd['spec']['names']['singular']}.yaml"] = _marked(f"{missing}{text}")
    return files


def schema_files(operator: Operator) -> Files:
    """``schemas/KIND-GROUP-VERSION.json``, for editors."""
    files = {}
    for crd in _crds(operator):
        for name, schema in json_schemas(crd).items():
            text = msgspec.json.format(msgspec.json.encode({"$comment": MARK, **schema}), indent=2).decode()
            files[f"schemas/{name}"] = f"{text}\n"
    return files


def doc_files(operator: Operator) -> Files:
    """``api/KIND.md``: a reference page for each kind."""
    return {
        f"api/{crd['spec']['names']['singular']}.md": f"<!-- {MARK} -->\n{reference_page(crd)}"
        for crd in _crds(operator)
    }


def _service(operator: Operator, namespace: str) -> ServiceEndpoint:
    return operator.service._replace(namespace=namespace) if namespace else operator.service


def _crds(operator: Operator) -> Iterable[dict[str, Any]]:
    return [to_dict(crd) for crd in operator.crds()]


def _marked(text: str) -> str:
    return f"# {MARK}\n{text}"
