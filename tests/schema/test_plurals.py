import pytest

from kubewright.schema.plurals import pluralize

PLURALS = {
    "website": "websites",
    "policy": "policies",
    "gateway": "gateways",
    "ingress": "ingresses",
    "status": "statuses",
    "index": "indices",
    "proxy": "proxies",
    "mailbox": "mailboxes",
    "patch": "patches",
    "database": "databases",
    "memcached": "memcacheds",
    "analysis": "analyses",
    "person": "people",
    "datum": "data",
    "scenario": "scenarios",
    "repo": "repoes",
    "leaf": "leafs",
    "knife": "knives",
    "shelf": "shelves",
    "bus": "buses",
    "redis": "redis",
    "kafkas": "kafkas",
    "series": "series",
    "quiz": "quizzes",
    "children": "children",
    "DNS": "dnses",
    "WebAPI": "webapis",
    "HTTPRoute": "httproutes",
    "NetworkPolicy": "networkpolicies",
    "UserPhoto": "userphotos",
    "TestQuiz": "testquizzes",
    "IPAddress": "ipaddresses",
}


@pytest.mark.parametrize("noun", PLURALS)
def test_plurals_are_those_of_controller_gen(noun: str) -> None:
    assert pluralize(noun) == PLURALS[noun]
