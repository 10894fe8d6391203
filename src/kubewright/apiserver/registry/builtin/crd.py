"""CustomResourceDefinitions: names, versions, columns and conversion; schemas are checked by `kubewright.schema`.

After ``k8s.io/apiextensions-apiserver/pkg/apis/apiextensions``.  Its validation sees the internal form, in which what
all versions share stands at the top of the spec: field paths follow that.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from kubewright.apiserver.registry.builtin.admissionregistration import validate_client_config
from kubewright.apiserver.registry.builtin.base import ALL_METADATA, BuiltinStrategy, fill, name_of
from kubewright.apiserver.registry.builtin.field_rules import one_of, problems, unique
from kubewright.apiserver.registry.crd_status import APPROVAL, CLEANUP_FINALIZER, is_protected_group
from kubewright.apiserver.registry.metadata_rules import immutable, is_dns1035_label, is_dns_subdomain
from kubewright.apiserver.registry.strategy import Column, Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, required, too_many
from kubewright.schema.structural import check_schema, unrecognized_formats

Spec = dict[str, Any]

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_HOISTED = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
_SIMPLE_PATH = re.compile(r"(\.[A-Za-z0-9_-]+|\['[^']+'\]|\[\d+\])+\Z")
_COLUMN_PATH = re.compile(r"\.?([A-Za-z0-9_$@*.\\/-]|\[[^\]]*\])+\Z")


class CustomResourceDefinitionStrategy(BuiltinStrategy):
    columns = (Column("Name", format="name"), Column("Created At", "date"))
    status = True
    status_keeps = ALL_METADATA
    generation = True

    def default(self, obj: Object) -> None:
        spec = obj["spec"]
        names = spec.get("names") or {}
        if names.get("kind"):
            names.setdefault("singular", names["kind"].lower())
            names.setdefault("listKind", f"{names['kind']}List")
        conversion = spec.setdefault("conversion", {})
        fill(conversion, "strategy", "None")
        service = ((conversion.get("webhook") or {}).get("clientConfig") or {}).get("service")
        if service is not None:
            service.setdefault("port", 443)

    def prepare_for_create(self, obj: Object, reader: Reader) -> None:
        super().prepare_for_create(obj, reader)
        _store_version(obj)

    def prepare_for_update(self, obj: Object, old: Object, reader: Reader) -> None:
        _store_version(obj)

    def rules(self, obj: Object) -> list[Cause]:
        spec = obj["spec"]
        wanted = f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}"
        causes: list[Cause] = []
        if name_of(obj) != wanted:
            text = 'must be spec.names.plural+"."+spec.group'
            causes.append(invalid("metadata.name", name_of(obj), text))
        causes += _group(spec.get("group", "")) + one_of(spec.get("scope"), ("Cluster", "Namespaced"), "spec.scope")
        causes += _versions(spec)
        if spec.get("preserveUnknownFields"):
            text = (
                "cannot set to true, set x-kubernetes-preserve-unknown-fields to true "
                "in spec.versions[*].schema instead"
            )
            causes.append(invalid("spec.preserveUnknownFields", True, text))
        causes += _names(spec.get("names") or {}, "spec.names")
        causes += _conversion(spec.get("conversion") or {}, "spec.conversion")
        causes += _stored_versions((obj.get("status") or {}).get("storedVersions") or [], spec)
        return causes + _approval(obj)

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        new, before = obj["spec"], old["spec"]
        causes = self.rules(obj)
        conditions = (old.get("status") or {}).get("conditions") or ()
        if any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions):
            causes += immutable(new.get("scope"), before.get("scope"), "spec.scope")
            causes += immutable(new["names"].get("kind"), before["names"].get("kind"), "spec.names.kind")
        causes += immutable(new.get("group"), before.get("group"), "spec.group")
        return causes + immutable(new["names"].get("plural"), before["names"].get("plural"), "spec.names.plural")

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        return _stored_versions(obj["status"].get("storedVersions") or [], obj["spec"])

    def prepare_for_status_update(self, obj: Object, old: Object, reader: Reader) -> None:
        new = obj["metadata"]
        kept = {name: new[name] for name in ("managedFields", "resourceVersion") if name in new}
        obj["spec"] = old["spec"]
        obj["metadata"] = {**old["metadata"], **kept}

    def begin_deletion(self, obj: Object) -> None:
        """The objects of the kind have to go first: a finalizer holds the definition until they have."""
        finalizers = obj["metadata"].setdefault("finalizers", [])
        if CLEANUP_FINALIZER not in finalizers and not obj["metadata"].get("deletionTimestamp"):
            finalizers.append(CLEANUP_FINALIZER)

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        schemas = [
            (version.get("schema") or {}).get("openAPIV3Schema") or {} for version in obj["spec"].get("versions") or ()
        ]
        names = [name for schema in schemas for name in unrecognized_formats(schema)]
        return [f'unrecognized format "{name}"' for name in dict.fromkeys(names)]

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj["metadata"].get("creationTimestamp")]


def _store_version(obj: Object) -> None:
    """The version that objects are stored in joins the ones that may still be in the store."""
    stored = obj["status"].get("storedVersions") or []
    current = next((version["name"] for version in obj["spec"].get("versions") or () if version.get("storage")), None)
    if current is not None and current not in stored:
        stored = [*stored, current]
    obj["status"]["storedVersions"] = stored


def _group(group: str) -> list[Cause]:
    if not group:
        return [required("spec.group")]
    if found := is_dns_subdomain(group):
        return problems(found, group, "spec.group")
    return [] if "." in group else [invalid("spec.group", group, "should be a domain with at least one dot")]


def _versions(spec: Spec) -> list[Cause]:
    versions = spec.get("versions") or []
    causes: list[Cause] = []
    names = [version.get("name", "") for version in versions]
    shared = _shared(versions)
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        name = names[index]
        causes += problems(is_dns1035_label(name), name, f"{path}.name")
        if index == 0:
            causes += problems(is_dns1035_label(name), name, "spec.version")
        if "deprecationWarning" in version and not version.get("deprecated"):
            text = "can only be set for deprecated versions"
            causes.append(invalid(f"{path}.deprecationWarning", version["deprecationWarning"], text))
        causes += _version_schema(
            version, path, shared="schema" in shared and index == 0, skip=index > 0 and "schema" in shared
        )
        for field, check in (
            ("additionalPrinterColumns", _printer_columns),
            ("selectableFields", _selectable_fields),
            ("subresources", _subresources),
        ):
            if version.get(field) and (field not in shared or index == 0):
                causes += check(version, f"spec.{field}" if field in shared else f"{path}.{field}")
    if len(names) != len(set(names)):
        causes.append(invalid("spec.versions", names, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        text = "must have exactly one version marked as storage version"
        causes.append(invalid("spec.versions", names, text))
    return causes


def _shared(versions: list[Spec]) -> set[str]:
    """The fields that are alike in all versions."""
    return {
        field for field in _HOISTED if all(version.get(field) == versions[0].get(field) for version in versions)
    }  # fmt: skip


def _version_schema(version: Spec, path: str, *, shared: bool, skip: bool) -> list[Cause]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    if schema is None:
        return [required(f"{path}.schema.openAPIV3Schema", "schemas are required")]
    if skip:
        return []
    at = "spec.validation.openAPIV3Schema" if shared else f"{path}.schema.openAPIV3Schema"
    return check_schema(schema, at, status_subresource="status" in (version.get("subresources") or {}))


def _printer_columns(version: Spec, field: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, column in enumerate(version["additionalPrinterColumns"]):
        path = f"{field}[{index}]"
        if not column.get("name"):
            causes.append(required(f"{path}.name"))
        kind = column.get("type", "")
        if not kind:
            causes.append(required(f"{path}.type", f"must be one of {','.join(_COLUMN_TYPES)}"))
        elif kind not in _COLUMN_TYPES:
            causes.append(invalid(f"{path}.type", kind, f"must be one of {','.join(_COLUMN_TYPES)}"))
        if column.get("format") and column["format"] not in _COLUMN_FORMATS:
            text = f"must be one of {','.join(_COLUMN_FORMATS)}"
            causes.append(invalid(f"{path}.format", column["format"], text))
        json_path = column.get("jsonPath", "")
        if not json_path:
            causes.append(required(f"{path}.JSONPath"))
        elif not _COLUMN_PATH.match(json_path):
            causes.append(invalid(f"{path}.JSONPath", json_path, "must be a JSON path, e.g. .spec.replicas"))
    return causes


def _selectable_fields(version: Spec, field: str) -> list[Cause]:
    schema = (version.get("schema") or {}).get("openAPIV3Schema") or {}
    fields = version["selectableFields"]
    causes: list[Cause] = []
    if len(fields) > 8:
        causes.append(too_many(field, len(fields), 8))
    for index, selectable in enumerate(fields):
        path, json_path = f"{field}[{index}].jsonPath", selectable.get("jsonPath", "")
        if not json_path:
            causes.append(required(path))
            continue
        found = _schema_at(schema, json_path)
        if found is None:
            causes.append(invalid(path, json_path, "is an invalid path: does not refer to a valid field"))
        elif found.get("type") not in ("string", "boolean", "integer"):
            text = (
                "must point to a field of type string, boolean or integer. "
                "Enum string fields and strings with formats are allowed."
            )
            causes.append(invalid(path, json_path, text))
        elif json_path.startswith(".metadata"):
            causes.append(invalid(path, json_path, "must not point to fields in metadata"))
    for index, json_path in unique(selectable.get("jsonPath", "") for selectable in fields):
        causes.append(duplicate(f"{field}[{index}].jsonPath", json_path))
    return causes


def _schema_at(schema: Spec, json_path: str) -> Spec | None:
    """The schema of the field that a simple path leads to."""
    if not json_path.startswith(".") or not _SIMPLE_PATH.match(json_path):
        return None
    found: Any = schema
    for name in re.findall(r"\.([A-Za-z0-9_-]+)|\['([^']+)'\]", json_path):
        found = ((found or {}).get("properties") or {}).get(name[0] or name[1])
    return found if isinstance(found, dict) else None


def _subresources(version: Spec, field: str) -> list[Cause]:
    scale = version["subresources"].get("scale")
    if scale is None:
        return []
    causes: list[Cause] = []
    for name, root, needed in (
        ("specReplicasPath", ".spec.", True), ("statusReplicasPath", ".status.", True),
        ("labelSelectorPath", "", False),
    ):  # fmt: skip
        value = scale.get(name, "")
        path = f"{field}.scale.{name}"
        if not value:
            causes += [required(path)] if needed else []
        elif not _SIMPLE_PATH.match(value) or "[" in value:
            causes.append(invalid(path, value, "should be a simple json path under .spec or .status"))
        elif not value.startswith(root or (".spec.", ".status.")):
            where = f"should be a json path under {root.rstrip('.')}" if root else (
                "should be a json path under either .spec or .status"
            )  # fmt: skip
            causes.append(invalid(path, value, where))
    return causes


def _names(names: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for field in ("plural", "singular", "kind", "listKind"):
        value = names.get(field, "")
        if not value:
            causes += [required(f"{path}.{field}")]
            continue
        mixed = field in ("kind", "listKind")
        found = is_dns1035_label(value.lower() if mixed else value)
        if mixed and found:
            found = [f"may have mixed case, but should otherwise match: {','.join(found)}"]
        causes += problems(found[:1] if mixed else found, value, f"{path}.{field}")
    for field in ("shortNames", "categories"):
        for index, value in enumerate(names.get(field) or ()):
            causes += problems(is_dns1035_label(value), value, f"{path}.{field}[{index}]")
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        text = "kind and listKind may not be the same"
        causes.append(invalid(f"{path}.listKind", names["listKind"], text))
    return causes


def _conversion(conversion: Spec, path: str) -> list[Cause]:
    strategy, webhook = conversion.get("strategy"), conversion.get("webhook")
    causes = one_of(strategy, ("None", "Webhook"), f"{path}.strategy")
    if strategy == "Webhook":
        config = (webhook or {}).get("clientConfig")
        if config is None:
            text = 'required when strategy is set to "Webhook"'
            causes.append(required(f"{path}.webhookClientConfig", text))
        else:
            causes += validate_client_config(config, f"{path}.webhookClientConfig")
        causes += _review_versions((webhook or {}).get("conversionReviewVersions"), f"{path}.conversionReviewVersions")
    elif webhook is not None:
        text = 'should not be set when strategy is not set to "Webhook"'
        causes.append(forbidden(f"{path}.webhookClientConfig", text))
    return causes


def _review_versions(versions: list[str] | None, field: str) -> list[Cause]:
    if not versions:
        return [required(field)]
    causes: list[Cause] = []
    for index, version in enumerate(versions):
        causes += problems(is_dns1035_label(version), version, f"{field}[{index}]")
    causes += [invalid(f"{field}[{index}]", version, "duplicate version") for index, version in unique(versions)]
    if not {"v1", "v1beta1"} & set(versions):
        text = "must include at least one of v1, v1beta1"
        causes.append(invalid(field, versions, text))
    return causes


def _stored_versions(stored: list[str], spec: Spec) -> list[Cause]:
    field = "status.storedVersions"
    if not stored:
        return [invalid(field, stored, "must have at least one stored version")]
    served = {version.get("name") for version in spec.get("versions") or ()}
    causes = [
        invalid(f"{field}[{index}]", name, "must appear in spec.versions")
        for index, name in enumerate(stored)
        if name not in served
    ]
    causes += [
        invalid(field, stored, f"must have the storage version {version['name']}")
        for version in spec.get("versions") or ()
        if version.get("storage") and version.get("name") not in stored
    ]
    return causes


def _approval(obj: Object) -> list[Cause]:
    """Groups of the Kubernetes community need a link to their API review."""
    group = obj["spec"].get("group", "")
    if not is_protected_group(group):
        return []
    field = f"metadata.annotations[{APPROVAL}]"
    value = (obj["metadata"].get("annotations") or {}).get(APPROVAL, "")
    if not value:
        text = "protected groups must have approval annotation"
        return [required(field, f'{text} "{APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111')]
    parts = urlsplit(value)
    if value.startswith("unapproved") or (parts.scheme and parts.netloc):
        return []
    text = (
        f'protected groups must have approval annotation "{APPROVAL}" with either a URL '
        'or a reason starting with "unapproved"'
    )
    return [invalid(field, value, text)]
