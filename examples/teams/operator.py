"""An operator for a cluster that teams share: a Team gets namespaces with a quota and access for its members, and its
Pods may only run images from the registries that it was allowed.

A Team is cluster-scoped, so it can own namespaces and what lies in them; all goes with it. The webhook is asked for
Pods of teams' namespaces alone, and answers out of the cache.
"""

from collections.abc import AsyncGenerator, Iterator
from typing import Annotated

from kubewright import Column, Condition, Context, Invalid, Meta, ObjectMeta, Operator, Resource, Spec, Status
from kubewright.cache import Cache
from kubewright.manager import Manager
from kubewright.objects import LabelSelector, LabelSelectorRequirement, Quantity
from kubewright.objects.core_v1 import Namespace, Pod, ResourceQuota, ResourceQuotaSpec
from kubewright.objects.rbac_v1 import ClusterRole, RoleBinding, RoleRef, Subject
from kubewright.webhook import AdmissionRequest

op = Operator("team-operator")

TEAM = "example.com/team"
Name = Annotated[str, Meta(pattern="^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=20)]


class TeamSpec(Spec):
    """What a team is given."""

    environments: Annotated[set[Name], Meta(min_length=1, max_length=10)] = {"dev"}
    """A namespace for each, called TEAM-ENVIRONMENT."""
    members: set[str] = set()
    """Users who may edit what is in the namespaces."""
    pods: Annotated[int, Meta(ge=0)] = 20
    registries: list[str] = []
    """Where images may come from; empty means anywhere."""


class TeamStatus(Status):
    """What a team has."""

    namespaces: list[str] = []
    conditions: list[Condition] = []


@op.resource(
    group="example.com",
    version="v1",
    namespaced=False,
    columns=[
        Column("Namespaces", ".status.namespaces"),
        Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
    ],
)
class Team(Resource[TeamSpec, TeamStatus]):
    """A team that shares the cluster."""


op.requires(ClusterRole, "bind", name="edit", why="giving a role away that it doesn't have itself")


@op.reconcile(Team, owns=[Namespace, ResourceQuota, RoleBinding])
async def reconcile(team: Team, ctx: Context) -> None:
    """Have a namespace with its contents for each environment, and none for others."""
    names = [f"{team.metadata.name}-{environment}" for environment in sorted(team.spec.environments)]
    for name in names:
        await ctx.apply(Namespace(metadata=ObjectMeta(name=name, labels={TEAM: team.metadata.name})))
        await ctx.apply(quota_for(team, name))
        await ctx.apply(access_for(team, name))
    gone = await ctx.prune()
    for namespace in gone:
        ctx.event("NamespaceDeleted", f"{namespace.metadata.name} is no longer wanted", type="Warning")
    team.status.namespaces = names
    ctx.condition("Ready", True, reason="Provisioned")


def quota_for(team: Team, namespace: str) -> ResourceQuota:
    spec = ResourceQuotaSpec(hard={"pods": Quantity(team.spec.pods)})
    return ResourceQuota(metadata=ObjectMeta(name="team", namespace=namespace), spec=spec)


def access_for(team: Team, namespace: str) -> RoleBinding:
    group = "rbac.authorization.k8s.io"
    return RoleBinding(
        metadata=ObjectMeta(name="team", namespace=namespace),
        subjects=[Subject(kind="User", name=user, api_group=group) for user in sorted(team.spec.members)],
        role_ref=RoleRef(kind="ClusterRole", name="edit", api_group=group),
    )


teams: list[Cache] = []
"""The cache of the running operator, in which the webhook looks teams up."""


@op.lifespan
async def remember(manager: Manager) -> AsyncGenerator[None, None]:
    teams.append(manager.cache)
    yield
    teams.remove(manager.cache)


@op.validate(
    Pod, namespace_selector=LabelSelector(match_expressions=[LabelSelectorRequirement(key=TEAM, operator="Exists")])
)
async def images_are_allowed(new: Pod, old: Pod | None, request: AdmissionRequest) -> list[Invalid]:
    """Refuse images from registries that the team was not allowed."""
    team = await team_of(request.namespace)
    allowed = tuple(f"{registry}/" for registry in team.spec.registries) if team else ()
    return list(foreign_images(new, allowed)) if allowed else []


def foreign_images(pod: Pod, allowed: tuple[str, ...]) -> Iterator[Invalid]:
    for field, containers in (("containers", pod.spec.containers), ("initContainers", pod.spec.init_containers)):
        for index, container in enumerate(containers):
            if not (container.image or "").startswith(allowed):
                yield Invalid(f"spec.{field}[{index}].image", f"must come from {' or '.join(allowed)}")


async def team_of(namespace: str) -> Team | None:
    for team in await teams[-1].list(Team):
        if namespace in team.status.namespaces:
            return team
    return None
