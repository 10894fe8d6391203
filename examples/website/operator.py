"""An operator for websites: a Website becomes a ConfigMap with its page, a Deployment that serves it, and a Service.

Run it with ``kubewright run examples/website/operator.py``: Python itself would take a script of this name for the
standard library's ``operator``.
"""

from typing import Annotated

from kubewright import Column, Condition, Context, Invalid, Meta, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.objects.apps_v1 import Deployment, DeploymentSpec
from kubewright.objects.core_v1 import (
    ConfigMap,
    ConfigMapVolumeSource,
    Container,
    ContainerPort,
    PodSpec,
    PodTemplateSpec,
    Service,
    ServicePort,
    ServiceSpec,
    Volume,
    VolumeMount,
)
from kubewright.objects.meta import LabelSelector

op = Operator("website-operator")


class WebsiteSpec(Spec):
    """What a website is to be."""

    image: Annotated[str, Meta(min_length=1)] = "nginx:1.27"
    """The web server's image."""
    replicas: Annotated[int, Meta(ge=0, le=100)] = 1
    """How many servers."""
    host: str | None = None
    """The name under which it is reached; it cannot be changed."""
    page: str = "<h1>It works</h1>"
    """What it shows."""


class WebsiteStatus(Status):
    """What a website is."""

    ready_replicas: int = 0
    conditions: list[Condition] = []


@op.resource(
    group="web.example.com",
    version="v1",
    short_names=["ws"],
    columns=[
        Column("Host", ".spec.host", "string"),
        Column("Ready", ".status.readyReplicas", "integer"),
        Column("Age", ".metadata.creationTimestamp", "date"),
    ],
)
class Website(Resource[WebsiteSpec, WebsiteStatus]):
    """A website."""


@op.default(Website)
def host_follows_name(site: Website) -> None:
    if site.spec.host is None:
        site.spec.host = f"{site.metadata.name}.example.com"


@op.validate(Website)
def host_is_immutable(new: Website, old: Website | None) -> None:
    if old and new.spec.host != old.spec.host:
        raise Invalid("spec.host", "is immutable")


@op.reconcile(Website, owns=[ConfigMap, Deployment, Service], workers=8)
async def reconcile(site: Website, ctx: Context) -> None:
    await ctx.apply(page_for(site))
    deployment = await ctx.apply(deployment_for(site))
    await ctx.apply(service_for(site))
    site.status.ready_replicas = deployment.status.ready_replicas or 0
    ready = site.status.ready_replicas == site.spec.replicas
    ctx.condition("Ready", ready, reason="Serving" if ready else "Starting")


@op.finalize(Website)
async def retire(site: Website, ctx: Context) -> None:
    ctx.event("Retired", f"{site.spec.host} is no longer served")


def page_for(site: Website) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=site.metadata.name), data={"index.html": site.spec.page})


def deployment_for(site: Website) -> Deployment:
    name = site.metadata.name
    labels = {"app": name}
    container = Container(
        name="web",
        image=site.spec.image,
        ports=[ContainerPort(name="http", container_port=80)],
        volume_mounts=[VolumeMount(name="page", mount_path="/usr/share/nginx/html")],
    )
    page = Volume(name="page", config_map=ConfigMapVolumeSource(name=name))
    template = PodTemplateSpec(metadata=ObjectMeta(labels=labels), spec=PodSpec(containers=[container], volumes=[page]))
    spec = DeploymentSpec(replicas=site.spec.replicas, selector=LabelSelector(match_labels=labels), template=template)
    return Deployment(metadata=ObjectMeta(name=name), spec=spec)


def service_for(site: Website) -> Service:
    port = ServicePort(name="http", port=80, target_port="http")
    return Service(
        metadata=ObjectMeta(name=site.metadata.name),
        spec=ServiceSpec(selector={"app": site.metadata.name}, ports=[port]),
    )
