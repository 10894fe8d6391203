"""Server-side apply and ownership, case by case as kube-apiserver 1.36 answered them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from kubewright.apiserver.apply import FieldManager, FieldSet, fieldset, keep_times, reset_fields
from kubewright.apiserver.registry.builtin import definition_name, definitions
from kubewright.objects.errors import APIError, BadRequest, Conflict
from kubewright.objects.names import GroupVersionKind
from kubewright.schema.node import Node

Object = dict[str, Any]

CONFIG_MAP = GroupVersionKind("", "v1", "ConfigMap")
DEPLOYMENT = GroupVersionKind("apps", "v1", "Deployment")
SERVICE = GroupVersionKind("", "v1", "Service")
WIDGET = GroupVersionKind("example.com", "v1", "Widget")

METADATA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
WIDGET_SCHEMA: Object = {
    "type": "object",
    "properties": {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": METADATA,
        "spec": {
            "type": "object",
            "properties": {
                "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                "map": {
                    "type": "array",
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name", "proto"],
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "proto": {"type": "string", "default": "TCP"},
                            "v": {"type": "integer"},
                        },
                    },
                },
                "plain": {"type": "array", "items": {"type": "string"}},
                "am": {
                    "type": "object",
                    "x-kubernetes-map-type": "atomic",
                    "additionalProperties": {"type": "string"},
                },
                "gm": {"type": "object", "additionalProperties": {"type": "string"}},
                "any": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
            },
        },
        "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}


class Store:
    """One stored object and the endpoint that writes it; time goes on by a second with every write."""

    def __init__(self, gvk: GroupVersionKind, node: Node | None = None, **settings: Any) -> None:
        self.gvk = gvk
        self.fields = FieldManager(node or definitions()[definition_name(gvk)], gvk, **settings)
        self.live: Object | None = None
        self.clock = 0

    def now(self) -> str:
        self.clock += 1
        return f"2030-01-01T00:00:{self.clock:02}Z"

    def config(self, body: Object) -> Object:
        metadata = {"name": "a", **body.pop("metadata", {})}
        return {"apiVersion": self.gvk.api_version, "kind": self.gvk.kind, "metadata": metadata, **body}

    def apply(self, manager: str, *, force: bool = False, **body: Any) -> Object:
        new = self.fields.apply(self.live, self.config(body), manager=manager, force=force, now=self.now())
        if self.live is not None and new is not self.live:
            keep_times(self.live, new)
        self.live = new
        return new

    def update(self, manager: str, **body: Any) -> Object:
        new = self.config(body)
        self.fields.record_update(self.live, new, manager=manager, now=self.now())
        self.live = new
        return new

    def owners(self) -> dict[str, FieldSet]:
        assert self.live is not None
        entries = self.live["metadata"].get("managedFields", [])
        return {f"{entry['manager']} {entry['operation']}": entry["fieldsV1"] for entry in entries}

    def times(self) -> dict[str, str | None]:
        assert self.live is not None
        return {entry["manager"]: entry.get("time") for entry in self.live["metadata"]["managedFields"]}


@pytest.fixture
def config_map() -> Store:
    return Store(CONFIG_MAP)


@pytest.fixture
def widget() -> Store:
    return Store(WIDGET, Node(WIDGET_SCHEMA), reset={"f:status": {}})


def test_apply_creates_and_owns_what_it_set(config_map: Store) -> None:
    created = config_map.apply("one", data={"k": "1", "l": "1"})
    assert created["metadata"]["managedFields"] == [
        {
            "manager": "one",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": "2030-01-01T00:00:01Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:k": {}, "f:l": {}}},
        }
    ]


def test_fields_left_out_are_removed(config_map: Store) -> None:
    config_map.apply("one", data={"k": "1", "l": "2"})
    assert config_map.apply("one", data={"n": "1"}, metadata={"labels": {"x": "y"}})["data"] == {"n": "1"}
    assert config_map.owners() == {"one Apply": {"f:data": {"f:n": {}}, "f:metadata": {"f:labels": {"f:x": {}}}}}
    last = config_map.apply("one")
    assert "data" not in last
    assert last["metadata"] == {"name": "a"}


def test_fields_that_an_updater_owns_too_stay(config_map: Store) -> None:
    config_map.update("creator", data={"k": "1", "l": "1"})
    config_map.apply("one", data={"k": "1", "l": "1"})
    config_map.update("editor", data={"k": "2", "l": "1"})
    config_map.apply("one", force=True, data={"k": "3"})
    assert config_map.apply("one", metadata={"labels": {"x": "y"}})["data"] == {"l": "1"}


def test_who_owned_parts_of_what_is_a_whole_now_owns_the_whole(widget: Store) -> None:
    widget.apply("one", spec={"gm": {"a": "1"}, "set": ["x"], "plain": ["p"]})
    widget.apply("two", spec={"gm": {"b": "2"}, "set": ["y"]})
    schema = copy.deepcopy(WIDGET_SCHEMA)
    spec = schema["properties"]["spec"]["properties"]
    spec["gm"]["x-kubernetes-map-type"] = "atomic"
    spec["set"]["x-kubernetes-list-type"] = "atomic"
    spec["plain"]["x-kubernetes-list-type"] = "set"
    widget.fields = FieldManager(Node(schema), WIDGET, reset={"f:status": {}})
    with pytest.raises(Conflict) as conflict:
        widget.apply("one", spec={"gm": {"a": "1"}, "set": ["x"], "plain": ["p"]})
    assert [cause.field for cause in conflict.value.causes] == [".spec.gm", ".spec.set"]
    widget.update("three", spec={"gm": {"a": "1", "b": "2"}, "set": ["x", "y"], "plain": ["p", "q"]})
    assert widget.owners() == {
        "one Apply": {"f:spec": {"f:gm": {}, "f:plain": {}, "f:set": {}}},
        "two Apply": {"f:spec": {"f:gm": {}, "f:set": {}}},
        "three Update": {"f:spec": {"f:plain": {'v:"q"': {}}}},
    }


def test_another_managers_value_is_a_conflict(config_map: Store) -> None:
    config_map.apply("one", data={"k": "1", "l": "1"})
    with pytest.raises(Conflict) as both:
        config_map.apply("two", data={"k": "2", "l": "2"})
    assert both.value.message == 'Apply failed with 2 conflicts: conflicts with "one":\n- .data.k\n- .data.l'
    with pytest.raises(Conflict) as one:
        config_map.apply("two", data={"k": "2"})
    assert one.value.status() == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'Apply failed with 1 conflict: conflict with "one": .data.k',
        "reason": "Conflict",
        "details": {
            "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "one"', "field": ".data.k"}]
        },
        "code": 409,
    }


def test_same_value_is_shared_and_force_takes_over(config_map: Store) -> None:
    config_map.apply("one", data={"k": "1", "l": "1"})
    config_map.apply("two", data={"k": "1"})
    assert config_map.times() == {"one": "2030-01-01T00:00:01Z", "two": None}
    config_map.apply("two", data={"k": "2"}, force=True)
    assert config_map.owners() == {"one Apply": {"f:data": {"f:l": {}}}, "two Apply": {"f:data": {"f:k": {}}}}
    before = config_map.live
    assert config_map.apply("one", data={"l": "1"}) is before
    assert config_map.apply("two", data={})["data"] == {"l": "1"}
    assert config_map.owners()["two Apply"] == {"f:data": {}}


def test_updates_own_what_they_change(config_map: Store) -> None:
    config_map.update("creator", data={"k": "1", "l": "1"})
    config_map.update("patcher", data={"k": "2", "l": "1"})
    assert config_map.owners() == {
        "creator Update": {"f:data": {".": {}, "f:l": {}}},
        "patcher Update": {"f:data": {"f:k": {}}},
    }
    with pytest.raises(Conflict, match=r'conflict with "patcher" using v1: \.data\.k'):
        config_map.apply("m1", data={"k": "3"})
    config_map.apply("m1", data={"l": "1"})
    config_map.update("putter", data={"l": "9"})
    assert config_map.owners() == {"creator Update": {"f:data": {}}, "putter Update": {"f:data": {"f:l": {}}}}


def test_creating_metadata_is_owned_without_what_the_server_sets(config_map: Store) -> None:
    references = [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u-1"}]
    config_map.update(
        "tool",
        metadata={"uid": "1", "generation": 1, "finalizers": ["example.com/f"], "ownerReferences": references},
    )
    assert config_map.owners() == {
        "tool Update": {
            "f:metadata": {
                "f:finalizers": {".": {}, 'v:"example.com/f"': {}},
                "f:ownerReferences": {".": {}, 'k:{"uid":"u-1"}': {}},
            }
        }
    }


@pytest.mark.parametrize("empty", [[], [{}]])
def test_clearing_managed_fields_ends_tracking_until_the_next_apply(config_map: Store, empty: list[Object]) -> None:
    config_map.update("tool", data={"k": "1"})
    config_map.update("tool", data={"k": "1"}, metadata={"managedFields": empty})
    assert config_map.owners() == {}
    config_map.update("late", data={"k": "2"})
    assert config_map.owners() == {}
    config_map.apply("one", data={"l": "1"})
    assert config_map.owners() == {
        "before-first-apply Update": {"f:data": {".": {}, "f:k": {}}},
        "one Apply": {"f:data": {"f:l": {}}},
    }


def test_an_update_without_managed_fields_keeps_those_of_the_object(config_map: Store) -> None:
    config_map.apply("one", data={"k": "1"})
    config_map.update("two", data={"k": "1"}, metadata={"managedFields": [{"manager": "x", "operation": "Bad"}]})
    assert config_map.owners() == {"one Apply": {"f:data": {"f:k": {}}}}


def test_many_updaters_are_merged_into_ancient_changes(config_map: Store) -> None:
    data: dict[str, str] = {}
    for number in range(13):
        data[f"k{number}"] = "v"
        config_map.update(f"m{number}", data=dict(data))
    owners = config_map.owners()
    assert len(owners) == 10
    assert owners["ancient-changes Update"] == {"f:data": {".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {}, "f:k3": {}}}


def test_list_types_of_a_custom_resource(widget: Store) -> None:
    spec = {"set": ["a"], "map": [{"name": "x", "v": 1}], "plain": ["1"], "am": {"a": "1"}, "gm": {"a": "1"}}
    widget.apply("one", spec=spec)
    key_x = 'k:{"name":"x","proto":"TCP"}'
    assert widget.owners()["one Apply"] == {
        "f:spec": {
            "f:am": {},
            "f:gm": {"f:a": {}},
            "f:map": {key_x: {".": {}, "f:name": {}, "f:v": {}}},
            "f:plain": {},
            "f:set": {'v:"a"': {}},
        }
    }
    widget.apply("two", spec={"set": ["b"], "map": [{"name": "x", "proto": "UDP", "v": 2}], "gm": {"b": "2"}})
    assert widget.live is not None
    assert widget.live["spec"]["set"] == ["a", "b"]
    assert widget.live["spec"]["gm"] == {"a": "1", "b": "2"}
    for body, path in (
        ({"plain": ["1", "2"]}, ".spec.plain"),
        ({"am": {"b": "2"}}, ".spec.am"),
        ({"map": [{"name": "x", "v": 9}]}, '.spec.map[name="x",proto="TCP"].v'),
    ):
        with pytest.raises(Conflict) as conflict:
            widget.apply("two", spec=body)
        assert [cause.field for cause in conflict.value.causes] == [path]
    pruned = widget.apply("one", spec={"set": ["a"]})
    assert pruned["spec"] == {
        "set": ["a", "b"],
        "map": [{"name": "x", "proto": "UDP", "v": 2}],
        "gm": {"b": "2"},
    }
    assert widget.apply("two", spec={})["spec"] == {"set": ["a"]}
    assert widget.owners() == {"one Apply": {"f:spec": {"f:set": {'v:"a"': {}}}}, "two Apply": {"f:spec": {}}}


def test_without_a_schema_objects_are_granular_and_lists_atomic(widget: Store) -> None:
    widget.apply("one", spec={"any": {"o": {"x": 1}, "l": [1, 2]}})
    assert widget.owners()["one Apply"] == {"f:spec": {"f:any": {"f:l": {}, "f:o": {".": {}, "f:x": {}}}}}
    widget.apply("two", spec={"any": {"o": {"y": 2}}})
    with pytest.raises(Conflict, match=r"\.spec\.any\.l"):
        widget.apply("two", spec={"any": {"l": [1]}})
    assert widget.apply("one", spec={"any": {"o": {"x": 1}}})["spec"] == {"any": {"o": {"x": 1, "y": 2}}}
    assert widget.apply("two", spec={})["spec"] == {"any": {"o": {"x": 1}}}


def test_what_the_endpoint_resets_is_never_owned(widget: Store) -> None:
    widget.update("tool", spec={"gm": {}}, status={"phase": "New"})
    assert widget.owners() == {"tool Update": {"f:spec": {".": {}, "f:gm": {}}}}


def test_containers_are_merged_by_name_and_ports_by_number_and_default_protocol() -> None:
    deployment = Store(DEPLOYMENT)
    template = {"spec": {"containers": [{"name": "c", "image": "nginx", "ports": [{"containerPort": 80}]}]}}
    deployment.apply("base", spec={"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template})
    deployment.apply("side", spec={"template": {"spec": {"containers": [{"name": "side", "image": "s"}]}}})
    assert deployment.live is not None
    assert [c["name"] for c in deployment.live["spec"]["template"]["spec"]["containers"]] == ["c", "side"]
    ports = 'k:{"containerPort":80,"protocol":"TCP"}'
    assert deployment.owners()["base Apply"]["f:spec"] == {
        "f:replicas": {},
        "f:selector": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"c"}': {
                        ".": {},
                        "f:image": {},
                        "f:name": {},
                        "f:ports": {ports: {".": {}, "f:containerPort": {}}},
                    }
                }
            }
        },
    }
    with pytest.raises(Conflict, match=r'\.spec\.template\.spec\.containers\[name="c"\]\.image'):
        deployment.apply("side", spec={"template": {"spec": {"containers": [{"name": "c", "image": "x"}]}}})
    deployment.apply("side", spec={})
    assert [c["name"] for c in deployment.live["spec"]["template"]["spec"]["containers"]] == ["c"]
    assert deployment.owners()["side Apply"] == {"f:spec": {}}


def test_structs_that_go_always_prints_are_owned_by_no_one() -> None:
    template: Object = {"metadata": {}, "spec": {"containers": None}}
    empty = {"metadata": {}, "spec": {"selector": None, "strategy": {}, "template": template}, "status": {}}
    deployment = Store(DEPLOYMENT, empty=empty, reset=reset_fields("apps", "deployments", "", has_status=True))
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "resources": {}}]}}
    spec = {"replicas": 1, "strategy": {"rollingUpdate": {"maxSurge": 1}}, "template": template, "selector": {}}
    deployment.update("kubectl", spec=spec, status={"replicas": 1})
    assert deployment.owners()["kubectl Update"]["f:spec"] == {
        "f:replicas": {},
        "f:selector": {},
        "f:strategy": {"f:rollingUpdate": {".": {}, "f:maxSurge": {}}},
        "f:template": {
            "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
            "f:spec": {"f:containers": {'k:{"name":"c"}': {".": {}, "f:name": {}, "f:resources": {}}}},
        },
    }


def test_whoever_writes_the_status_of_a_custom_resource_owns_metadata_but_no_spec() -> None:
    reset = reset_fields("example.com", "widgets", "status", has_status=True)
    assert reset == {"f:spec": {}}


@pytest.mark.parametrize(
    ("subresource", "status"), [("", {}), ("status", {"f:conditions": {}}), ("approval", {"f:certificate": {}})]
)
def test_whoever_writes_a_certificate_request_owns_what_the_endpoint_is_for(subresource: str, status: object) -> None:
    reset = reset_fields("certificates.k8s.io", "certificatesigningrequests", subresource, has_status=True)
    assert reset == {"f:spec": {}, "f:status": status}


def test_status_is_applied_through_its_subresource() -> None:
    reset = reset_fields("apps", "deployments", "status", has_status=True)
    deployment = Store(DEPLOYMENT, subresource="status", reset=reset)
    deployment.live = deployment.config({})
    deployment.apply("ctl", spec={"replicas": 3}, status={"replicas": 2, "conditions": [{"type": "Ready"}]})
    assert deployment.owners()["ctl Apply"] == {
        "f:status": {"f:conditions": {'k:{"type":"Ready"}': {".": {}, "f:type": {}}}, "f:replicas": {}}
    }
    with pytest.raises(Conflict, match=r'conflict with "ctl" with subresource "status": \.status\.replicas'):
        deployment.apply("ctl2", status={"replicas": 3})


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"data": {"k": 1}}, r": \.data\.k: expected string, got &value\.valueUnstructured{Value:1}"),
        ({"data": []}, r"\.data: expected map, got &{\[]}"),
        ({"immutable": 1}, r"\.immutable: expected boolean, got &{1}"),
        ({"metadata": {"generation": "1"}}, r"\.generation: expected numeric \(int or float\), got string"),
        ({"dta": {}}, r"\.dta: field not declared in schema"),
        ({"metadata": {"finalizers": ["a", "a"]}}, "duplicate entries for key"),
        ({"metadata": {"ownerReferences": [{"name": "x"}]}}, "omits key field"),
        (
            {"dta": {}, "data": {"a": 1, "b": [], "c": ""}, "metadata": {"finalizers": ["a", "a", {}, "a"]}},
            r"""Kind=ConfigMap\): errors:
  \.data\.a: expected string, got .*
  \.data\.b: expected string, got .*
  \.dta: field not declared in schema
  \.metadata\.finalizers: duplicate entries for key \[="a"\]
  \.metadata\.finalizers: element 2: associative list .*\Z""",
        ),
    ],
)
def test_a_configuration_that_does_not_fit_the_schema_is_an_error(config_map: Store, body: Object, text: str) -> None:
    with pytest.raises(APIError, match=text) as error:
        config_map.apply("one", **body)
    assert error.value.status_code == 500


def test_a_configuration_of_another_kind_or_with_managed_fields_is_refused(config_map: Store) -> None:
    with pytest.raises(BadRequest, match=r"metadata\.managedFields must be nil"):
        config_map.apply("one", metadata={"managedFields": []})
    for wrong, shown in (
        ({"kind": "Secret"}, "/v1, Kind=Secret"),
        ({"apiVersion": "a/v2"}, "a/v2, Kind=ConfigMap"),
        ({"kind": None}, "/v1, Kind="),
    ):
        with pytest.raises(BadRequest, match=f"invalid object type: {shown}\\Z"):
            config_map.apply("one", **wrong)


def test_applying_from_kubectl_takes_over_its_client_side_apply(config_map: Store) -> None:
    annotation = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"1"}}'
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": annotation}
    config_map.update("kubectl-client-side-apply", data={"k": "1", "l": "1"}, metadata={"annotations": annotations})
    with pytest.raises(Conflict, match=r"1 conflict.*\.data\.l"):
        config_map.apply("kubectl", data={"k": "2", "l": "2"})
    new = config_map.apply("kubectl", data={"k": "2"})
    assert new["data"] == {"k": "2", "l": "1"}
    kept = new["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert kept == '{"apiVersion":"v1","data":{"k":"2"},"kind":"ConfigMap","metadata":{"name":"a"}}\n'


def test_sets_are_recorded_in_order_whatever_the_order_of_the_object(widget: Store) -> None:
    items = [{"v": 1, "proto": "UDP", "name": name} for name in ("c", "a", "b")]
    first: Object = {"set": ["y", "x"], "map": items, "gm": {"d": "1", "c": "1"}, "any": {"z": {"w": 1, "v": 2}}}
    second: Object = {**first, "set": ["z", "y", "x", "a"], "plain": ["p"], "am": {"x": "1"}}
    applied: Object = {"map": [{"name": "z"}, *items], "gm": {"e": "1", "a": "2"}, "any": {"b": 1, "a": 1}}
    third: Object = {**second, "gm": {"q": "1", "c": "2", "b": "1"}, "set": ["m", "l"]}
    writes: list[Callable[[], Object]] = [
        lambda: widget.update("one", spec=first, metadata={"labels": {"b": "1", "a": "1"}}),
        lambda: widget.update("two", spec=second),
        lambda: widget.apply("three", spec=applied),
        lambda: widget.update("two", spec=third),
    ]
    for write in writes:
        write()
        for fields in widget.owners().values():
            assert msgspec.json.encode(fields) == msgspec.json.encode(fieldset.ordered(fields))


def test_an_apply_leaves_the_live_object_and_the_configuration_as_they_are(config_map: Store) -> None:
    live = copy.deepcopy(config_map.apply("one", data={"k": "1"}, metadata={"labels": {"x": "y"}}))
    config = config_map.config({"data": {"k": "2"}, "metadata": {"labels": {"z": "y"}}})
    before = copy.deepcopy((live, config))
    config_map.fields.apply(live, config, manager="one", force=False, now="2026-01-01T00:00:00Z")
    assert (live, config) == before


def test_items_that_cannot_be_told_apart_are_not_tracked(widget: Store) -> None:
    widget.apply("one", spec={"set": ["a"]})
    widget.update("two", spec={"set": [{"no": "scalar"}]})
    assert widget.owners() == {"one Apply": {"f:spec": {"f:set": {'v:"a"': {}}}}}
    with pytest.raises(APIError, match="failed to merge config"):
        widget.apply("one", spec={"set": ["b"]})


class Renamed:
    """A second version, in which ``spec.gm`` is called ``spec.am``."""

    def node(self, api_version: str) -> Node | None:
        return Node(WIDGET_SCHEMA) if api_version == "example.com/v0" else None

    def convert(self, obj: Object, api_version: str) -> Object:
        old, new = ("gm", "am") if api_version.endswith("v0") else ("am", "gm")
        spec = {new if name == old else name: value for name, value in obj.get("spec", {}).items()}
        return {**obj, "apiVersion": api_version, "spec": spec}


def test_managers_keep_their_fields_across_versions() -> None:
    node = Node(WIDGET_SCHEMA)
    others = Renamed()
    widget = Store(WIDGET, node, others=others)
    old = FieldManager(node, GroupVersionKind("example.com", "v0", "Widget"), others=others)
    config = {"apiVersion": "example.com/v0", "kind": "Widget", "metadata": {"name": "a"}}
    stored = old.apply(None, {**config, "spec": {"am": {"k": "1"}}}, manager="old", force=False, now="t")
    widget.live = others.convert(stored, "example.com/v1")
    with pytest.raises(Conflict) as conflict:
        widget.apply("new", spec={"gm": {"k": "2"}})
    assert conflict.value.causes[0].field == ".spec.am"
    widget.apply("old", spec={"plain": ["x"]})
    assert widget.live["spec"] == {"plain": ["x"]}
    assert widget.owners() == {"old Apply": {"f:spec": {"f:plain": {}}}}


def test_nobody_owns_the_fields_of_an_object_that_does_not_fit_its_schema() -> None:
    new: Object = {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "a"}, "spec": {"map": [{}]}}
    FieldManager(Node(WIDGET_SCHEMA), WIDGET).record_update(None, new, manager="m", now="2026-01-01T00:00:00Z")
    assert "managedFields" not in new["metadata"]
