import pytest
from tests.webhook.reviews import Widget

from kubewright.objects import to_dict
from kubewright.objects.errors import Forbidden
from kubewright.objects.meta import LabelSelector
from kubewright.webhook.declaration import (
    ServiceEndpoint,
    URLEndpoint,
    admission,
    app_of,
    configurations,
    defaulter,
    validator,
)
from kubewright.webhook.review import AdmissionRequest

SERVICE = ServiceEndpoint("system", "widget-webhook")


def change(obj: Widget) -> None: ...


def check(new: Widget) -> None: ...


def keep(request: AdmissionRequest) -> None:
    raise Forbidden("stays")


def test_a_kind_gets_controller_runtimes_paths_and_a_name_of_its_own() -> None:
    declared = validator(Widget, check)
    assert (declared.path, declared.name) == ("/validate-example-com-v1-widget", "validate.widgets.example.com")
    assert (declared.groups, declared.versions, declared.resources) == (["example.com"], ["v1"], ["widgets"])


def test_configurations_hold_every_declared_webhook() -> None:
    declared = [
        defaulter(Widget, change, reinvocation_policy="IfNeeded"),
        validator(
            Widget, check, operations=["CREATE", "DELETE"], match_conditions={"named": "object.metadata.name != ''"}
        ),
    ]
    mutating, validating = (to_dict(one) for one in configurations("widgets", declared, SERVICE, b"PEM"))
    assert (mutating["kind"], validating["kind"]) == ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
    assert mutating["metadata"] == validating["metadata"] == {"name": "widgets"}
    assert mutating["webhooks"][0]["reinvocationPolicy"] == "IfNeeded"
    assert validating["webhooks"] == [
        {
            "name": "validate.widgets.example.com",
            "clientConfig": {
                "caBundle": "UEVN",
                "service": {
                    "name": "widget-webhook",
                    "namespace": "system",
                    "path": "/validate-example-com-v1-widget",
                    "port": 443,
                },
            },
            "rules": [
                {
                    "apiGroups": ["example.com"],
                    "apiVersions": ["v1"],
                    "resources": ["widgets"],
                    "operations": ["CREATE", "DELETE"],
                    "scope": "*",
                }
            ],
            "failurePolicy": "Fail",
            "matchPolicy": "Equivalent",
            "matchConditions": [{"name": "named", "expression": "object.metadata.name != ''"}],
            "sideEffects": "None",
            "timeoutSeconds": 10,
            "admissionReviewVersions": ["v1"],
        }
    ]


def test_a_configuration_without_webhooks_is_not_made() -> None:
    [only] = configurations("widgets", [defaulter(Widget, change)], URLEndpoint("127.0.0.1", 9443))
    url = to_dict(only)["webhooks"][0]["clientConfig"]["url"]
    assert url == "https://127.0.0.1:9443/mutate-example-com-v1-widget"


def test_any_resource_can_be_guarded() -> None:
    guard = admission(
        "validate", keep, path="/keep-pods", groups=[""], resources=["pods", "pods/eviction"],
        operations=["DELETE", "CREATE"], object_selector=LabelSelector(match_labels={"keep": "yes"}),
    )  # fmt: skip
    [only] = configurations("pods", [guard], SERVICE)
    hook = to_dict(only)["webhooks"][0]
    assert hook["rules"][0]["resources"] == ["pods", "pods/eviction"]
    assert hook["objectSelector"] == {"matchLabels": {"keep": "yes"}}


def test_mistakes_are_named_when_they_are_declared() -> None:
    with pytest.raises(ValueError, match="needs three parts at least"):
        validator(Widget, check, name="short")
    with pytest.raises(ValueError, match="timeout_seconds is 60, but must be 1 to 30"):
        validator(Widget, check, timeout_seconds=60)
    with pytest.raises(ValueError, match="two webhooks want the path /validate-example-com-v1-widget"):
        app_of([validator(Widget, check), validator(Widget, check, name="other.example.com")])


def test_the_certificate_is_for_the_names_that_the_api_server_uses() -> None:
    assert SERVICE.hosts == ["widget-webhook.system.svc", "widget-webhook.system.svc.cluster.local"]
    assert URLEndpoint("10.0.0.1", 9443).hosts == ["10.0.0.1"]
