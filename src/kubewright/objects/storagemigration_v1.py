"""Typed objects of storagemigration v1; written by tools/generate_objects.py."""

from __future__ import annotations

from typing import ClassVar

from msgspec import field

from kubewright.objects.base import Struct
from kubewright.objects.meta import Condition, GroupResource, Object
from kubewright.objects.names import GroupVersionKind


class StorageVersionMigrationSpec(Struct):
    resource: GroupResource = field(default_factory=GroupResource)


class StorageVersionMigrationStatus(Struct):
    conditions: list[Condition] = []
    resource_version: str | None = None


class StorageVersionMigration(Object):
    gvk: ClassVar[GroupVersionKind] = GroupVersionKind("storagemigration.k8s.io", "v1", "StorageVersionMigration")
    plural: ClassVar[str] = "storageversionmigrations"
    namespaced: ClassVar[bool] = False

    spec: StorageVersionMigrationSpec = field(default_factory=StorageVersionMigrationSpec)
    status: StorageVersionMigrationStatus = field(default_factory=StorageVersionMigrationStatus)
