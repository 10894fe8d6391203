"""Which strategy serves which built-in kind; a kind that is not listed has nothing of its own.

They are named, not imported: a server reads the code of a kind when its first object is read or written, so that an
empty one starts fast and stays small.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import cast

from kubewright.apiserver.registry.builtin.base import BuiltinStrategy

STRATEGIES: Mapping[str, Mapping[str, str]] = {
    "v1": {
        "ComponentStatus": "cluster.ComponentStatusStrategy",
        "ConfigMap": "config.ConfigMapStrategy",
        "Endpoints": "endpoints.EndpointsStrategy",
        "Event": "events.CoreEventStrategy",
        "LimitRange": "quota.LimitRangeStrategy",
        "Namespace": "cluster.NamespaceStrategy",
        "Node": "cluster.NodeStrategy",
        "PersistentVolume": "volumes.PersistentVolumeStrategy",
        "PersistentVolumeClaim": "volumes.PersistentVolumeClaimStrategy",
        "Pod": "pods.PodStrategy",
        "PodTemplate": "pods.PodTemplateStrategy",
        "ReplicationController": "apps.ReplicationControllerStrategy",
        "ResourceQuota": "quota.ResourceQuotaStrategy",
        "Secret": "config.SecretStrategy",
        "Service": "services.ServiceStrategy",
        "ServiceAccount": "config.ServiceAccountStrategy",
    },
    "admissionregistration.k8s.io/v1": {
        "MutatingAdmissionPolicy": "admission_policies.MutatingAdmissionPolicyStrategy",
        "MutatingAdmissionPolicyBinding": "admission_policies.MutatingPolicyBindingStrategy",
        "MutatingWebhookConfiguration": "admissionregistration.MutatingWebhookConfigurationStrategy",
        "ValidatingAdmissionPolicy": "admission_policies.ValidatingAdmissionPolicyStrategy",
        "ValidatingAdmissionPolicyBinding": "admission_policies.ValidatingPolicyBindingStrategy",
        "ValidatingWebhookConfiguration": "admissionregistration.WebhookConfigurationStrategy",
    },
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": "crd.CustomResourceDefinitionStrategy"},
    "apiregistration.k8s.io/v1": {"APIService": "system.APIServiceStrategy"},
    "apps/v1": {
        "ControllerRevision": "stateful_sets.ControllerRevisionStrategy",
        "DaemonSet": "apps.DaemonSetStrategy",
        "Deployment": "apps.DeploymentStrategy",
        "ReplicaSet": "apps.ReplicaSetStrategy",
        "StatefulSet": "stateful_sets.StatefulSetStrategy",
    },
    "authentication.k8s.io/v1": {"SelfSubjectReview": "system.ReviewStrategy", "TokenReview": "system.ReviewStrategy"},
    "authorization.k8s.io/v1": {
        "LocalSubjectAccessReview": "system.ReviewStrategy",
        "SelfSubjectAccessReview": "system.ReviewStrategy",
        "SelfSubjectRulesReview": "system.ReviewStrategy",
        "SubjectAccessReview": "system.ReviewStrategy",
    },
    "autoscaling/v1": {"HorizontalPodAutoscaler": "autoscaling.HorizontalPodAutoscalerV1Strategy"},
    "autoscaling/v2": {"HorizontalPodAutoscaler": "autoscaling.HorizontalPodAutoscalerStrategy"},
    "batch/v1": {"CronJob": "batch.CronJobStrategy", "Job": "batch.JobStrategy"},
    "certificates.k8s.io/v1": {"CertificateSigningRequest": "certificates.CertificateSigningRequestStrategy"},
    "coordination.k8s.io/v1": {"Lease": "policy.LeaseStrategy"},
    "discovery.k8s.io/v1": {"EndpointSlice": "discovery.EndpointSliceStrategy"},
    "events.k8s.io/v1": {"Event": "events.EventStrategy"},
    "flowcontrol.apiserver.k8s.io/v1": {
        "FlowSchema": "flowcontrol.FlowSchemaStrategy",
        "PriorityLevelConfiguration": "flowcontrol.PriorityLevelConfigurationStrategy",
    },
    "networking.k8s.io/v1": {
        "IPAddress": "networking.IPAddressStrategy",
        "Ingress": "networking.IngressStrategy",
        "IngressClass": "networking.IngressClassStrategy",
        "NetworkPolicy": "networking.NetworkPolicyStrategy",
        "ServiceCIDR": "networking.ServiceCIDRStrategy",
    },
    "node.k8s.io/v1": {"RuntimeClass": "policy.RuntimeClassStrategy"},
    "policy/v1": {"PodDisruptionBudget": "policy.PodDisruptionBudgetStrategy"},
    "rbac.authorization.k8s.io/v1": {
        "ClusterRole": "rbac.ClusterRoleStrategy",
        "ClusterRoleBinding": "rbac.ClusterRoleBindingStrategy",
        "Role": "rbac.RoleStrategy",
        "RoleBinding": "rbac.RoleBindingStrategy",
    },
    "resource.k8s.io/v1": {
        "DeviceClass": "resource.DeviceClassStrategy",
        "ResourceClaim": "resource.ResourceClaimStrategy",
        "ResourceClaimTemplate": "resource.ResourceClaimTemplateStrategy",
        "ResourceSlice": "resource.ResourceSliceStrategy",
    },
    "scheduling.k8s.io/v1": {"PriorityClass": "policy.PriorityClassStrategy"},
    "storage.k8s.io/v1": {
        "CSIDriver": "storage.CSIDriverStrategy",
        "CSINode": "storage.CSINodeStrategy",
        "CSIStorageCapacity": "storage.CSIStorageCapacityStrategy",
        "StorageClass": "storage.StorageClassStrategy",
        "VolumeAttachment": "storage.VolumeAttachmentStrategy",
        "VolumeAttributesClass": "storage.VolumeAttributesClassStrategy",
    },
}
"""By API version and kind: the module of this package, and the class in it."""


@cache
def strategy_for(api_version: str, kind: str, definition: str, namespaced: bool) -> BuiltinStrategy:
    """The strategy of one kind."""
    return strategy_class(api_version, kind)(definition, namespaced=namespaced)


def strategy_class(api_version: str, kind: str) -> type[BuiltinStrategy]:
    """The class of a kind's strategy."""
    name = STRATEGIES.get(api_version, {}).get(kind)
    if name is None:
        return BuiltinStrategy
    module, _, cls = name.partition(".")
    return cast(type[BuiltinStrategy], getattr(import_module(f"{__package__}.{module}"), cls))
