"""Typed objects of core v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Condition, IntOrString, LabelSelector, Object, ObjectMeta
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.quantity import Quantity
from kubewright.objects.time import MicroTime, Time


class AWSElasticBlockStoreVolumeSource(Struct):
    fs_type: str | None = None
    partition: int | None = None
    read_only: bool | None = None
    volume_id: str = field(default="", name="volumeID")


class NodeSelectorRequirement(Struct):
    key: str = ""
    operator: str = ""
    values: list[str] = []


class NodeSelectorTerm(Struct):
    match_expressions: list[NodeSelectorRequirement] = []
    match_fields: list[NodeSelectorRequirement] = []


class PreferredSchedulingTerm(Struct):
    preference: NodeSelectorTerm = field(default_factory=NodeSelectorTerm)
    weight: int = 0


class NodeSelector(Struct):
    node_selector_terms: list[NodeSelectorTerm] = []


class NodeAffinity(Struct):
    preferred_during_scheduling_ignored_during_execution: list[PreferredSchedulingTerm] = []
    required_during_scheduling_ignored_during_execution: NodeSelector | None = None


class PodAffinityTerm(Struct):
    label_selector: LabelSelector | None = None
    match_label_keys: list[str] = []
    mismatch_label_keys: list[str] = []
    namespace_selector: LabelSelector | None = None
    namespaces: list[str] = []
    topology_key: str = ""


class WeightedPodAffinityTerm(Struct):
    pod_affinity_term: PodAffinityTerm = field(default_factory=PodAffinityTerm)
    weight: int = 0


class PodAffinity(Struct):
    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] = []
    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] = []


class PodAntiAffinity(Struct):
    preferred_during_scheduling_ignored_during_execution: list[WeightedPodAffinityTerm] = []
    required_during_scheduling_ignored_during_execution: list[PodAffinityTerm] = []


class Affinity(Struct):
    node_affinity: NodeAffinity | None = None
    pod_affinity: PodAffinity | None = None
    pod_anti_affinity: PodAntiAffinity | None = None


class AppArmorProfile(Struct):
    localhost_profile: str | None = None
    type: str = ""


class AttachedVolume(Struct):
    device_path: str = ""
    name: str = ""


class AzureDiskVolumeSource(Struct):
    caching_mode: str | None = None
    disk_name: str = ""
    disk_uri: str = field(default="", name="diskURI")
    fs_type: str | None = None
    kind: str | None = None
    read_only: bool | None = None


class AzureFilePersistentVolumeSource(Struct):
    read_only: bool | None = None
    secret_name: str = ""
    secret_namespace: str | None = None
    share_name: str = ""


class AzureFileVolumeSource(Struct):
    read_only: bool | None = None
    secret_name: str = ""
    share_name: str = ""


class ObjectReference(Struct):
    api_version: str | None = None
    field_path: str | None = None
    kind: str | None = None
    name: str | None = None
    namespace: str | None = None
    resource_version: str | None = None
    uid: str | None = None


class Binding(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "Binding")
    plural: ClassVar[str] = "bindings"

    target: ObjectReference = field(default_factory=ObjectReference)


class SecretReference(Struct):
    name: str | None = None
    namespace: str | None = None


class CSIPersistentVolumeSource(Struct):
    controller_expand_secret_ref: SecretReference | None = None
    controller_publish_secret_ref: SecretReference | None = None
    driver: str = ""
    fs_type: str | None = None
    node_expand_secret_ref: SecretReference | None = None
    node_publish_secret_ref: SecretReference | None = None
    node_stage_secret_ref: SecretReference | None = None
    read_only: bool | None = None
    volume_attributes: dict[str, str] = {}
    volume_handle: str = ""


class LocalObjectReference(Struct):
    name: str | None = None


class CSIVolumeSource(Struct):
    driver: str = ""
    fs_type: str | None = None
    node_publish_secret_ref: LocalObjectReference | None = None
    read_only: bool | None = None
    volume_attributes: dict[str, str] = {}


class Capabilities(Struct):
    add: list[str] = []
    drop: list[str] = []


class CephFSPersistentVolumeSource(Struct):
    monitors: list[str] = []
    path: str | None = None
    read_only: bool | None = None
    secret_file: str | None = None
    secret_ref: SecretReference | None = None
    user: str | None = None


class CephFSVolumeSource(Struct):
    monitors: list[str] = []
    path: str | None = None
    read_only: bool | None = None
    secret_file: str | None = None
    secret_ref: LocalObjectReference | None = None
    user: str | None = None


class CinderPersistentVolumeSource(Struct):
    fs_type: str | None = None
    read_only: bool | None = None
    secret_ref: SecretReference | None = None
    volume_id: str = field(default="", name="volumeID")


class CinderVolumeSource(Struct):
    fs_type: str | None = None
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    volume_id: str = field(default="", name="volumeID")


class ClientIPConfig(Struct):
    timeout_seconds: int | None = None


class ClusterTrustBundleProjection(Struct):
    label_selector: LabelSelector | None = None
    name: str | None = None
    optional: bool | None = None
    path: str = ""
    signer_name: str | None = None
    user: int | None = None


class ComponentCondition(Struct):
    error: str | None = None
    message: str | None = None
    status: str = ""
    type: str = ""


class ComponentStatus(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "ComponentStatus")
    plural: ClassVar[str] = "componentstatuses"
    namespaced: ClassVar[bool] = False

    conditions: list[ComponentCondition] = []


class ConfigMap(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "ConfigMap")
    plural: ClassVar[str] = "configmaps"

    binary_data: dict[str, bytes] = {}
    data: dict[str, str] = {}
    immutable: bool | None = None


class ConfigMapEnvSource(Struct):
    name: str | None = None
    optional: bool | None = None


class ConfigMapKeySelector(Struct):
    key: str = ""
    name: str | None = None
    optional: bool | None = None


class ConfigMapNodeConfigSource(Struct):
    kubelet_config_key: str = ""
    name: str = ""
    namespace: str = ""
    resource_version: str | None = None
    uid: str | None = None


class KeyToPath(Struct):
    key: str = ""
    mode: int | None = None
    path: str = ""
    user: int | None = None


class ConfigMapProjection(Struct):
    items: list[KeyToPath] = []
    name: str | None = None
    optional: bool | None = None


class ConfigMapVolumeSource(Struct):
    default_mode: int | None = None
    default_user: int | None = None
    items: list[KeyToPath] = []
    name: str | None = None
    optional: bool | None = None


class ObjectFieldSelector(Struct):
    api_version: str | None = None
    field_path: str = ""


class FileKeySelector(Struct):
    key: str = ""
    optional: bool | None = None
    path: str = ""
    volume_name: str = ""


class ResourceFieldSelector(Struct):
    container_name: str | None = None
    divisor: Quantity | None = None
    resource: str = ""


class SecretKeySelector(Struct):
    key: str = ""
    name: str | None = None
    optional: bool | None = None


class EnvVarSource(Struct):
    config_map_key_ref: ConfigMapKeySelector | None = None
    field_ref: ObjectFieldSelector | None = None
    file_key_ref: FileKeySelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    secret_key_ref: SecretKeySelector | None = None


class EnvVar(Struct):
    name: str = ""
    value: str | None = None
    value_from: EnvVarSource | None = None


class SecretEnvSource(Struct):
    name: str | None = None
    optional: bool | None = None


class EnvFromSource(Struct):
    config_map_ref: ConfigMapEnvSource | None = None
    prefix: str | None = None
    secret_ref: SecretEnvSource | None = None


class ExecAction(Struct):
    command: list[str] = []


class HTTPHeader(Struct):
    name: str = ""
    value: str = ""


class HTTPGetAction(Struct):
    host: str | None = None
    http_headers: list[HTTPHeader] = []
    path: str | None = None
    port: IntOrString = 0
    protocol: str | None = None
    scheme: str | None = None


class SleepAction(Struct):
    seconds: int = 0


class TCPSocketAction(Struct):
    host: str | None = None
    port: IntOrString = 0


class LifecycleHandler(Struct):
    exec: ExecAction | None = None
    http_get: HTTPGetAction | None = None
    sleep: SleepAction | None = None
    tcp_socket: TCPSocketAction | None = None


class Lifecycle(Struct):
    post_start: LifecycleHandler | None = None
    pre_stop: LifecycleHandler | None = None
    stop_signal: str | None = None


class GRPCAction(Struct):
    mode: str | None = None
    port: int = 0
    service: str | None = None


class Probe(Struct):
    exec: ExecAction | None = None
    failure_threshold: int | None = None
    grpc: GRPCAction | None = None
    http_get: HTTPGetAction | None = None
    initial_delay_seconds: int | None = None
    period_seconds: int | None = None
    success_threshold: int | None = None
    tcp_socket: TCPSocketAction | None = None
    termination_grace_period_seconds: int | None = None
    timeout_seconds: int | None = None


class ContainerPort(Struct):
    container_port: int = 0
    host_ip: str | None = field(default=None, name="hostIP")
    host_port: int | None = None
    name: str | None = None
    protocol: str | None = None


class ContainerResizePolicy(Struct):
    resource_name: str = ""
    restart_policy: str = ""


class ResourceClaim(Struct):
    name: str = ""
    request: str | None = None


class ResourceRequirements(Struct):
    claims: list[ResourceClaim] = []
    limits: dict[str, Quantity] = {}
    requests: dict[str, Quantity] = {}


class ContainerRestartRuleOnExitCodes(Struct):
    operator: str = ""
    values: list[int] = []


class ContainerRestartRule(Struct):
    action: str = ""
    exit_codes: ContainerRestartRuleOnExitCodes | None = None


class SELinuxOptions(Struct):
    level: str | None = None
    role: str | None = None
    type: str | None = None
    user: str | None = None


class SeccompProfile(Struct):
    localhost_profile: str | None = None
    type: str = ""


class WindowsSecurityContextOptions(Struct):
    gmsa_credential_spec: str | None = None
    gmsa_credential_spec_name: str | None = None
    host_process: bool | None = None
    run_as_user_name: str | None = None


class SecurityContext(Struct):
    allow_privilege_escalation: bool | None = None
    app_armor_profile: AppArmorProfile | None = None
    capabilities: Capabilities | None = None
    privileged: bool | None = None
    proc_mount: str | None = None
    read_only_root_filesystem: bool | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    se_linux_options: SELinuxOptions | None = None
    seccomp_profile: SeccompProfile | None = None
    windows_options: WindowsSecurityContextOptions | None = None


class VolumeDevice(Struct):
    device_path: str = ""
    name: str = ""


class VolumeMount(Struct):
    bind_mount_options: list[str] = []
    mount_path: str = ""
    mount_propagation: str | None = None
    name: str = ""
    read_only: bool | None = None
    recursive_read_only: str | None = None
    sub_path: str | None = None
    sub_path_expr: str | None = None


class Container(Struct):
    args: list[str] = []
    command: list[str] = []
    env: list[EnvVar] = []
    env_from: list[EnvFromSource] = []
    image: str | None = None
    image_pull_policy: str | None = None
    lifecycle: Lifecycle | None = None
    liveness_probe: Probe | None = None
    name: str = ""
    ports: list[ContainerPort] = []
    readiness_probe: Probe | None = None
    resize_policy: list[ContainerResizePolicy] = []
    resources: ResourceRequirements | None = None
    restart_policy: str | None = None
    restart_policy_rules: list[ContainerRestartRule] = []
    security_context: SecurityContext | None = None
    startup_probe: Probe | None = None
    stdin: bool | None = None
    stdin_once: bool | None = None
    termination_message_path: str | None = None
    termination_message_policy: str | None = None
    tty: bool | None = None
    volume_devices: list[VolumeDevice] = []
    volume_mounts: list[VolumeMount] = []
    working_dir: str | None = None


class ContainerExtendedResourceRequest(Struct):
    container_name: str = ""
    request_name: str = ""
    resource_name: str = ""


class ContainerImage(Struct):
    names: list[str] = []
    size_bytes: int | None = None


class ContainerStateRunning(Struct):
    started_at: Time | None = None


class ContainerStateTerminated(Struct):
    container_id: str | None = field(default=None, name="containerID")
    exit_code: int = 0
    finished_at: Time | None = None
    message: str | None = None
    reason: str | None = None
    signal: int | None = None
    started_at: Time | None = None


class ContainerStateWaiting(Struct):
    message: str | None = None
    reason: str | None = None


class ContainerState(Struct):
    running: ContainerStateRunning | None = None
    terminated: ContainerStateTerminated | None = None
    waiting: ContainerStateWaiting | None = None


class ResourceHealth(Struct):
    health: str | None = None
    message: str | None = None
    resource_id: str = field(default="", name="resourceID")


class ResourceStatus(Struct):
    name: str = ""
    resources: list[ResourceHealth] = []


class LinuxContainerUser(Struct):
    gid: int = 0
    supplemental_groups: list[int] = []
    uid: int = 0


class ContainerUser(Struct):
    linux: LinuxContainerUser | None = None


class ImageVolumeStatus(Struct):
    image_ref: str = ""


class VolumeStatus(Struct):
    image: ImageVolumeStatus | None = None


class VolumeMountStatus(Struct):
    mount_path: str = ""
    name: str = ""
    read_only: bool | None = None
    recursive_read_only: str | None = None
    volume_status: VolumeStatus | None = None


class ContainerStatus(Struct):
    allocated_resources: dict[str, Quantity] = {}
    allocated_resources_status: list[ResourceStatus] = []
    container_id: str | None = field(default=None, name="containerID")
    image: str = ""
    image_id: str = field(default="", name="imageID")
    last_state: ContainerState | None = None
    name: str = ""
    ready: bool = False
    resources: ResourceRequirements | None = None
    restart_count: int = 0
    started: bool | None = None
    state: ContainerState | None = None
    stop_signal: str | None = None
    user: ContainerUser | None = None
    volume_mounts: list[VolumeMountStatus] = []


class DaemonEndpoint(Struct):
    port: int = field(default=0, name="Port")


class DownwardAPIVolumeFile(Struct):
    field_ref: ObjectFieldSelector | None = None
    mode: int | None = None
    path: str = ""
    resource_field_ref: ResourceFieldSelector | None = None
    user: int | None = None


class DownwardAPIProjection(Struct):
    items: list[DownwardAPIVolumeFile] = []


class DownwardAPIVolumeSource(Struct):
    default_mode: int | None = None
    default_user: int | None = None
    items: list[DownwardAPIVolumeFile] = []


class EmptyDirVolumeSource(Struct):
    medium: str | None = None
    mode: int | None = None
    size_limit: Quantity | None = None


class EndpointAddress(Struct):
    hostname: str | None = None
    ip: str = ""
    node_name: str | None = None
    target_ref: ObjectReference | None = None


class EndpointPort(Struct):
    app_protocol: str | None = None
    name: str | None = None
    port: int = 0
    protocol: str | None = None


class EndpointSubset(Struct):
    addresses: list[EndpointAddress] = []
    not_ready_addresses: list[EndpointAddress] = []
    ports: list[EndpointPort] = []


class Endpoints(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "Endpoints")
    plural: ClassVar[str] = "endpoints"

    subsets: list[EndpointSubset] = []


class EphemeralContainer(Struct):
    args: list[str] = []
    command: list[str] = []
    env: list[EnvVar] = []
    env_from: list[EnvFromSource] = []
    image: str | None = None
    image_pull_policy: str | None = None
    lifecycle: Lifecycle | None = None
    liveness_probe: Probe | None = None
    name: str = ""
    ports: list[ContainerPort] = []
    readiness_probe: Probe | None = None
    resize_policy: list[ContainerResizePolicy] = []
    resources: ResourceRequirements | None = None
    restart_policy: str | None = None
    restart_policy_rules: list[ContainerRestartRule] = []
    security_context: SecurityContext | None = None
    startup_probe: Probe | None = None
    stdin: bool | None = None
    stdin_once: bool | None = None
    target_container_name: str | None = None
    termination_message_path: str | None = None
    termination_message_policy: str | None = None
    tty: bool | None = None
    volume_devices: list[VolumeDevice] = []
    volume_mounts: list[VolumeMount] = []
    working_dir: str | None = None


class TypedLocalObjectReference(Struct):
    api_group: str | None = None
    kind: str = ""
    name: str = ""


class TypedObjectReference(Struct):
    api_group: str | None = None
    kind: str = ""
    name: str = ""
    namespace: str | None = None


class VolumeResourceRequirements(Struct):
    limits: dict[str, Quantity] = {}
    requests: dict[str, Quantity] = {}


class PersistentVolumeClaimSpec(Struct):
    access_modes: list[str] = []
    data_source: TypedLocalObjectReference | None = None
    data_source_ref: TypedObjectReference | None = None
    resources: VolumeResourceRequirements | None = None
    selector: LabelSelector | None = None
    storage_class_name: str | None = None
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None
    volume_name: str | None = None


class PersistentVolumeClaimTemplate(Struct):
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PersistentVolumeClaimSpec = field(default_factory=PersistentVolumeClaimSpec)


class EphemeralVolumeSource(Struct):
    volume_claim_template: PersistentVolumeClaimTemplate | None = None


class EventSeries(Struct):
    count: int | None = None
    last_observed_time: MicroTime | None = None


class EventSource(Struct):
    component: str | None = None
    host: str | None = None


class Event(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "Event")
    plural: ClassVar[str] = "events"

    action: str | None = None
    count: int | None = None
    event_time: MicroTime | None = None
    first_timestamp: Time | None = None
    involved_object: ObjectReference = field(default_factory=ObjectReference)
    last_timestamp: Time | None = None
    message: str | None = None
    reason: str | None = None
    related: ObjectReference | None = None
    reporting_component: str | None = None
    reporting_instance: str | None = None
    series: EventSeries | None = None
    source: EventSource | None = None
    type: str | None = None


class EvictionResponder(Struct):
    name: str = ""
    priority: int = 0


class FCVolumeSource(Struct):
    fs_type: str | None = None
    lun: int | None = None
    read_only: bool | None = None
    target_wwns: list[str] = field(default_factory=list, name="targetWWNs")
    wwids: list[str] = []


class FlexPersistentVolumeSource(Struct):
    driver: str = ""
    fs_type: str | None = None
    options: dict[str, str] = {}
    read_only: bool | None = None
    secret_ref: SecretReference | None = None


class FlexVolumeSource(Struct):
    driver: str = ""
    fs_type: str | None = None
    options: dict[str, str] = {}
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None


class FlockerVolumeSource(Struct):
    dataset_name: str | None = None
    dataset_uuid: str | None = field(default=None, name="datasetUUID")


class GCEPersistentDiskVolumeSource(Struct):
    fs_type: str | None = None
    partition: int | None = None
    pd_name: str = ""
    read_only: bool | None = None


class GitRepoVolumeSource(Struct):
    directory: str | None = None
    repository: str = ""
    revision: str | None = None


class GlusterfsPersistentVolumeSource(Struct):
    endpoints: str = ""
    endpoints_namespace: str | None = None
    path: str = ""
    read_only: bool | None = None


class GlusterfsVolumeSource(Struct):
    endpoints: str = ""
    path: str = ""
    read_only: bool | None = None


class HostAlias(Struct):
    hostnames: list[str] = []
    ip: str = ""


class HostIP(Struct):
    ip: str = ""


class HostPathVolumeSource(Struct):
    path: str = ""
    type: str | None = None


class ISCSIPersistentVolumeSource(Struct):
    chap_auth_discovery: bool | None = None
    chap_auth_session: bool | None = None
    fs_type: str | None = None
    initiator_name: str | None = None
    iqn: str = ""
    iscsi_interface: str | None = None
    lun: int = 0
    portals: list[str] = []
    read_only: bool | None = None
    secret_ref: SecretReference | None = None
    target_portal: str = ""


class ISCSIVolumeSource(Struct):
    chap_auth_discovery: bool | None = None
    chap_auth_session: bool | None = None
    fs_type: str | None = None
    initiator_name: str | None = None
    iqn: str = ""
    iscsi_interface: str | None = None
    lun: int = 0
    portals: list[str] = []
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    target_portal: str = ""


class ImageVolumeSource(Struct):
    pull_policy: str | None = None
    reference: str | None = None


class LimitRangeItem(Struct):
    default: dict[str, Quantity] = {}
    default_request: dict[str, Quantity] = {}
    max: dict[str, Quantity] = {}
    max_limit_request_ratio: dict[str, Quantity] = {}
    min: dict[str, Quantity] = {}
    type: str = ""


class LimitRangeSpec(Struct):
    limits: list[LimitRangeItem] = []


class LimitRange(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "LimitRange")
    plural: ClassVar[str] = "limitranges"

    spec: LimitRangeSpec = field(default_factory=LimitRangeSpec)


class PortStatus(Struct):
    error: str | None = None
    port: int = 0
    protocol: str = ""


class LoadBalancerIngress(Struct):
    hostname: str | None = None
    ip: str | None = None
    ip_mode: str | None = None
    ports: list[PortStatus] = []


class LoadBalancerStatus(Struct):
    ingress: list[LoadBalancerIngress] = []


class LocalVolumeSource(Struct):
    fs_type: str | None = None
    path: str = ""


class ModifyVolumeStatus(Struct):
    status: str = ""
    target_volume_attributes_class_name: str | None = None


class NFSVolumeSource(Struct):
    path: str = ""
    read_only: bool | None = None
    server: str = ""


class NamespaceSpec(Struct):
    finalizers: list[str] = []


class NamespaceCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class NamespaceStatus(Struct):
    conditions: list[NamespaceCondition] = []
    phase: str | None = None


class Namespace(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "Namespace")
    plural: ClassVar[str] = "namespaces"
    namespaced: ClassVar[bool] = False

    spec: NamespaceSpec = field(default_factory=NamespaceSpec)
    status: NamespaceStatus = field(default_factory=NamespaceStatus)


class NodeConfigSource(Struct):
    config_map: ConfigMapNodeConfigSource | None = None


class NodePodPreemptionPolicy(Struct):
    disable_resize_preemption: list[str] = []


class Taint(Struct):
    effect: str = ""
    key: str = ""
    time_added: Time | None = None
    value: str | None = None


class NodeSpec(Struct):
    config_source: NodeConfigSource | None = None
    external_id: str | None = field(default=None, name="externalID")
    pod_cidr: str | None = field(default=None, name="podCIDR")
    pod_cidrs: list[str] = field(default_factory=list, name="podCIDRs")
    pod_preemption_policy: NodePodPreemptionPolicy | None = None
    provider_id: str | None = field(default=None, name="providerID")
    taints: list[Taint] = []
    unschedulable: bool | None = None


class NodeAddress(Struct):
    address: str = ""
    type: str = ""


class NodeCondition(Struct):
    last_heartbeat_time: Time | None = None
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class NodeConfigStatus(Struct):
    active: NodeConfigSource | None = None
    assigned: NodeConfigSource | None = None
    error: str | None = None
    last_known_good: NodeConfigSource | None = None


class NodeDaemonEndpoints(Struct):
    kubelet_endpoint: DaemonEndpoint | None = None


class NodeFeatures(Struct):
    supplemental_groups_policy: bool | None = None


class NodeSwapStatus(Struct):
    capacity: int | None = None


class NodeSystemInfo(Struct):
    architecture: str = ""
    boot_id: str = field(default="", name="bootID")
    container_runtime_version: str = ""
    kernel_version: str = ""
    kube_proxy_version: str = ""
    kubelet_version: str = ""
    machine_id: str = field(default="", name="machineID")
    operating_system: str = ""
    os_image: str = ""
    running_in_user_namespace: bool | None = None
    swap: NodeSwapStatus | None = None
    system_uuid: str = field(default="", name="systemUUID")


class NodeRuntimeHandlerFeatures(Struct):
    recursive_read_only_mounts: bool | None = None
    user_namespaces: bool | None = None


class NodeRuntimeHandler(Struct):
    features: NodeRuntimeHandlerFeatures | None = None
    name: str | None = None


class NodeStatus(Struct):
    addresses: list[NodeAddress] = []
    allocatable: dict[str, Quantity] = {}
    capacity: dict[str, Quantity] = {}
    conditions: list[NodeCondition] = []
    config: NodeConfigStatus | None = None
    daemon_endpoints: NodeDaemonEndpoints | None = None
    declared_features: list[str] = []
    features: NodeFeatures | None = None
    images: list[ContainerImage] = []
    node_info: NodeSystemInfo | None = None
    phase: str | None = None
    runtime_handlers: list[NodeRuntimeHandler] = []
    volumes_attached: list[AttachedVolume] = []
    volumes_in_use: list[str] = []


class Node(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "Node")
    plural: ClassVar[str] = "nodes"
    namespaced: ClassVar[bool] = False

    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)


class NodeAllocatableMappedResources(Struct):
    name: str = ""
    quantity: Quantity | None = None


class NodeAllocatableOverheadResources(Struct):
    name: str = ""
    per_container: Quantity | None = None
    per_pod: Quantity | None = None


class NodeAllocatableResourceClaimStatus(Struct):
    containers: list[str] = []
    mapping: list[NodeAllocatableMappedResources] = []
    overhead: list[NodeAllocatableOverheadResources] = []
    resource_claim_name: str = ""


class VolumeNodeAffinity(Struct):
    required: NodeSelector | None = None


class PhotonPersistentDiskVolumeSource(Struct):
    fs_type: str | None = None
    pd_id: str = field(default="", name="pdID")


class PortworxVolumeSource(Struct):
    fs_type: str | None = None
    read_only: bool | None = None
    volume_id: str = field(default="", name="volumeID")


class QuobyteVolumeSource(Struct):
    group: str | None = None
    read_only: bool | None = None
    registry: str = ""
    tenant: str | None = None
    user: str | None = None
    volume: str = ""


class RBDPersistentVolumeSource(Struct):
    fs_type: str | None = None
    image: str = ""
    keyring: str | None = None
    monitors: list[str] = []
    pool: str | None = None
    read_only: bool | None = None
    secret_ref: SecretReference | None = None
    user: str | None = None


class ScaleIOPersistentVolumeSource(Struct):
    fs_type: str | None = None
    gateway: str = ""
    protection_domain: str | None = None
    read_only: bool | None = None
    secret_ref: SecretReference = field(default_factory=SecretReference)
    ssl_enabled: bool | None = None
    storage_mode: str | None = None
    storage_pool: str | None = None
    system: str = ""
    volume_name: str | None = None


class StorageOSPersistentVolumeSource(Struct):
    fs_type: str | None = None
    read_only: bool | None = None
    secret_ref: ObjectReference | None = None
    volume_name: str | None = None
    volume_namespace: str | None = None


class VsphereVirtualDiskVolumeSource(Struct):
    fs_type: str | None = None
    storage_policy_id: str | None = field(default=None, name="storagePolicyID")
    storage_policy_name: str | None = None
    volume_path: str = ""


class PersistentVolumeSpec(Struct):
    access_modes: list[str] = []
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    azure_disk: AzureDiskVolumeSource | None = None
    azure_file: AzureFilePersistentVolumeSource | None = None
    capacity: dict[str, Quantity] = {}
    cephfs: CephFSPersistentVolumeSource | None = None
    cinder: CinderPersistentVolumeSource | None = None
    claim_ref: ObjectReference | None = None
    csi: CSIPersistentVolumeSource | None = None
    fc: FCVolumeSource | None = None
    flex_volume: FlexPersistentVolumeSource | None = None
    flocker: FlockerVolumeSource | None = None
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    glusterfs: GlusterfsPersistentVolumeSource | None = None
    host_path: HostPathVolumeSource | None = None
    iscsi: ISCSIPersistentVolumeSource | None = None
    local: LocalVolumeSource | None = None
    mount_options: list[str] = []
    nfs: NFSVolumeSource | None = None
    node_affinity: VolumeNodeAffinity | None = None
    persistent_volume_reclaim_policy: str | None = None
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    portworx_volume: PortworxVolumeSource | None = None
    quobyte: QuobyteVolumeSource | None = None
    rbd: RBDPersistentVolumeSource | None = None
    scale_io: ScaleIOPersistentVolumeSource | None = field(default=None, name="scaleIO")
    storage_class_name: str | None = None
    storageos: StorageOSPersistentVolumeSource | None = None
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None


class PersistentVolumeStatus(Struct):
    last_phase_transition_time: Time | None = None
    message: str | None = None
    phase: str | None = None
    reason: str | None = None


class PersistentVolume(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "PersistentVolume")
    plural: ClassVar[str] = "persistentvolumes"
    namespaced: ClassVar[bool] = False

    spec: PersistentVolumeSpec = field(default_factory=PersistentVolumeSpec)
    status: PersistentVolumeStatus = field(default_factory=PersistentVolumeStatus)


class PersistentVolumeClaimCondition(Struct):
    last_probe_time: Time | None = None
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class VolumeHealthCondition(Struct):
    message: str | None = None
    reason: str = ""
    status: str = ""


class VolumeHealthStatus(Struct):
    health_conditions: list[VolumeHealthCondition] = []
    last_transition_time: Time | None = None


class PersistentVolumeClaimStatus(Struct):
    access_modes: list[str] = []
    allocated_resource_statuses: dict[str, str] = {}
    allocated_resources: dict[str, Quantity] = {}
    capacity: dict[str, Quantity] = {}
    conditions: list[PersistentVolumeClaimCondition] = []
    current_volume_attributes_class_name: str | None = None
    health_status: VolumeHealthStatus | None = None
    modify_volume_status: ModifyVolumeStatus | None = None
    phase: str | None = None


class PersistentVolumeClaim(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "PersistentVolumeClaim")
    plural: ClassVar[str] = "persistentvolumeclaims"

    spec: PersistentVolumeClaimSpec = field(default_factory=PersistentVolumeClaimSpec)
    status: PersistentVolumeClaimStatus = field(default_factory=PersistentVolumeClaimStatus)


class PersistentVolumeClaimVolumeSource(Struct):
    claim_name: str = ""
    read_only: bool | None = None


class PodDNSConfigOption(Struct):
    name: str | None = None
    value: str | None = None


class PodDNSConfig(Struct):
    nameservers: list[str] = []
    options: list[PodDNSConfigOption] = []
    searches: list[str] = []


class PodOS(Struct):
    name: str = ""


class PodReadinessGate(Struct):
    condition_type: str = ""


class PodResourceClaim(Struct):
    name: str = ""
    resource_claim_name: str | None = None
    resource_claim_template_name: str | None = None


class PodSchedulingGate(Struct):
    name: str = ""


class PodSchedulingGroup(Struct):
    pod_group_name: str | None = None


class Sysctl(Struct):
    name: str = ""
    value: str = ""


class PodSecurityContext(Struct):
    app_armor_profile: AppArmorProfile | None = None
    fs_group: int | None = None
    fs_group_change_policy: str | None = None
    run_as_group: int | None = None
    run_as_non_root: bool | None = None
    run_as_user: int | None = None
    se_linux_change_policy: str | None = None
    se_linux_options: SELinuxOptions | None = None
    seccomp_profile: SeccompProfile | None = None
    supplemental_groups: list[int] = []
    supplemental_groups_policy: str | None = None
    sysctls: list[Sysctl] = []
    windows_options: WindowsSecurityContextOptions | None = None


class Toleration(Struct):
    effect: str | None = None
    key: str | None = None
    operator: str | None = None
    toleration_seconds: int | None = None
    value: str | None = None


class TopologySpreadConstraint(Struct):
    label_selector: LabelSelector | None = None
    match_label_keys: list[str] = []
    max_skew: int = 0
    min_domains: int | None = None
    node_affinity_policy: str | None = None
    node_taints_policy: str | None = None
    topology_key: str = ""
    when_unsatisfiable: str = ""


class PodCertificateProjection(Struct):
    certificate_chain_path: str | None = None
    credential_bundle_path: str | None = None
    key_path: str | None = None
    key_type: str = ""
    max_expiration_seconds: int | None = None
    signer_name: str = ""
    user: int | None = None
    user_annotations: dict[str, str] = {}


class SecretProjection(Struct):
    items: list[KeyToPath] = []
    name: str | None = None
    optional: bool | None = None


class ServiceAccountTokenProjection(Struct):
    audience: str | None = None
    expiration_seconds: int | None = None
    path: str = ""
    user: int | None = None


class VolumeProjection(Struct):
    cluster_trust_bundle: ClusterTrustBundleProjection | None = None
    config_map: ConfigMapProjection | None = None
    downward_api: DownwardAPIProjection | None = field(default=None, name="downwardAPI")
    pod_certificate: PodCertificateProjection | None = None
    secret: SecretProjection | None = None
    service_account_token: ServiceAccountTokenProjection | None = None


class ProjectedVolumeSource(Struct):
    default_mode: int | None = None
    default_user: int | None = None
    sources: list[VolumeProjection] = []


class RBDVolumeSource(Struct):
    fs_type: str | None = None
    image: str = ""
    keyring: str | None = None
    monitors: list[str] = []
    pool: str | None = None
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    user: str | None = None


class ScaleIOVolumeSource(Struct):
    fs_type: str | None = None
    gateway: str = ""
    protection_domain: str | None = None
    read_only: bool | None = None
    secret_ref: LocalObjectReference = field(default_factory=LocalObjectReference)
    ssl_enabled: bool | None = None
    storage_mode: str | None = None
    storage_pool: str | None = None
    system: str = ""
    volume_name: str | None = None


class SecretVolumeSource(Struct):
    default_mode: int | None = None
    default_user: int | None = None
    items: list[KeyToPath] = []
    optional: bool | None = None
    secret_name: str | None = None


class StorageOSVolumeSource(Struct):
    fs_type: str | None = None
    read_only: bool | None = None
    secret_ref: LocalObjectReference | None = None
    volume_name: str | None = None
    volume_namespace: str | None = None


class Volume(Struct):
    aws_elastic_block_store: AWSElasticBlockStoreVolumeSource | None = None
    azure_disk: AzureDiskVolumeSource | None = None
    azure_file: AzureFileVolumeSource | None = None
    cephfs: CephFSVolumeSource | None = None
    cinder: CinderVolumeSource | None = None
    config_map: ConfigMapVolumeSource | None = None
    csi: CSIVolumeSource | None = None
    downward_api: DownwardAPIVolumeSource | None = field(default=None, name="downwardAPI")
    empty_dir: EmptyDirVolumeSource | None = None
    ephemeral: EphemeralVolumeSource | None = None
    fc: FCVolumeSource | None = None
    flex_volume: FlexVolumeSource | None = None
    flocker: FlockerVolumeSource | None = None
    gce_persistent_disk: GCEPersistentDiskVolumeSource | None = None
    git_repo: GitRepoVolumeSource | None = None
    glusterfs: GlusterfsVolumeSource | None = None
    host_path: HostPathVolumeSource | None = None
    image: ImageVolumeSource | None = None
    iscsi: ISCSIVolumeSource | None = None
    name: str = ""
    nfs: NFSVolumeSource | None = None
    persistent_volume_claim: PersistentVolumeClaimVolumeSource | None = None
    photon_persistent_disk: PhotonPersistentDiskVolumeSource | None = None
    portworx_volume: PortworxVolumeSource | None = None
    projected: ProjectedVolumeSource | None = None
    quobyte: QuobyteVolumeSource | None = None
    rbd: RBDVolumeSource | None = None
    scale_io: ScaleIOVolumeSource | None = field(default=None, name="scaleIO")
    secret: SecretVolumeSource | None = None
    storageos: StorageOSVolumeSource | None = None
    vsphere_volume: VsphereVirtualDiskVolumeSource | None = None


class PodSpec(Struct):
    active_deadline_seconds: int | None = None
    affinity: Affinity | None = None
    automount_service_account_token: bool | None = None
    containers: list[Container] = []
    dns_config: PodDNSConfig | None = None
    dns_policy: str | None = None
    enable_service_links: bool | None = None
    ephemeral_containers: list[EphemeralContainer] = []
    eviction_responders: list[EvictionResponder] = []
    host_aliases: list[HostAlias] = []
    host_ipc: bool | None = field(default=None, name="hostIPC")
    host_network: bool | None = None
    host_pid: bool | None = field(default=None, name="hostPID")
    host_users: bool | None = None
    hostname: str | None = None
    hostname_override: str | None = None
    image_pull_secrets: list[LocalObjectReference] = []
    init_containers: list[Container] = []
    node_name: str | None = None
    node_selector: dict[str, str] = {}
    os: PodOS | None = None
    overhead: dict[str, Quantity] = {}
    preemption_policy: str | None = None
    priority: int | None = None
    priority_class_name: str | None = None
    readiness_gates: list[PodReadinessGate] = []
    resource_claims: list[PodResourceClaim] = []
    resources: ResourceRequirements | None = None
    restart_policy: str | None = None
    runtime_class_name: str | None = None
    scheduler_name: str | None = None
    scheduling_gates: list[PodSchedulingGate] = []
    scheduling_group: PodSchedulingGroup | None = None
    security_context: PodSecurityContext | None = None
    service_account: str | None = None
    service_account_name: str | None = None
    set_hostname_as_fqdn: bool | None = field(default=None, name="setHostnameAsFQDN")
    share_process_namespace: bool | None = None
    subdomain: str | None = None
    termination_grace_period_seconds: int | None = None
    tolerations: list[Toleration] = []
    topology_spread_constraints: list[TopologySpreadConstraint] = []
    volumes: list[Volume] = []


class PodCondition(Struct):
    last_probe_time: Time | None = None
    last_transition_time: Time | None = None
    message: str | None = None
    observed_generation: int | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class PodExtendedResourceClaimStatus(Struct):
    request_mappings: list[ContainerExtendedResourceRequest] = []
    resource_claim_name: str = ""


class PodIP(Struct):
    ip: str = ""


class PodResourceClaimStatus(Struct):
    name: str = ""
    resource_claim_name: str | None = None


class PodVolumeHealth(Struct):
    health_conditions: list[VolumeHealthCondition] = []
    last_transition_time: Time | None = None
    name: str = ""


class PodStatus(Struct):
    allocated_resources: dict[str, Quantity] = {}
    conditions: list[PodCondition] = []
    container_statuses: list[ContainerStatus] = []
    ephemeral_container_statuses: list[ContainerStatus] = []
    extended_resource_claim_status: PodExtendedResourceClaimStatus | None = None
    host_ip: str | None = field(default=None, name="hostIP")
    host_ips: list[HostIP] = field(default_factory=list, name="hostIPs")
    init_container_statuses: list[ContainerStatus] = []
    message: str | None = None
    node_allocatable_resource_claim_statuses: list[NodeAllocatableResourceClaimStatus] = []
    nominated_node_name: str | None = None
    observed_generation: int | None = None
    phase: str | None = None
    pod_ip: str | None = field(default=None, name="podIP")
    pod_ips: list[PodIP] = field(default_factory=list, name="podIPs")
    qos_class: str | None = None
    reason: str | None = None
    resize: str | None = None
    resource_claim_statuses: list[PodResourceClaimStatus] = []
    resources: ResourceRequirements | None = None
    start_time: Time | None = None
    volume_health: list[PodVolumeHealth] = []


class Pod(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "Pod")
    plural: ClassVar[str] = "pods"

    spec: PodSpec = field(default_factory=PodSpec)
    status: PodStatus = field(default_factory=PodStatus)


class PodTemplateSpec(Struct):
    metadata: ObjectMeta = field(default_factory=ObjectMeta)
    spec: PodSpec = field(default_factory=PodSpec)


class PodTemplate(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "PodTemplate")
    plural: ClassVar[str] = "podtemplates"

    template: PodTemplateSpec = field(default_factory=PodTemplateSpec)


class ReplicationControllerSpec(Struct):
    min_ready_seconds: int | None = None
    replicas: int | None = None
    selector: dict[str, str] = {}
    template: PodTemplateSpec = field(default_factory=PodTemplateSpec)


class ReplicationControllerCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class ReplicationControllerStatus(Struct):
    available_replicas: int | None = None
    conditions: list[ReplicationControllerCondition] = []
    fully_labeled_replicas: int | None = None
    observed_generation: int | None = None
    ready_replicas: int | None = None
    replicas: int = 0


class ReplicationController(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "ReplicationController")
    plural: ClassVar[str] = "replicationcontrollers"

    spec: ReplicationControllerSpec = field(default_factory=ReplicationControllerSpec)
    status: ReplicationControllerStatus = field(default_factory=ReplicationControllerStatus)


class ScopedResourceSelectorRequirement(Struct):
    operator: str = ""
    scope_name: str = ""
    values: list[str] = []


class ScopeSelector(Struct):
    match_expressions: list[ScopedResourceSelectorRequirement] = []


class ResourceQuotaSpec(Struct):
    hard: dict[str, Quantity] = {}
    scope_selector: ScopeSelector | None = None
    scopes: list[str] = []


class ResourceQuotaStatus(Struct):
    hard: dict[str, Quantity] = {}
    used: dict[str, Quantity] = {}


class ResourceQuota(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "ResourceQuota")
    plural: ClassVar[str] = "resourcequotas"

    spec: ResourceQuotaSpec = field(default_factory=ResourceQuotaSpec)
    status: ResourceQuotaStatus = field(default_factory=ResourceQuotaStatus)


class Secret(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "Secret")
    plural: ClassVar[str] = "secrets"

    data: dict[str, bytes] = {}
    immutable: bool | None = None
    string_data: dict[str, str] = {}
    type: str | None = None


class ServicePort(Struct):
    app_protocol: str | None = None
    name: str | None = None
    node_port: int | None = None
    port: int = 0
    protocol: str | None = None
    target_port: IntOrString | None = None


class SessionAffinityConfig(Struct):
    client_ip: ClientIPConfig | None = field(default=None, name="clientIP")


class ServiceSpec(Struct):
    allocate_load_balancer_node_ports: bool | None = None
    cluster_ip: str | None = field(default=None, name="clusterIP")
    cluster_ips: list[str] = field(default_factory=list, name="clusterIPs")
    external_ips: list[str] = field(default_factory=list, name="externalIPs")
    external_name: str | None = None
    external_traffic_policy: str | None = None
    health_check_node_port: int | None = None
    internal_traffic_policy: str | None = None
    ip_families: list[str] = []
    ip_family_policy: str | None = None
    load_balancer_class: str | None = None
    load_balancer_ip: str | None = field(default=None, name="loadBalancerIP")
    load_balancer_source_ranges: list[str] = []
    ports: list[ServicePort] = []
    publish_not_ready_addresses: bool | None = None
    selector: dict[str, str] = {}
    session_affinity: str | None = None
    session_affinity_config: SessionAffinityConfig | None = None
    traffic_distribution: str | None = None
    type: str | None = None


class ServiceStatus(Struct):
    conditions: list[Condition] = []
    load_balancer: LoadBalancerStatus | None = None


class Service(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "Service")
    plural: ClassVar[str] = "services"

    spec: ServiceSpec = field(default_factory=ServiceSpec)
    status: ServiceStatus = field(default_factory=ServiceStatus)


class ServiceAccount(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("", "v1", "ServiceAccount")
    plural: ClassVar[str] = "serviceaccounts"

    automount_service_account_token: bool | None = None
    image_pull_secrets: list[LocalObjectReference] = []
    secrets: list[ObjectReference] = []


class TopologySelectorLabelRequirement(Struct):
    key: str = ""
    values: list[str] = []


class TopologySelectorTerm(Struct):
    match_label_expressions: list[TopologySelectorLabelRequirement] = []
