"""What the modules of the collection ``kubewright.operator`` do; the action plugins there hand their arguments on.

Arguments come in as Ansible has checked them, a task's result goes out.  ``k8s`` and ``k8s_info`` take the arguments
and give the results of their namesakes in ``kubernetes.core``, the others those of ``operator_sdk.util``.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml

from kubewright.ansible.play_api import PlayAPI, Refused, Served
from kubewright.ansible.readiness import is_ready, meets_condition
from kubewright.objects.time import Duration, format_time

Args = Mapping[str, Any]
Result = dict[str, Any]

_APPLY = "application/apply-patch+yaml"
_PATCHES = {
    "merge": "application/merge-patch+json",
    "strategic-merge": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}
_LONGEST_PAUSE = 1.0
"""Seconds between looks at an object that is waited for: they go to the operator's cache and cost little."""


class ModuleFailed(Exception):
    """A task that has failed; the text is its message."""


# -- kubernetes.core


def k8s(args: Args, api: PlayAPI, *, check: bool = False) -> Result:
    """Have objects exist as described, or not exist.

    :raises ModuleFailed: the arguments describe no object, or it did not become ready in time.
    :raises Refused: the server refused something.
    """
    results: list[Result] = []
    for definition in definitions(args):
        try:
            results.append(_one(definition, args, api, check=check))
        except (Refused, ModuleFailed) as error:
            if not args.get("continue_on_error"):
                raise
            results.append({"changed": False, "error": {"msg": str(error)}})
    if len(results) == 1:
        return results[0]
    return {"changed": any(result["changed"] for result in results), "result": {"results": results}}


def definitions(args: Args) -> list[dict[str, Any]]:
    """The objects that a task describes: by a definition, or by kind and name alone.

    :raises ModuleFailed: something in them is no object.
    """
    given = args.get("resource_definition")
    if isinstance(given, str):
        try:
            given = list(yaml.load_all(given, Loader=yaml.CSafeLoader))
        except yaml.YAMLError as error:
            raise ModuleFailed(f"the definition is no YAML: {error}") from None
    found: list[dict[str, Any]] = []
    for one in given if isinstance(given, list) else [given or {}]:
        if one is None:
            continue  # an empty document
        if not isinstance(one, dict):
            raise ModuleFailed(f"a definition must be an object, not {one!r}")
        found += one.get("items") or [] if str(one.get("kind", "")).endswith("List") and "items" in one else [one]
    return [_completed(one, args) for one in found]


def _completed(definition: dict[str, Any], args: Args) -> dict[str, Any]:
    metadata = dict(definition.get("metadata") or {})
    for field in ("name", "namespace"):
        if args.get(field) and not metadata.get(field):
            metadata[field] = args[field]
    if args.get("generate_name") and not metadata.get("name"):
        metadata["generateName"] = args["generate_name"]
    full = {
        **definition,
        "apiVersion": definition.get("apiVersion") or args.get("api_version") or "v1",
        "kind": definition.get("kind") or args.get("kind"),
        "metadata": metadata,
    }
    if not full["kind"]:
        raise ModuleFailed("a definition must have a kind")
    return full


def _one(definition: dict[str, Any], args: Args, api: PlayAPI, *, check: bool) -> Result:
    served = api.served(definition["apiVersion"], definition["kind"])
    metadata = definition["metadata"]
    namespace, name = metadata.get("namespace", ""), metadata.get("name", "")
    if served.namespaced and not namespace:
        namespace = metadata["namespace"] = args.get("default_namespace") or "default"
    path = served.path(namespace, name)
    started = time.monotonic()
    query = {"dryRun": "All"} if check else {}
    if args.get("state") == "absent":
        result = _absent(path, name, args, api, query)
    else:
        result = _present(definition, served, path, args, api, query)
    if args.get("wait") and not check:
        _wait(path, args, api, gone=args.get("state") == "absent")
        result["duration"] = int(time.monotonic() - started)
        if args.get("state") != "absent":
            result["result"] = api.find(path) or result["result"]
    return result


def _present(
    definition: dict[str, Any], served: Served, path: str, args: Args, api: PlayAPI, query: dict[str, str]
) -> Result:
    name, namespace = definition["metadata"].get("name", ""), definition["metadata"].get("namespace", "")
    before = api.find(path) if name else None
    apply = args.get("apply") or args.get("server_side_apply")
    if before is None and args.get("state") == "patched":
        return {"changed": False, "result": {}, "warnings": [f"there is no {definition['kind']} {name} to be patched"]}
    if apply:
        options = args.get("server_side_apply") or {}
        force = "true" if options.get("force_conflicts", True) else "false"
        manager = options.get("field_manager") or "kubewright"
        query = {**query, "fieldManager": manager, "force": force}
        after, method = api.request("PATCH", path, definition, content_type=_APPLY, query=query), "apply"
    elif before is None:
        after, method = api.request("POST", served.path(namespace), definition, query=query), "create"
    elif args.get("force"):
        whole = {**definition, "metadata": {**definition["metadata"], "resourceVersion": _version(before)}}
        after, method = api.request("PUT", path, whole, query=query), "replace"
    else:
        after, method = _patch(definition, path, args, api, query), "patch"
    if query.get("dryRun"):
        changed = before is None or _bare(before) != _bare(after)
    else:
        changed = before is None or _version(before) != _version(after)
    return {"changed": changed, "method": method, "result": after}


def _patch(definition: dict[str, Any], path: str, args: Args, api: PlayAPI, query: dict[str, str]) -> dict[str, Any]:
    """Patch in the first of the wanted ways that the server knows for this kind."""
    ways = args.get("merge_type") or ["strategic-merge", "merge"]
    for way in ways:
        try:
            return api.request("PATCH", path, definition, content_type=_PATCHES[way], query=query)
        except Refused as refusal:
            if refusal.status != 415 or way == ways[-1]:
                raise
    raise ModuleFailed("merge_type must not be empty")


def _absent(path: str, name: str, args: Args, api: PlayAPI, query: dict[str, str]) -> Result:
    if not name:
        raise ModuleFailed("what shall be absent must have a name")
    before = api.find(path)
    if before is None:
        return {"changed": False, "method": "delete", "result": {}}
    options = {"apiVersion": "v1", "kind": "DeleteOptions", **(args.get("delete_options") or {})}
    answer = api.request("DELETE", path, options, query=query)
    return {"changed": True, "method": "delete", "result": answer}


def k8s_info(args: Args, api: PlayAPI) -> Result:
    """Look at objects.

    :raises ModuleFailed: what was waited for did not come.
    :raises Refused: the server refused to say.
    """
    try:
        served = api.served(args.get("api_version") or "v1", args["kind"])
    except Refused as refusal:
        if refusal.status == 404:
            return {"changed": False, "resources": [], "api_found": False}
        raise
    namespace, name = args.get("namespace") or "", args.get("name") or ""
    selectors = {
        "labelSelector": ",".join(args.get("label_selectors") or ()),
        "fieldSelector": ",".join(args.get("field_selectors") or ()),
    }
    query = {key: value for key, value in selectors.items() if value}

    def look() -> list[dict[str, Any]]:
        if name and not query and (namespace or not served.namespaced):
            found = api.find(served.path(namespace, name))
            return [found] if found is not None else []
        fields = [query["fieldSelector"]] if "fieldSelector" in query else []
        wanted = {**query, "fieldSelector": ",".join([*fields, f"metadata.name={name}"])} if name else query
        answer = api.request("GET", served.path(namespace), query=wanted)
        kind = {"apiVersion": answer.get("apiVersion"), "kind": str(answer.get("kind", "")).removesuffix("List")}
        return [{**kind, **item} for item in answer.get("items") or ()]

    resources = look()
    if args.get("wait"):
        condition = args.get("wait_condition")

        def done() -> bool:
            nonlocal resources
            resources = look()
            return bool(resources) and all(_is_as_waited_for(one, condition) for one in resources)

        if not _until(done, args):
            raise ModuleFailed(f"{args['kind']} {name or namespace} did not become ready in time")
    return {"changed": False, "resources": resources, "api_found": True}


def _wait(path: str, args: Args, api: PlayAPI, *, gone: bool) -> None:
    condition = args.get("wait_condition")

    def done() -> bool:
        found = api.find(path)
        if gone:
            return found is None
        return found is not None and _is_as_waited_for(found, condition)

    if not _until(done, args):
        what = "go" if gone else "become ready"
        raise ModuleFailed(f"{path.rpartition('/')[2]} did not {what} within {args.get('wait_timeout')} s")


def _is_as_waited_for(obj: dict[str, Any], condition: Args | None) -> bool:
    return meets_condition(obj, condition) if condition else is_ready(obj)


def _until(done: Callable[[], bool], args: Args) -> bool:
    """Look again and again; whether it was so in time."""
    end = time.monotonic() + (args.get("wait_timeout") or 120)
    pause = 0.05
    while not done():
        if time.monotonic() + pause > end:
            return False
        time.sleep(pause)
        pause = min(pause * 2, args.get("wait_sleep") or 5, _LONGEST_PAUSE)
    return True


def lookup(args: Args, api: PlayAPI) -> list[Any]:
    """What the lookup plugin finds: all objects that fit, none if there are none; or something about the cluster.

    :raises ModuleFailed: it is not said what to look for.
    :raises Refused: the server refused to say.
    """
    if args.get("cluster_info") == "version":
        return [api.request("GET", "/version")]
    if args.get("cluster_info") == "api_groups":
        return [[group["name"] for group in api.request("GET", "/apis")["groups"]]]
    if not args.get("kind"):
        raise ModuleFailed("say kind or cluster_info")
    selectors = {
        "label_selectors": [args["label_selector"]] if args.get("label_selector") else [],
        "field_selectors": [args["field_selector"]] if args.get("field_selector") else [],
    }
    found: list[Any] = k8s_info({**args, "name": args.get("resource_name"), **selectors}, api)["resources"]
    return found


# -- operator_sdk.util


def k8s_status(args: Args, api: PlayAPI) -> Result:
    """Merge something into the status of an object; conditions are merged by their type.

    :raises Refused: the server refused it.
    """
    served = api.served(args["api_version"], args["kind"])
    path = served.path(args.get("namespace") or "", args["name"])
    before = api.find(path)
    if before is None:
        raise ModuleFailed(f"there is no {args['kind']} {args['name']}")
    status = dict(args.get("status") or {})
    if args.get("conditions"):
        known = (before.get("status") or {}).get("conditions") or []
        status["conditions"] = list(_merged(known, args["conditions"]))
    patch: dict[str, Any] = {"status": status}
    if "conditions" in status:
        patch["metadata"] = {"resourceVersion": _version(before)}  # the list is replaced: not if somebody wrote it
    if args.get("force"):
        patch["status"] = {**dict.fromkeys(before.get("status") or {}), **status}
    after = api.request("PATCH", f"{path}/status", patch, content_type=_PATCHES["merge"])
    return {"changed": _version(before) != _version(after), "result": after}


def _merged(known: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    by_type = {condition.get("type"): condition for condition in known}
    for condition in wanted:
        condition = {name: value for name, value in condition.items() if value is not None}
        condition["status"] = str(condition.get("status", "Unknown"))
        before = by_type.get(condition.get("type"), {})
        if before.get("status") == condition["status"] and "lastTransitionTime" in before:
            condition.setdefault("lastTransitionTime", before["lastTransitionTime"])
        condition.setdefault("lastTransitionTime", format_time(dt.datetime.now(dt.UTC)))
        by_type[condition.get("type")] = condition
    return iter(by_type.values())


def k8s_event(args: Args, api: PlayAPI) -> Result:
    """Record an event about an object.

    :raises Refused: the server refused it.
    """
    involved = dict(args["involvedObject"])
    namespace = args.get("namespace") or involved.get("namespace") or "default"
    served = api.served(involved.get("apiVersion", "v1"), involved["kind"])
    found = api.find(served.path(involved.get("namespace") or namespace, involved["name"]))
    if found is not None:
        involved.setdefault("uid", found["metadata"]["uid"])
    now = dt.datetime.now(dt.UTC)
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"{args.get('name') or involved['name']}.{time.time_ns():x}", "namespace": namespace},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "type": args.get("type") or "Normal",
        "reason": args["reason"],
        "note": args["message"],
        "action": args.get("action") or "Reconcile",
        "regarding": involved,
        "reportingController": args.get("reportingController") or args.get("appName") or "kubewright",
        "reportingInstance": args.get("appName") or "kubewright",
    }
    return {
        "changed": True,
        "result": api.request("POST", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", event),
    }


def osdk_metric(args: Args, api: PlayAPI) -> Result:
    """Change a metric of the operator.

    :raises Refused: it makes no sense.
    """
    given = {name: _without_none(value) for name, value in args.items() if value is not None}
    api.count(given)
    return {"changed": True}


def requeue_after(args: Args) -> Result:
    """Ask for the next reconcile; the operator reads it off the result.

    :raises ModuleFailed: the time is no duration.
    """
    try:
        return {"changed": False, "period": str(Duration.from_plain(args["time"]))}
    except ValueError as error:
        raise ModuleFailed(str(error)) from None


def _without_none(value: Any) -> Any:
    return {name: one for name, one in value.items() if one is not None} if isinstance(value, dict) else value


def _version(obj: dict[str, Any]) -> str:
    version: str = (obj.get("metadata") or {}).get("resourceVersion", "")
    return version


def _bare(obj: dict[str, Any]) -> dict[str, Any]:
    """The object without what changes by itself."""
    metadata = {k: v for k, v in obj["metadata"].items() if k not in ("resourceVersion", "managedFields", "generation")}
    return {**obj, "metadata": metadata}
