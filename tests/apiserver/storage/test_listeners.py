from __future__ import annotations

from kubewright.apiserver.storage.listeners import Listeners
from kubewright.apiserver.storage.protocol import Change


def change(key: str, revision: int = 1) -> Change:
    return Change(revision, key, b"{}", None)


def test_each_hears_of_what_lies_below_its_prefix_in_order() -> None:
    prefixes = ("", "/registry/", "/clusters/a/registry/", "/clusters/b/registry/", "/registry/pods/")
    listeners = Listeners()
    told: dict[str, list[Change]] = {prefix: [] for prefix in prefixes}
    for prefix in prefixes:
        listeners.add(prefix, told[prefix].extend)
    listeners.tell([change("/registry/pods/a", 1), change("/registry/podtemplates/a", 2)])
    listeners.tell([change("/clusters/a/registry/pods/a", 3)])
    assert {prefix: [one.revision for one in changes] for prefix, changes in told.items()} == {
        "": [1, 2, 3],
        "/registry/": [1, 2],
        "/registry/pods/": [1],
        "/clusters/a/registry/": [3],
        "/clusters/b/registry/": [],
    }


def test_who_has_stopped_hears_nothing_and_may_stop_while_others_are_told() -> None:
    listeners, heard = Listeners(), list[str]()
    stop_second = listeners.add("/a/", lambda changes: heard.append("second"))

    def first(changes: object) -> None:
        heard.append("first")
        stop_second()
        stop_second()

    stop_first = listeners.add("/a/", first)
    listeners.tell([change("/a/x")])
    listeners.tell([change("/a/y")])
    assert heard.count("first") == 2
    assert heard.count("second") == 1
    stop_first()
    listeners.tell([change("/a/z")])
    assert len(heard) == 3
