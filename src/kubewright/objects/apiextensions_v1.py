"""Typed objects of apiextensions v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Object, RawExtension
from kubewright.objects.names import GroupVersionKind
from kubewright.objects.time import Time


class CustomResourceColumnDefinition(Struct):
    description: str | None = None
    format: str | None = None
    json_path: str = ""
    name: str = ""
    priority: int | None = None
    type: str = ""


class ServiceReference(Struct):
    name: str = ""
    namespace: str = ""
    path: str | None = None
    port: int | None = None


class WebhookClientConfig(Struct):
    ca_bundle: bytes | None = None
    service: ServiceReference | None = None
    url: str | None = None


class WebhookConversion(Struct):
    client_config: WebhookClientConfig | None = None
    conversion_review_versions: list[str] = []


class CustomResourceConversion(Struct):
    strategy: str = ""
    webhook: WebhookConversion | None = None


class CustomResourceDefinitionNames(Struct):
    categories: list[str] = []
    kind: str = ""
    list_kind: str | None = None
    plural: str = ""
    short_names: list[str] = []
    singular: str | None = None


class CustomResourceValidation(Struct):
    open_api_v3_schema: RawExtension | None = field(default=None, name="openAPIV3Schema")


class SelectableField(Struct):
    json_path: str = ""


class CustomResourceSubresourceScale(Struct):
    label_selector_path: str | None = None
    spec_replicas_path: str = ""
    status_replicas_path: str = ""


class CustomResourceSubresources(Struct):
    scale: CustomResourceSubresourceScale | None = None
    status: RawExtension | None = None


class CustomResourceDefinitionVersion(Struct):
    additional_printer_columns: list[CustomResourceColumnDefinition] = []
    deprecated: bool | None = None
    deprecation_warning: str | None = None
    name: str = ""
    schema: CustomResourceValidation | None = None
    selectable_fields: list[SelectableField] = []
    served: bool = False
    storage: bool = False
    subresources: CustomResourceSubresources | None = None


class CustomResourceDefinitionSpec(Struct):
    conversion: CustomResourceConversion | None = None
    group: str = ""
    names: CustomResourceDefinitionNames = field(default_factory=CustomResourceDefinitionNames)
    preserve_unknown_fields: bool | None = None
    scope: str = ""
    versions: list[CustomResourceDefinitionVersion] = []


class CustomResourceDefinitionCondition(Struct):
    last_transition_time: Time | None = None
    message: str | None = None
    observed_generation: int | None = None
    reason: str | None = None
    status: str = ""
    type: str = ""


class CustomResourceDefinitionStatus(Struct):
    accepted_names: CustomResourceDefinitionNames | None = None
    conditions: list[CustomResourceDefinitionCondition] = []
    observed_generation: int | None = None
    stored_versions: list[str] = []


class CustomResourceDefinition(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("apiextensions.k8s.io", "v1", "CustomResourceDefinition")
    plural: ClassVar[str] = "customresourcedefinitions"
    namespaced: ClassVar[bool] = False

    spec: CustomResourceDefinitionSpec = field(default_factory=CustomResourceDefinitionSpec)
    status: CustomResourceDefinitionStatus = field(default_factory=CustomResourceDefinitionStatus)


class CustomResourceSubresourceStatus(Struct):
    pass
