"""NamespaceLifecycle: nothing is made in a namespace that does not exist or is going away, and some never go."""

from __future__ import annotations

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.refusal import refused
from kubewright.objects.errors import Cause, NotFound
from kubewright.objects.names import GroupResource

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})
_NAMESPACES = GroupResource("", "namespaces")
_REVIEWS = GroupResource("authorization.k8s.io", "localsubjectaccessreviews")


class NamespaceLifecycle:
    """``k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle``."""

    async def admit(self, attributes: Attributes) -> None:
        resource = attributes.resource.group_resource
        if resource == _NAMESPACES:
            if attributes.operation == "DELETE" and attributes.name in IMMORTAL:
                raise refused(attributes, "this namespace may not be deleted")
            return
        if not attributes.namespace or attributes.operation == "DELETE" or resource == _REVIEWS:
            return
        namespace = attributes.reader.view("", "namespaces", "", attributes.namespace)
        if namespace is None:
            raise NotFound.of(_NAMESPACES, attributes.namespace)
        terminating = (namespace.get("status") or {}).get("phase") == "Terminating"
        if attributes.operation == "CREATE" and (terminating or namespace["metadata"].get("deletionTimestamp")):
            name = attributes.namespace
            cause = Cause("NamespaceTerminating", f"namespace {name} is being terminated", "metadata.namespace")
            text = f"unable to create new content in namespace {name} because it is being terminated"
            raise refused(attributes, text, [cause])
