from prometheus_client.parser import text_string_to_metric_families

from kubewright.apiserver.metrics import Metrics
from kubewright.apiserver.registry.cluster import LogicalCluster
from kubewright.apiserver.request import RequestInfo
from kubewright.apiserver.storage.sqlite import SqliteStorage


async def test_answers_are_counted_by_verb_and_code_and_timed_in_cumulative_buckets() -> None:
    metrics = Metrics()
    info = RequestInfo("get", "/api/v1/namespaces/a/pods/b", True, "", "v1", "pods", namespace="a", name="b")
    for seconds in (0.003, 0.004, 0.3):
        metrics.answered(info, 200, seconds)
    storage = SqliteStorage()
    await storage.open()
    text = metrics.text(LogicalCluster(storage)).decode()
    await storage.close()
    samples = [one for family in text_string_to_metric_families(text) for one in family.samples]

    def value(name: str, **labels: str) -> float:
        [found] = [one.value for one in samples if one.name == name and labels.items() <= one.labels.items()]
        return found

    assert value("apiserver_request_total", verb="GET", resource="pods", scope="resource", code="200") == 3
    assert value("apiserver_request_duration_seconds_bucket", le="0.005") == 2
    assert value("apiserver_request_duration_seconds_bucket", le="0.4") == 3
    assert value("apiserver_request_duration_seconds_count") == 3
    assert value("apiserver_storage_objects", resource="pods") == 0
