"""Python twins of well-known CRDs give the schema that their Go originals publish."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from msgspec import field
from tests.serving import api_server

from kubewright.objects import Condition, Duration, IntOrString, Time, to_dict
from kubewright.objects.batch_v1 import JobTemplateSpec
from kubewright.objects.core_v1 import ObjectReference
from kubewright.schema import Column, Int32, Int64, Meta, Resource, Spec, Status, custom_resource
from kubewright.schema.crd import AnyResource, crd

GOLDENS = Path(__file__).parent / "goldens"


class MemcachedSpec(Spec):
    size: Annotated[Int32 | None, Meta(ge=1, le=3)] = None


class MemcachedStatus(Status):
    conditions: list[Condition] = []


@custom_resource(group="cache.example.com", version="v1alpha1")
class Memcached(Resource[MemcachedSpec, MemcachedStatus]): ...


class GuestbookSpec(Spec):
    size: Annotated[Int32, Meta(ge=1, le=10)]
    config_map_name: Annotated[str, Meta(min_length=1, max_length=15)]
    alias: Literal["Phone", "Address", "Name"] | None = None


class GuestbookStatus(Status):
    active: Annotated[str, Meta(required=True)] = ""
    standby: Annotated[list[str], Meta(required=True)] = []


@custom_resource(group="webapp.my.domain", version="v1", namespaced=False)
class Guestbook(Resource[GuestbookSpec | None, GuestbookStatus]): ...


class CronJobSpec(Spec):
    schedule: Annotated[str, Meta(min_length=0)]
    starting_deadline_seconds: Annotated[Int64 | None, Meta(ge=0)] = None
    concurrency_policy: Literal["Allow", "Forbid", "Replace"] = "Allow"
    suspend: bool | None = None
    job_template: JobTemplateSpec
    successful_jobs_history_limit: Annotated[Int32 | None, Meta(ge=0)] = None
    failed_jobs_history_limit: Annotated[Int32 | None, Meta(ge=0)] = None


class CronJobStatus(Status):
    active: Annotated[list[ObjectReference], Meta(list_type="atomic", min_length=1, max_length=10)] = []
    last_schedule_time: Time | None = None


@custom_resource(group="batch.tutorial.kubebuilder.io", version="v1")
class CronJob(Resource[CronJobSpec, CronJobStatus]): ...


PrometheusDuration = Annotated[
    str,
    Meta(
        pattern="^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$",
    ),
]


class PrometheusRuleEntry(Spec, rename=None):
    record: str | None = None
    alert: str | None = None
    expr: IntOrString
    for_: PrometheusDuration | None = field(default=None, name="for")
    keep_firing_for: Annotated[PrometheusDuration | None, Meta(min_length=1)] = None
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class RuleGroup(Spec, rename=None):
    name: Annotated[str, Meta(min_length=1)]
    labels: dict[str, str] = {}
    interval: PrometheusDuration | None = None
    query_offset: PrometheusDuration | None = None
    rules: list[PrometheusRuleEntry] = []
    partial_response_strategy: Annotated[str | None, Meta(pattern="^(?i)(abort|warn)?$")] = None
    limit: int | None = None


class PrometheusRuleSpec(Spec):
    groups: Annotated[list[RuleGroup], Meta(list_map_keys=["name"])] = []


@custom_resource(
    group="monitoring.coreos.com", version="v1", categories=["prometheus-operator"], short_names=["promrule"]
)
class PrometheusRule(Resource[PrometheusRuleSpec, None]): ...


Strings = Annotated[list[str], Meta(list_type="atomic")]
KeyUsage = Literal[
    "signing",
    "digital signature",
    "content commitment",
    "key encipherment",
    "key agreement",
    "data encipherment",
    "cert sign",
    "crl sign",
    "encipher only",
    "decipher only",
    "any",
    "server auth",
    "client auth",
    "code signing",
    "email protection",
    "s/mime",
    "ipsec end system",
    "ipsec tunnel",
    "ipsec user",
    "timestamping",
    "ocsp signing",
    "microsoft sgc",
    "netscape sgc",
]


class OutputFormat(Spec):
    type: Literal["DER", "CombinedPEM"]


class IssuerReference(Spec):
    name: str
    kind: str | None = None
    group: str | None = None


class SecretKeySelector(Spec):
    name: str
    key: str | None = None


class JKSKeystore(Spec):
    create: bool
    alias: str | None = None
    password_secret_ref: SecretKeySelector | None = None
    password: str | None = None


class PKCS12Keystore(Spec):
    create: bool
    profile: Literal["LegacyRC2", "LegacyDES", "Modern2023"] | None = None
    password_secret_ref: SecretKeySelector | None = None
    password: str | None = None


class Keystores(Spec):
    jks: JKSKeystore | None = None
    pkcs12: PKCS12Keystore | None = None


class NameConstraintItem(Spec):
    dns_domains: Strings = []
    ip_ranges: Strings = []
    email_addresses: Strings = []
    uri_domains: Strings = []


class NameConstraints(Spec):
    critical: bool | None = None
    permitted: NameConstraintItem | None = None
    excluded: NameConstraintItem | None = None


class OtherName(Spec):
    oid: str | None = None
    utf8_value: str | None = None


class PrivateKey(Spec):
    rotation_policy: Literal["Never", "Always"] | None = None
    encoding: Literal["PKCS1", "PKCS8"] | None = None
    algorithm: Literal["RSA", "ECDSA", "Ed25519"] | None = None
    size: int | None = None


class SecretTemplate(Spec):
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}


class Subject(Spec):
    organizations: Strings = []
    countries: Strings = []
    organizational_units: Strings = []
    localities: Strings = []
    provinces: Strings = []
    street_addresses: Strings = []
    postal_codes: Strings = []
    serial_number: str | None = None


class CertificateSpec(Spec):
    subject: Subject | None = None
    literal_subject: str | None = None
    common_name: str | None = None
    duration: Duration | None = None
    renew_before: Duration | None = None
    renew_before_percentage: Int32 | None = None
    dns_names: Strings = []
    ip_addresses: Strings = []
    uris: Strings = []
    other_names: Annotated[list[OtherName], Meta(list_type="atomic")] = []
    email_addresses: Strings = []
    secret_name: str
    secret_template: SecretTemplate | None = None
    keystores: Keystores | None = None
    issuer_ref: IssuerReference
    is_ca: bool | None = field(default=None, name="isCA")
    usages: Annotated[list[KeyUsage], Meta(list_type="atomic")] = []
    private_key: PrivateKey | None = None
    signature_algorithm: (
        Literal[
            "SHA256WithRSA",
            "SHA384WithRSA",
            "SHA512WithRSA",
            "ECDSAWithSHA256",
            "ECDSAWithSHA384",
            "ECDSAWithSHA512",
            "PureEd25519",
        ]
        | None
    ) = None
    encode_usages_in_request: bool | None = None
    revision_history_limit: Int32 | None = None
    additional_output_formats: Annotated[list[OutputFormat], Meta(list_type="atomic")] = []
    name_constraints: NameConstraints | None = None


class CertificateCondition(Status):
    type: str
    status: Literal["True", "False", "Unknown"]
    last_transition_time: Time | None = None
    reason: str | None = None
    message: str | None = None
    observed_generation: Int64 | None = None


class CertificateStatus(Status):
    conditions: Annotated[list[CertificateCondition], Meta(list_map_keys=["type"])] = []
    last_failure_time: Time | None = None
    not_before: Time | None = None
    not_after: Time | None = None
    renewal_time: Time | None = None
    revision: int | None = None
    next_private_key_secret_name: str | None = None
    failed_issuance_attempts: int | None = None


@custom_resource(
    group="cert-manager.io",
    version="v1",
    categories=["cert-manager"],
    short_names=["cert", "certs"],
    columns=[
        Column("Ready", '.status.conditions[?(@.type == "Ready")].status'),
        Column("Secret", ".spec.secretName"),
        Column("Issuer", ".spec.issuerRef.name", priority=1),
        Column("Status", '.status.conditions[?(@.type == "Ready")].message', priority=1),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ],
)
class Certificate(Resource[CertificateSpec | None, CertificateStatus]): ...


@pytest.mark.parametrize(
    ("name", "twin"),
    [
        ("memcached", Memcached),
        ("guestbook", Guestbook),
        ("cronjob", CronJob),
        ("prometheusrule", PrometheusRule),
        ("certificate", Certificate),
    ],
)
def test_the_twin_publishes_the_same_definition(name: str, twin: type[AnyResource]) -> None:
    golden = yaml.safe_load((GOLDENS / f"{name}.yaml").read_text())
    made = to_dict(crd(twin, max_description=0))
    made["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"].pop(
        "jobTemplate", None
    )
    assert made == golden


def test_the_embedded_pod_template_is_complete() -> None:
    made = to_dict(crd(CronJob))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    template: Any = made["properties"]["spec"]["properties"]["jobTemplate"]["properties"]["spec"]["properties"][
        "template"
    ]
    containers = template["properties"]["spec"]["properties"]["containers"]
    assert containers["items"]["required"] == ["name"]
    assert containers["items"]["properties"]["image"]["type"] == "string"


async def test_the_api_server_accepts_the_twins() -> None:
    async with api_server() as server:
        client = server.client()
        for twin in (Memcached, Guestbook, CronJob, PrometheusRule, Certificate):
            created = await client.create(crd(twin), field_validation="Strict")
            assert created.metadata.uid
