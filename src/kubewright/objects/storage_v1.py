"""Typed objects of storage v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.core_v1 import PersistentVolumeSpec, TopologySelectorTerm
from kubewright.objects.meta import LabelSelector, Object
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.quantity import Quantity
from kubewright.objects.time import Time


class TokenRequest(Struct):
    audience: str = ""
    expiration_seconds: int | None = None


class CSIDriverSpec(Struct):
    attach_required: bool | None = None
    fs_group_policy: str | None = None
    node_allocatable_update_period_seconds: int | None = None
    pod_info_on_mount: bool | None = None
    prevent_pod_scheduling_if_missing: bool | None = None
    requires_republish: bool | None = None
    se_linux_mount: bool | None = None
    service_account_token_in_secrets: bool | None = None
    storage_capacity: bool | None = None
    token_requests: list[TokenRequest] = []
    volume_lifecycle_modes: list[str] = []


class CSIDriver(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("storage.k8s.io", "v1", "CSIDriver")
    plural: ClassVar[str] = "csidrivers"
    namespaced: ClassVar[bool] = False

    spec: CSIDriverSpec = field(default_factory=CSIDriverSpec)


class VolumeNodeResources(Struct):
    count: int | None = None


class CSINodeDriver(Struct):
    allocatable: VolumeNodeResources | None = None
    name: str = ""
    node_id: str = field(default="", name="nodeID")
    topology_keys: list[str] = []


class CSINodeSpec(Struct):
    drivers: list[CSINodeDriver] = []


class StorageHealthCondition(Struct):
    access_mode: str | None = None
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str = ""
    status: str = ""
    volume_mode: str | None = None


class StorageHealth(Struct):
    health_conditions: list[StorageHealthCondition] = []
    name: str = ""


class CSINodeStatus(Struct):
    storage_health: list[StorageHealth] = []


class CSINode(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("storage.k8s.io", "v1", "CSINode")
    plural: ClassVar[str] = "csinodes"
    namespaced: ClassVar[bool] = False

    spec: CSINodeSpec = field(default_factory=CSINodeSpec)
    status: CSINodeStatus = field(default_factory=CSINodeStatus)


class CSIStorageCapacity(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("storage.k8s.io", "v1", "CSIStorageCapacity")
    plural: ClassVar[str] = "csistoragecapacities"

    capacity: Quantity | None = None
    maximum_volume_size: Quantity | None = None
    node_topology: LabelSelector | None = None
    storage_class_name: str = ""


class StorageClass(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("storage.k8s.io", "v1", "StorageClass")
    plural: ClassVar[str] = "storageclasses"
    namespaced: ClassVar[bool] = False

    allow_volume_expansion: bool | None = None
    allowed_topologies: list[TopologySelectorTerm] = []
    mount_options: list[str] = []
    parameters: dict[str, str] = {}
    provisioner: str = ""
    reclaim_policy: str | None = None
    volume_binding_mode: str | None = None


class VolumeAttachmentSource(Struct):
    inline_volume_spec: PersistentVolumeSpec | None = None
    persistent_volume_name: str | None = None


class VolumeAttachmentSpec(Struct):
    attacher: str = ""
    node_name: str = ""
    source: VolumeAttachmentSource = field(default_factory=VolumeAttachmentSource)


class VolumeError(Struct):
    error_code: int | None = None
    message: str | None = None
    time: Time | None = None


class VolumeAttachmentStatus(Struct):
    attach_error: VolumeError | None = None
    attached: bool = False
    attachment_metadata: dict[str, str] = {}
    detach_error: VolumeError | None = None


class VolumeAttachment(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("storage.k8s.io", "v1", "VolumeAttachment")
    plural: ClassVar[str] = "volumeattachments"
    namespaced: ClassVar[bool] = False

    spec: VolumeAttachmentSpec = field(default_factory=VolumeAttachmentSpec)
    status: VolumeAttachmentStatus = field(default_factory=VolumeAttachmentStatus)


class VolumeAttributesClass(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("storage.k8s.io", "v1", "VolumeAttributesClass")
    plural: ClassVar[str] = "volumeattributesclasses"
    namespaced: ClassVar[bool] = False

    driver_name: str = ""
    parameters: dict[str, str] = {}
