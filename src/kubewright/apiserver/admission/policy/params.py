"""The objects that a binding parameterizes its policy with.

Named by ``paramRef.name`` or chosen by ``paramRef.selector``; read anew for every write (``CollectParams`` in
``k8s.io/apiserver/pkg/admission/plugin/policy/generic``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kubewright.apiserver.admission.attributes import Attributes, Versions
from kubewright.apiserver.registry.resource import Resource
from kubewright.apiserver.registry.strategy import Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.selectors import LabelSelector

FindKind = Callable[[GroupVersionKind], Resource | None]
"""Gives the resource of a kind that the logical cluster serves."""


class ParamsError(Exception):
    """The parameters cannot be had: an error in the configuration of the policy or the binding."""


def param_kind_problem(policy: Mapping[str, Any], find_kind: FindKind) -> str:
    """What is wrong with the ``paramKind`` of a policy's ``spec``; empty where nothing is."""
    kind = policy.get("paramKind")
    if not kind:
        return ""
    gvk = GroupVersionKind.parse(kind["apiVersion"], kind["kind"])
    return "" if find_kind(gvk) is not None else f"failed to find resource referenced by paramKind: '{gvk}'"


async def collect_params(
    policy: Mapping[str, Any],
    binding: Mapping[str, Any],
    attributes: Attributes,
    versions: Versions,
    find_kind: FindKind,
) -> list[Object | None]:
    """The parameters to evaluate a policy with, once for each; ``[None]`` where there are to be none.

    :param policy: its ``spec``; :param binding: its ``spec``.
    :raises ParamsError: they cannot be had, or there are none though the binding insists.
    """
    kind, ref = policy.get("paramKind"), binding.get("paramRef")
    if not kind or not ref:
        return [None]
    gvk = GroupVersionKind.parse(kind["apiVersion"], kind["kind"])
    resource = find_kind(gvk)
    if resource is None:
        return [None]  # The policy itself is at fault: see `param_kind_problem`.
    namespace = _namespace(resource, ref, attributes)
    found: list[Object] = []
    group, plural = resource.gvk.group, resource.plural
    if ref.get("name"):
        param = attributes.reader.get(group, plural, namespace, ref["name"])
        found = [] if param is None else [param]
    else:
        selector = LabelSelector.from_object(ref.get("selector"))
        listed = attributes.reader.list(group, plural, namespace)
        found = [param for param in listed if selector.matches(param["metadata"].get("labels"))]
    if not found and ref.get("parameterNotFoundAction") == "Deny":
        raise ParamsError("no params found for policy binding with `Deny` parameterNotFoundAction")
    return [await _in_version(param, gvk, versions) for param in found]


def _namespace(resource: Resource, ref: Mapping[str, Any], attributes: Attributes) -> str:
    given = str(ref.get("namespace") or "")
    if not resource.namespaced:
        if given:
            raise ParamsError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return ""
    if not given and not attributes.namespace:
        raise ParamsError("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
    return given or attributes.namespace


async def _in_version(param: Object, kind: GroupVersionKind, versions: Versions) -> Object:
    return param if param.get("apiVersion") == kind.api_version else await versions.convert(param, kind)
