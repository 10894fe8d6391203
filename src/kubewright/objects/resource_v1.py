"""Typed objects of resource v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.core_v1 import NodeSelector
from kubewright.objects.meta import Condition, Object, ObjectMeta, RawExtension
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.quantity import Quantity
from kubewright.objects.time import Time


class NetworkDeviceData(Struct):
    hardware_address: str | None = None
    interface_name: str | None = None
    ips: list[str] = []


class AllocatedDeviceStatus(Struct):
    conditions: list[Condition] = []
    data: RawExtension | None = None
    device: str = ""
    driver: str = ""
    network_data: NetworkDeviceData | None = None
    pool: str = ""
    share_id: str | None = field(default=None, name="shareID")


class OpaqueDeviceConfiguration(Struct):
    driver: str = ""
    parameters: RawExtension | None = None


class DeviceAllocationConfiguration(Struct):
    opaque: OpaqueDeviceConfiguration | None = None
    requests: list[str] = []
    source: str = ""


class DeviceToleration(Struct):
    effect: str | None = None
    key: str | None = None
    operator: str | None = None
    toleration_seconds: int | None = None
    value: str | None = None


class DeviceRequestAllocationResult(Struct):
    admin_access: bool | None = None
    binding_conditions: list[str] = []
    binding_failure_conditions: list[str] = []
    consumed_capacity: dict[str, Quantity] = {}
    device: str = ""
    driver: str = ""
    pool: str = ""
    request: str = ""
    share_id: str | None = field(default=None, name="shareID")
    skip_node_operations: list[str] = []
    tolerations: list[DeviceToleration] = []


class DeviceAllocationResult(Struct):
    config: list[DeviceAllocationConfiguration] = []
    results: list[DeviceRequestAllocationResult] = []


class AllocationResult(Struct):
    allocation_timestamp: Time | None = None
    devices: DeviceAllocationResult | None = None
    node_selector: NodeSelector | None = None


class CELDeviceSelector(Struct):
    expression: str = ""


class CapacityRequestPolicyRange(Struct):
    max: Quantity | None = None
    min: Quantity | None = None
    step: Quantity | None = None


class CapacityRequestPolicy(Struct):
    default: Quantity | None = None
    valid_range: CapacityRequestPolicyRange | None = None
    valid_values: list[Quantity] = []


class CapacityRequirements(Struct):
    requests: dict[str, Quantity] = {}


class Counter(Struct):
    value: Quantity | None = None


class CounterSet(Struct):
    counters: dict[str, Counter] = {}
    name: str = ""


class DeviceAttribute(Struct):
    bool_: bool | None = None
    bools: list[bool] = []
    int_: int | None = None
    ints: list[int] = []
    string: str | None = None
    strings: list[str] = []
    version: str | None = None
    versions: list[str] = []


class DeviceCapacity(Struct):
    request_policy: CapacityRequestPolicy | None = None
    value: Quantity | None = None


class DeviceCounterConsumption(Struct):
    compatibility_groups: list[str] = []
    counter_set: str = ""
    counters: dict[str, Counter] = {}


class NodeAllocatableMapping(Struct):
    capacity_key: str | None = None
    capacity_multiplier: Quantity | None = None
    device_multiplier: Quantity | None = None


class NodeAllocatableOverhead(Struct):
    per_container: Quantity | None = None
    per_pod: Quantity | None = None


class NodeAllocatableResource(Struct):
    mapping: NodeAllocatableMapping | None = None
    overhead: NodeAllocatableOverhead | None = None


class DeviceTaint(Struct):
    effect: str = ""
    key: str = ""
    time_added: Time | None = None
    value: str | None = None


class Device(Struct):
    all_nodes: bool | None = None
    allow_multiple_allocations: bool | None = None
    attributes: dict[str, DeviceAttribute] = {}
    binding_conditions: list[str] = []
    binding_failure_conditions: list[str] = []
    binds_to_node: bool | None = None
    capacity: dict[str, DeviceCapacity] = {}
    consumes_counters: list[DeviceCounterConsumption] = []
    name: str = ""
    node_allocatable_resources: dict[str, NodeAllocatableResource] = {}
    node_name: str | None = None
    node_selector: NodeSelector | None = None
    taints: list[DeviceTaint] = []


class DeviceClaimConfiguration(Struct):
    opaque: OpaqueDeviceConfiguration | None = None
    requests: list[str] = []


class DeviceConstraint(Struct):
    distinct_attribute: str | None = None
    match_attribute: str | None = None
    requests: list[str] = []


class DeviceDerivedAttribute(Struct):
    expression: str = ""
    name: str = ""


class DeviceSelector(Struct):
    cel: CELDeviceSelector | None = None


class ExactDeviceRequest(Struct):
    admin_access: bool | None = None
    allocation_mode: str | None = None
    capacity: CapacityRequirements | None = None
    count: int | None = None
    derived_attributes: list[DeviceDerivedAttribute] = []
    device_class_name: str = ""
    selectors: list[DeviceSelector] = []
    tolerations: list[DeviceToleration] = []


class DeviceSubRequest(Struct):
    allocation_mode: str | None = None
    capacity: CapacityRequirements | None = None
    count: int | None = None
    derived_attributes: list[DeviceDerivedAttribute] = []
    device_class_name: str = ""
    name: str = ""
    selectors: list[DeviceSelector] = []
    tolerations: list[DeviceToleration] = []


class DeviceRequest(Struct):
    exactly: ExactDeviceRequest | None = None
    first_available: list[DeviceSubRequest] = []
    name: str = ""


class DeviceClaim(Struct):
    config: list[DeviceClaimConfiguration] = []
    constraints: list[DeviceConstraint] = []
    requests: list[DeviceRequest] = []


class DeviceClassConfiguration(Struct):
    opaque: OpaqueDeviceConfiguration | None = None


class DeviceClassSpec(Struct):
    config: list[DeviceClassConfiguration] = []
    extended_resource_name: str | None = None
    selectors: list[DeviceSelector] = []


class DeviceClass(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("resource.k8s.io", "v1", "DeviceClass")
    plural: ClassVar[str] = "deviceclasses"
    namespaced: ClassVar[bool] = False

    spec: DeviceClassSpec = field(default_factory=DeviceClassSpec)


class DeviceTaintSelector(Struct):
    device: str | None = None
    driver: str | None = None
    pool: str | None = None


class DeviceTaintRuleSpec(Struct):
    device_selector: DeviceTaintSelector | None = None
    taint: DeviceTaint = field(default_factory=DeviceTaint)


class DeviceTaintRuleStatus(Struct):
    conditions: list[Condition] = []


class DeviceTaintRule(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("resource.k8s.io", "v1", "DeviceTaintRule")
    plural: ClassVar[str] = "devicetaintrules"
    namespaced: ClassVar[bool] = False

    spec: DeviceTaintRuleSpec = field(default_factory=DeviceTaintRuleSpec)
    status: DeviceTaintRuleStatus = field(default_factory=DeviceTaintRuleStatus)


class ResourceClaimSpec(Struct):
    devices: DeviceClaim | None = None


class ResourceClaimConsumerReference(Struct):
    api_group: str | None = None
    name: str = ""
    resource: str = ""
    uid: str = ""


class ResourceClaimStatus(Struct):
    allocation: AllocationResult | None = None
    devices: list[AllocatedDeviceStatus] = []
    reserved_for: list[ResourceClaimConsumerReference] = []


class ResourceClaim(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("resource.k8s.io", "v1", "ResourceClaim")
    plural: ClassVar[str] = "resourceclaims"

    spec: ResourceClaimSpec = field(default_factory=ResourceClaimSpec)
    status: ResourceClaimStatus = field(default_factory=ResourceClaimStatus)


class ResourceClaimTemplateSpec(Struct):
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: ResourceClaimSpec = field(default_factory=ResourceClaimSpec)


class ResourceClaimTemplate(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("resource.k8s.io", "v1", "ResourceClaimTemplate")
    plural: ClassVar[str] = "resourceclaimtemplates"

    spec: ResourceClaimTemplateSpec = field(default_factory=ResourceClaimTemplateSpec)


class ResourcePool(Struct):
    generation: int = 0
    name: str = ""
    resource_slice_count: int = 0


class ResourceSliceSpec(Struct):
    all_nodes: bool | None = None
    devices: list[Device] = []
    driver: str = ""
    node_name: str | None = None
    node_selector: NodeSelector | None = None
    partition_type_attribute: str | None = None
    per_device_node_selection: bool | None = None
    pool: ResourcePool = field(default_factory=ResourcePool)
    shared_counters: list[CounterSet] = []
    skip_node_operations: list[str] = []


class ResourceSlice(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("resource.k8s.io", "v1", "ResourceSlice")
    plural: ClassVar[str] = "resourceslices"
    namespaced: ClassVar[bool] = False

    spec: ResourceSliceSpec = field(default_factory=ResourceSliceSpec)
