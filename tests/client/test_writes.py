import msgspec

from kubewright.client.writes import deletions
from kubewright.objects.names import GroupVersionResource, ObjectKey

CONFIG_MAPS = GroupVersionResource("", "v1", "configmaps")


def items(**uids: str) -> bytes:
    found = [{"metadata": {"name": name, "namespace": "n", "uid": uid}} for name, uid in uids.items()]
    return msgspec.json.encode({"kind": "ConfigMapList", "items": found})


def test_what_is_not_listed_any_more_is_gone_and_the_rest_is_as_listed() -> None:
    plain, held, again = deletions(CONFIG_MAPS, items(plain="1", held="2", again="3"), items(held="2", again="4"))
    assert {plain.verb, held.verb, again.verb} == {"delete"}
    assert held.key == ObjectKey("n", "held")
    assert msgspec.json.decode(held.answer)["metadata"]["uid"] == "2"
    assert msgspec.json.decode(plain.answer) == {"kind": "Status", "details": {"uid": "1"}}
    assert msgspec.json.decode(again.answer) == {"kind": "Status", "details": {"uid": "3"}}


def test_an_answer_without_objects_tells_nothing() -> None:
    assert not list(deletions(CONFIG_MAPS, b'{"kind":"Status","status":"Success"}', items(held="2")))
