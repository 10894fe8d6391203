"""CustomResourceDefinitions: names, versions, columns and conversion; schemas are checked by `kubewright.schema`.

After ``k8s.io/apiextensions-apiserver/pkg/apis/apiextensions``.  Its validation sees the internal form, in which what
all versions share stands at the top of the spec: field paths follow that.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from cryptography import x509

from kubewright.apiserver.registry.builtin.admissionregistration import validate_client_config
from kubewright.apiserver.registry.builtin.base import BuiltinStrategy, fill, name_of, same
from kubewright.apiserver.registry.builtin.field_rules import one_of, problems
from kubewright.apiserver.registry.crd_status import (
    APPROVAL,
    CLEANUP_FINALIZER,
    approval,
    is_protected_group,
    is_true,
    set_condition,
)
from kubewright.apiserver.registry.deletion import current_timestamp
from kubewright.apiserver.registry.metadata_rules import immutable, is_dns1035_label, is_dns_subdomain
from kubewright.apiserver.registry.strategy import Column, Object, Reader
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import duplicate, forbidden, invalid, required, too_many
from kubewright.schema.structural import (
    FieldPathError,
    Spared,
    check_schema,
    follow,
    spared_by,
    unrecognized_formats,
)

Spec = dict[str, Any]

_COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
_COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
_HOISTED = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")
_MAX_SELECTABLE_FIELDS = 8
_REVIEWS = frozenset(("v1", "v1beta1"))
_MISSING_VERSION = (
    "missing from spec.versions; {0} was previously a storage version, and must remain in spec.versions until a "
    "storage migration ensures no data remains persisted in {0} and removes {0} from status.storedVersions"
)


class CustomResourceDefinitionStrategy(BuiltinStrategy):
    any_finalizers = True
    columns = (Column("Name", format="name"), Column("Created At", "date"))
    status = True
    allow_unconditional_update = False
    generation = True
    own_deletion = True

    def decode(self, obj: Object, unknown: list[str]) -> Object:
        decoded = super().decode(obj, unknown)
        # A field behind a feature gate (CRDObservedGenerationTracking) that is off.
        for one in (decoded["status"], *(decoded["status"].get("conditions") or ())):
            one.pop("observedGeneration", None)
        return decoded

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
        causes: list[Cause] = []
        if name_of(obj) != f"{(spec.get('names') or {}).get('plural', '')}.{spec.get('group', '')}":
            causes.append(invalid("metadata.name", name_of(obj), 'must be spec.names.plural+"."+spec.group'))
        return causes + _rules(obj, None)

    def update_rules(self, obj: Object, old: Object) -> list[Cause]:
        new, before = obj["spec"], old["spec"]
        causes = _rules(obj, old)
        if is_true(old, "Established"):
            causes += immutable(new.get("scope"), before.get("scope"), "spec.scope")
            causes += immutable(new["names"].get("kind"), before["names"].get("kind"), "spec.names.kind")
        causes += immutable(new.get("group"), before.get("group"), "spec.group")
        return causes + immutable(new["names"].get("plural"), before["names"].get("plural"), "spec.names.plural")

    def status_rules(self, obj: Object, old: Object) -> list[Cause]:
        return _names(obj["status"].get("acceptedNames") or {}, "status.acceptedNames")

    def begin_deletion(self, obj: Object, options: Object) -> bool:
        """The objects of the kind have to go first: a finalizer holds the definition until they have."""
        metadata = obj["metadata"]
        if metadata.get("deletionTimestamp"):
            return False
        # Like a namespace, and unlike other objects that are held back, a definition gets no grace period of zero.
        now = metadata["deletionTimestamp"] = current_timestamp()
        finalizers = metadata.setdefault("finalizers", [])
        if CLEANUP_FINALIZER not in finalizers:
            finalizers.append(CLEANUP_FINALIZER)
        text = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
        set_condition(obj, "Terminating", "True", "InstanceDeletionPending", text, now)
        return True

    def warnings(self, obj: Object, old: Object | None) -> list[str]:
        known = frozenset(() if old is None else _unrecognized_formats(old))
        names = dict.fromkeys(_unrecognized_formats(obj))
        return [f'unrecognized format "{name}"' for name in names if name not in known]

    def cells(self, obj: Object) -> list[Any]:
        return [name_of(obj), obj["metadata"].get("creationTimestamp")]


def _unrecognized_formats(obj: Object) -> Iterator[str]:
    for version in obj["spec"].get("versions") or ():
        yield from unrecognized_formats(_schema_of(version) or {})


def _rules(obj: Object, old: Object | None) -> list[Cause]:
    """What must hold for the spec and the status; ``old`` is what an update starts from, and may leave as it is."""
    spec, status = obj["spec"], obj.get("status") or {}
    before: Spec = old["spec"] if old is not None else {}
    names = spec.get("names") or {}
    causes = _group(spec.get("group", "")) + one_of(spec.get("scope"), ("Cluster", "Namespaced"), "spec.scope")
    causes += _versions(spec, before)
    fields = ("plural", "singular", "kind", "listKind")
    causes += [required(f"spec.names.{field}") for field in fields if not names.get(field)]
    causes += _names(names, "spec.names")
    causes += _conversion(
        spec.get("conversion") or {},
        "spec.conversion",
        any_ca=old is None or _any_ca(old),
        any_review=_only_unknown_reviews((before.get("conversion") or {}).get("webhook") or {}),
    )
    causes += _names(status.get("acceptedNames") or {}, "status.acceptedNames")
    causes += _stored_versions(status.get("storedVersions") or [], spec)
    causes += _approval(obj, old)
    if spec.get("preserveUnknownFields") and not before.get("preserveUnknownFields"):
        text = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        causes.append(invalid("spec.preserveUnknownFields", True, text))
    return causes


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
        return _joined(found, group, "spec.group")
    return [] if "." in group else [invalid("spec.group", group, "should be a domain with at least one dot")]


def _versions(spec: Spec, before: Spec) -> list[Cause]:
    """:param before: the spec that is updated, if one is."""
    versions, earlier = spec.get("versions") or [], before.get("versions") or []
    without_schema = any(_schema_of(version) is None for version in earlier)
    causes: list[Cause] = []
    names = [version.get("name", "") for version in versions]
    for index, version in enumerate(versions):
        name, path = names[index], f"spec.versions[{index}]"
        causes += _joined(is_dns1035_label(name), name, f"{path}.name")
        if index == 0 and name:
            causes += _joined(is_dns1035_label(name), name, "spec.version")
        if _schema_of(version) is None and (version.get("served") or not without_schema):
            text = "because otherwise all fields are pruned" if without_schema else "schemas are required"
            causes.append(required(f"{path}.schema.openAPIV3Schema", text))
        causes += _deprecation(version, f"{path}.deprecationWarning")
    causes += _hoisted(versions, earlier)
    if len(names) != len(set(names)):
        causes.append(invalid("spec.versions", names, "must contain unique version names"))
    if sum(bool(version.get("storage")) for version in versions) != 1:
        text = "must have exactly one version marked as storage version"
        causes.append(invalid("spec.versions", names, text))
    return causes


def _joined(found: list[str], value: str, field: str, introduction: str = "") -> list[Cause]:
    return [invalid(field, value, introduction + ",".join(found))] if found else []


def _deprecation(version: Spec, field: str) -> list[Cause]:
    text = version.get("deprecationWarning")
    if text is None:
        return []
    found: list[str] = []
    if not version.get("deprecated"):
        found = ["can only be set for deprecated versions"]
    elif not text:
        found = ["must not be an empty string"]
    elif len(text.encode()) > 256:
        found = ["must be <= 256 characters long"]
    if version.get("deprecated"):
        strange = next((index for index, char in enumerate(text) if not char.isprintable()), None)
        if strange is not None:
            where = len(text[:strange].encode())
            found.append(
                f"must only contain printable UTF-8 characters; non-printable character found at index {where}"
            )
    return problems(found, text, field)


def _hoisted(versions: list[Spec], earlier: list[Spec]) -> list[Cause]:
    """The rules of what versions have in common with each other, or each for itself.

    What is alike in all of them stands at the top in the internal form; selectable fields are only allowed where
    the schema stands.
    """
    shared = {field for field in _HOISTED if all(v.get(field) == versions[0].get(field) for v in versions)}
    spared = spared_by(schema for version in earlier if (schema := _schema_of(version)) is not None)
    known = {version.get("name"): _schema_of(version) for version in earlier}
    causes: list[Cause] = []
    for index, version in enumerate(versions):
        path = f"spec.versions[{index}]"
        if "schema" not in shared or index == 0:
            users = versions if "schema" in shared else [version]
            causes += _schema(
                version,
                "spec.validation" if "schema" in shared else f"{path}.schema",
                spared._replace(rule_costs=same(_schema_of(version), known.get(version.get("name"), {}))),
                status=any("status" in (user.get("subresources") or {}) for user in users),
            )
        for field, check in (("additionalPrinterColumns", _printer_columns), ("subresources", _subresources)):
            if version.get(field) and (field not in shared or index == 0):
                causes += check(version, f"spec.{field}" if field in shared else f"{path}.{field}")
        if version.get("selectableFields") and ("selectableFields" not in shared or index == 0):
            at_top = "selectableFields" in shared
            field = "spec.selectableFields" if at_top else f"{path}.selectableFields"
            if at_top is ("schema" in shared):
                causes += _selectable_fields(version, field)
            else:
                needed = "validations.schema is" if at_top else "version.schema.openAPIV3Schema is not"
                causes.append(invalid(field, "", f"selectableFields may only be set when {needed} included"))
    return causes


def _schema_of(version: Spec) -> Spec | None:
    return (version.get("schema") or {}).get("openAPIV3Schema")


def _schema(version: Spec, path: str, spared: Spared, *, status: bool) -> list[Cause]:
    schema = _schema_of(version)
    if schema is None:
        return []
    return check_schema(schema, f"{path}.openAPIV3Schema", status_subresource=status, spared=spared)


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
        if not column.get("jsonPath"):
            causes.append(required(f"{path}.JSONPath"))
        else:
            causes += _simple_path(column["jsonPath"], f"{path}.JSONPath")
    return causes


def _simple_path(path: str, field: str) -> list[Cause]:
    """``validateSimpleJSONPath``: what comes after the dot is not looked at."""
    return [] if path.startswith(".") else [invalid(field, path, "must be a simple json path starting with .")]


def _selectable_fields(version: Spec, field: str) -> list[Cause]:
    schema = _schema_of(version) or {}
    causes: list[Cause] = []
    seen: set[str] = set()
    for index, selectable in enumerate(version["selectableFields"]):
        path, json_path = f"{field}[{index}].jsonPath", selectable.get("jsonPath", "")
        if not json_path:
            causes.append(required(path))
            continue
        try:
            shown, found = follow(schema, json_path, brackets=False)
        except FieldPathError as error:
            causes.append(invalid(path, json_path, f"is an invalid path: {error}"))
            continue
        if shown == "metadata" or shown.startswith(("metadata.", "metadata[")):
            causes.append(invalid(path, json_path, "must not point to fields in metadata"))
        if found.get("type") not in ("string", "boolean", "integer"):
            text = (
                "must point to a field of type string, boolean or integer. "
                "Enum string fields and strings with formats are allowed."
            )
            causes.append(invalid(path, json_path, text))
        if shown in seen:
            causes.append(duplicate(path, json_path))
        seen.add(shown)
    if len(seen) > _MAX_SELECTABLE_FIELDS:
        causes.append(too_many(field, len(seen), _MAX_SELECTABLE_FIELDS))
    return causes


def _subresources(version: Spec, field: str) -> list[Cause]:
    scale = version["subresources"].get("scale")
    if scale is None:
        return []
    causes: list[Cause] = []
    for name, roots, where in (
        ("specReplicasPath", (".spec.",), "under .spec"),
        ("statusReplicasPath", (".status.",), "under .status"),
        ("labelSelectorPath", (".spec.", ".status."), "under either .spec or .status"),
    ):
        value, path = scale.get(name, ""), f"{field}.scale.{name}"
        if not value:
            causes += [] if name == "labelSelectorPath" else [required(path)]
        elif not value.startswith(roots):
            causes += _simple_path(value, path) or [invalid(path, value, f"should be a json path {where}")]
    return causes


def _names(names: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for field in ("plural", "singular"):
        if names.get(field):
            causes += _joined(is_dns1035_label(names[field]), names[field], f"{path}.{field}")
    for field in ("kind", "listKind"):
        if names.get(field):
            introduction = "may have mixed case, but should otherwise match: "
            causes += _joined(is_dns1035_label(names[field].lower()), names[field], f"{path}.{field}", introduction)
    for field in ("shortNames", "categories"):
        for index, value in enumerate(names.get(field) or ()):
            causes += _joined(is_dns1035_label(value), value, f"{path}.{field}[{index}]")
    if names.get("kind") and names.get("kind") == names.get("listKind"):
        text = "kind and listKind may not be the same"
        causes.append(invalid(f"{path}.listKind", names["listKind"], text))
    return causes


def _conversion(conversion: Spec, path: str, *, any_ca: bool, any_review: bool) -> list[Cause]:
    strategy, webhook = conversion.get("strategy"), conversion.get("webhook") or {}
    config, versions = webhook.get("clientConfig"), webhook.get("conversionReviewVersions")
    causes = one_of(strategy, ("None", "Webhook"), f"{path}.strategy")
    if strategy == "Webhook":
        if config is None:
            causes.append(required(f"{path}.webhookClientConfig", "required when strategy is set to Webhook"))
        else:
            causes += validate_client_config(config, f"{path}.webhookClientConfig")
            if config.get("caBundle") and not any_ca and not _is_ca_bundle(config["caBundle"]):
                text = "unable to load root certificates: data does not contain any valid RSA or ECDSA certificates"
                causes.append(invalid(f"{path}.webhookClientConfig.caBundle", config["caBundle"], text))
        return causes + _review_versions(versions, f"{path}.conversionReviewVersions", any_review)
    text = "should not be set when strategy is not set to Webhook"
    if config is not None:
        causes.append(forbidden(f"{path}.webhookClientConfig", text))
    if versions:
        causes.append(forbidden(f"{path}.conversionReviewVersions", text))
    return causes


def _is_ca_bundle(text: str) -> bool:
    try:
        return bool(x509.load_pem_x509_certificates(base64.b64decode(text)))
    except ValueError:
        return False


def _any_ca(old: Object) -> bool:
    """Whether a conversion webhook may have a CA bundle without a certificate: it has, or the CRD is not served yet."""
    if not is_true(old, "Established"):
        return True
    webhook = (old["spec"].get("conversion") or {}).get("webhook") or {}
    bundle = (webhook.get("clientConfig") or {}).get("caBundle") or ""
    return bool(bundle) and not _is_ca_bundle(bundle)


def _only_unknown_reviews(webhook: Spec) -> bool:
    """Whether a conversion webhook has been taken that knows no review which is sent."""
    versions = webhook.get("conversionReviewVersions") or ()
    return bool(versions) and _REVIEWS.isdisjoint(versions)


def _review_versions(versions: list[str] | None, field: str, any_review: bool) -> list[Cause]:
    if not versions:
        return [required(field)]
    causes: list[Cause] = []
    for index, version in enumerate(versions):
        if version in versions[:index]:
            causes.append(invalid(f"{field}[{index}]", version, "duplicate version"))
        else:
            causes += problems(is_dns1035_label(version), version, f"{field}[{index}]")
    if not any_review and _REVIEWS.isdisjoint(versions):
        causes.append(invalid(field, versions, "must include at least one of v1, v1beta1"))
    return causes


def _stored_versions(stored: list[str], spec: Spec) -> list[Cause]:
    field = "status.storedVersions"
    if not stored:
        return [invalid(field, stored, "must have at least one stored version")]
    served = {version.get("name") for version in spec.get("versions") or ()}
    causes = [
        invalid(f"{field}[{index}]", name, _MISSING_VERSION.format(name))
        for index, name in enumerate(stored)
        if name not in served
    ]
    causes += [
        invalid(field, stored, f"must have the storage version {version['name']}")
        for version in spec.get("versions") or ()
        if version.get("storage") and version.get("name") not in stored
    ]
    return causes


def _approval(obj: Object, old: Object | None) -> list[Cause]:
    """Groups of the Kubernetes community need a link to their API review; what was wrong before may stay."""
    if not is_protected_group(obj["spec"].get("group", "")):
        return []
    _, reason, why = approval(obj)
    if old is not None and approval(old)[1] == reason:
        return []
    field = f"metadata.annotations[{APPROVAL}]"
    match reason:
        case "MissingAnnotation":
            return [required(field, why)]
        case "InvalidAnnotation":
            return [invalid(field, obj["metadata"]["annotations"][APPROVAL], why)]
    return []
