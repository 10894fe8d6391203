"""Rules for the environment variables of a container and where their values come from.

After ``ValidateEnv`` and ``ValidateEnvFrom`` in ``pkg/apis/core/validation``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kubewright.apiserver.registry.builtin.field_references import (
    validate_key_reference,
    validate_pod_field,
    validate_resource_field,
)
from kubewright.apiserver.registry.builtin.field_rules import config_key, problems, relative_path
from kubewright.apiserver.registry.metadata_rules import is_dns_subdomain
from kubewright.objects.errors import Cause
from kubewright.objects.field_errors import invalid, not_found, required

Spec = Mapping[str, Any]

_FIELD_PATHS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_ENV_NAME = re.compile(r"[ -<>-~]+\Z")
_ENV_NAME_ERROR = (
    "a valid environment variable name must consist only of printable ASCII characters other than '=' "
    "(regex used for validation is '^[ -<>-~]+$')"
)


def validate_environment(container: Spec, path: str) -> list[Cause]:
    causes: list[Cause] = []
    for index, variable in enumerate(container.get("env") or ()):
        at = f"{path}.env[{index}]"
        name = variable.get("name", "")
        if not name:
            causes.append(required(f"{at}.name"))
        elif not _ENV_NAME.match(name):
            causes.append(invalid(f"{at}.name", name, _ENV_NAME_ERROR))
        if "valueFrom" in variable:
            causes += _value_from(variable, f"{at}.valueFrom")
    for index, source in enumerate(container.get("envFrom") or ()):
        at = f"{path}.envFrom[{index}]"
        prefix = source.get("prefix", "")
        if prefix and not _ENV_NAME.match(prefix):
            causes.append(invalid(f"{at}.prefix", prefix, _ENV_NAME_ERROR))
        given = [name for name in ("configMapRef", "secretRef") if name in source]
        if not given:
            causes.append(invalid(f"{path}.envFrom", "", "must specify one of: `configMapRef` or `secretRef`"))
        elif len(given) > 1:
            causes.append(invalid(f"{path}.envFrom", "", "may not have more than one field specified at a time"))
        for name in given:
            reference = source[name].get("name", "")
            if not reference:
                causes.append(required(f"{at}.{name}.name"))
            else:
                causes += problems(is_dns_subdomain(reference), reference, f"{at}.{name}.name")
    return causes


def _value_from(variable: Spec, path: str) -> list[Cause]:
    source = variable["valueFrom"]
    causes: list[Cause] = []
    for name, reference in source.items():
        if name in ("configMapKeyRef", "secretKeyRef"):
            causes += validate_key_reference(reference, f"{path}.{name}")
        elif name == "fieldRef":
            causes += validate_pod_field(reference, _FIELD_PATHS, f"{path}.{name}")
        elif name == "resourceFieldRef":
            causes += validate_resource_field(reference, f"{path}.{name}")
        elif name == "fileKeyRef":
            causes += _file_key(reference, f"{path}.{name}")
    if not source:
        text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        causes.append(invalid(path, "", text))
    elif variable.get("value"):
        causes.append(invalid(path, "", "may not be specified when `value` is not empty"))
    elif len(source) > 1:
        causes.append(invalid(path, "", "may not have more than one field specified at a time"))
    return causes


def _file_key(reference: Spec, path: str) -> list[Cause]:
    """A variable from a file that an earlier container wrote into a volume."""
    key, volume, file = (reference.get(name, "") for name in ("key", "volumeName", "path"))
    causes = problems(config_key(key), key, f"{path}.key") if key else [required(f"{path}.key")]
    if not volume:
        causes.append(required(f"{path}.volumeName"))
    return causes + (relative_path(file, f"{path}.path") if file else [required(f"{path}.path")])


def file_key_volumes(containers: Iterator[tuple[str, Spec]], volumes: Mapping[str, Spec]) -> list[Cause]:
    """The volumes of such files, which are empty ones of the pod itself."""
    causes: list[Cause] = []
    for path, container in containers:
        for index, variable in enumerate(container.get("env") or ()):
            reference = (variable.get("valueFrom") or {}).get("fileKeyRef")
            if reference is None:
                continue
            name, at = reference.get("volumeName", ""), f"{path}.env[{index}].valueFrom.fileKeyRef.volumeName"
            if name not in volumes:
                causes.append(not_found(at, name))
            elif "emptyDir" not in volumes[name]:
                causes.append(invalid(at, name, "referenced volume must be of type emptyDir"))
    return causes
