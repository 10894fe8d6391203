"""The objects that the benchmarks use: a custom resource with a real schema, 2.6 KB of JSON each."""

from __future__ import annotations

from typing import Any

GROUP = "bench.example.com"
PLURAL = "widgets"

CRD: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{PLURAL}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "names": {"plural": PLURAL, "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [{"name": "Ready", "type": "boolean", "jsonPath": ".status.ready"}],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["image", "size"],
                                "x-kubernetes-validations": [
                                    {"rule": "self.size <= self.maxSize", "message": "size must not exceed maxSize"},
                                    {"rule": "self.ports.all(p, p.port > 0 && p.name.size() > 0)"},
                                ],
                                "properties": {
                                    "image": {"type": "string", "pattern": "^[a-z0-9./:-]+$", "maxLength": 253},
                                    "size": {"type": "integer", "minimum": 0, "maximum": 1000},
                                    "maxSize": {"type": "integer", "default": 1000},
                                    "tier": {"type": "string", "enum": ["gold", "silver", "bronze"], "default": "gold"},
                                    "ports": {
                                        "type": "array",
                                        "maxItems": 16,
                                        "x-kubernetes-list-type": "map",
                                        "x-kubernetes-list-map-keys": ["name"],
                                        "items": {
                                            "type": "object",
                                            "required": ["name", "port"],
                                            "properties": {
                                                "name": {"type": "string", "maxLength": 63},
                                                "port": {"type": "integer", "minimum": 1, "maximum": 65535},
                                                "protocol": {"type": "string", "default": "TCP"},
                                            },
                                        },
                                    },
                                    "settings": {
                                        "type": "object",
                                        "maxProperties": 64,
                                        "additionalProperties": {"type": "string", "maxLength": 200},
                                    },
                                    "notes": {"type": "array", "maxItems": 32, "items": {"type": "string"}},
                                },
                            },
                            "status": {
                                "type": "object",
                                "properties": {
                                    "ready": {"type": "boolean"},
                                    "observedGeneration": {"type": "integer"},
                                    "message": {"type": "string"},
                                },
                            },
                        },
                    }
                },
            }
        ],
    },
}


def widget(number: int, *, namespace: str = "default") -> dict[str, Any]:
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "Widget",
        "metadata": {
            "name": f"widget-{number:05}",
            "namespace": namespace,
            "labels": {"app.kubernetes.io/name": "widget", "app.kubernetes.io/part-of": f"group-{number % 10}"},
            "annotations": {"bench.example.com/owner": f"team-{number % 7}"},
        },
        "spec": {
            "image": f"registry.example.com/team-{number % 7}/widget:1.{number}",
            "size": number % 100,
            "tier": ("gold", "silver", "bronze")[number % 3],
            "ports": [{"name": f"port-{one}", "port": 8000 + one} for one in range(5)],
            "settings": {
                f"setting-{one}": f"value {number} of setting {one}, told in a few more words than needed"
                for one in range(24)
            },
            "notes": [f"note {one} about widget {number}: nothing out of the ordinary happened" for one in range(6)],
        },
    }
