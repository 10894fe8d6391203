"""The decorators: what a user's code says of its operator, recorded.

Functions and classes of the user go in and come back unchanged; what they are for stands in the lists of
:class:`Decorators`, of which :mod:`kubewright.operator.operator` makes what runs.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar, Unpack, overload

from kubewright.cache import Transform
from kubewright.client import Fields, Labels, selector_text
from kubewright.controller import AsyncReconcile, BlockingReconcile, Filter, Source
from kubewright.lifecycle import Declarations, expect_kind, expect_kinds
from kubewright.manager import Manager, Need
from kubewright.objects import Object, ObjectKey
from kubewright.objects.admissionregistration_v1 import Validation
from kubewright.objects.names import GroupKind
from kubewright.objects.selectors import FieldSelector, LabelSelector
from kubewright.operator.controllers import Following, MapFunction, Reconciliation
from kubewright.schema import Resource, custom_resource
from kubewright.webhook import (
    Conversions,
    PolicyDeclaration,
    PolicyOptions,
    WebhookDeclaration,
    WebhookOptions,
    admission,
    defaulter,
    policy,
    validator,
)
from kubewright.workqueue import Backoff, ExponentialBackoff

_NAME = re.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?")
"""Leases, namespaces and accounts are called after the operator."""

P = ParamSpec("P")
ObjectT = TypeVar("ObjectT", bound=Object)
SourceT = TypeVar("SourceT", bound=Object)
TargetT = TypeVar("TargetT", bound=Object)
ResourceT = TypeVar("ResourceT", bound=Resource[Any, Any])
LifespanT = TypeVar("LifespanT", bound=Callable[[Manager], AsyncGenerator[None, None]])
HandlerT = TypeVar("HandlerT", bound=Callable[..., Any])


class ClassDecorator(Protocol):
    def __call__(self, cls: type[ResourceT], /) -> type[ResourceT]: ...


class ReconcileDecorator(Protocol[ObjectT]):
    """Takes a coroutine function with a :class:`Context`, or a plain one with a :class:`BlockingContext`."""

    @overload
    def __call__(self, function: AsyncReconcile[ObjectT], /) -> AsyncReconcile[ObjectT]: ...

    @overload
    def __call__(self, function: BlockingReconcile[ObjectT], /) -> BlockingReconcile[ObjectT]: ...


def _recording(define: Callable[P, ClassDecorator]) -> Callable[Concatenate[Decorators, P], ClassDecorator]:
    """A method with the parameters of ``define`` that also records the class."""

    def declare(op: Decorators, /, *args: P.args, **kwargs: P.kwargs) -> ClassDecorator:
        define_class = define(*args, **kwargs)

        def recorded(cls: type[ResourceT], /) -> type[ResourceT]:
            op.resources.append(define_class(cls))
            return cls

        return recorded

    # What help() and editors at run time show; type checkers have the parameters from P.
    signature = inspect.signature(define)
    this = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
    vars(declare)["__signature__"] = signature.replace(parameters=[this, *signature.parameters.values()])
    declare.__doc__ = define.__doc__
    return declare


def _expect_reconciler(function: Callable[..., Any]) -> None:
    """Find out while the file is loaded what would otherwise fail at every reconcile."""
    name = getattr(function, "__name__", "reconcile")
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError(f"{name} yields, but a reconciler returns: None, or Requeue(after=...) to be called again")
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        raise TypeError(f"{name} is called with the object and the context: def {name}(obj, ctx)") from None


def _expect_filters(filters: Iterable[object]) -> None:
    for one in filters:
        if not callable(one):
            raise TypeError(f"when takes a function of the event, such as generation_changed, and not {one!r}")


class Decorators(Declarations):
    """An operator and what it declares.

    :param name: names its lease, its events, its webhook configurations, and the owner of the fields it applies.
    """

    def __init__(self, name: str) -> None:
        if not _NAME.fullmatch(name):
            raise ValueError(f"an operator's name has lower-case letters, digits and hyphens, as my-operator: {name!r}")
        super().__init__()
        self.name = name
        self.resources: list[type[Resource[Any, Any]]] = []
        """The custom resources that it brings, one class a version."""
        self.reconciliations: list[Reconciliation] = []
        self.following: dict[type[Object], Following] = {}
        """Which objects of a kind its cache follows, where not all of them."""
        self.lifespans: list[Callable[[Manager], AsyncGenerator[None, None]]] = []
        self.finalizers: dict[type[Object], Callable[..., Any]] = {}
        self.webhooks: list[WebhookDeclaration] = []
        self.policies: list[PolicyDeclaration] = []
        self.conversions: dict[GroupKind, Conversions] = {}
        """For each kind with functions between its versions."""
        self.requirements: list[Need] = []
        """The permissions that it asks for beyond those which follow from the other declarations."""

    resource = _recording(custom_resource)
    """Declare a custom resource; the parameters are those of :func:`kubewright.schema.custom_resource`."""

    def reconcile(
        self,
        cls: type[ObjectT],
        *,
        owns: Sequence[type[Object]] = (),
        watches: Mapping[type[Object], MapFunction] | None = None,
        sources: Sequence[Source[ObjectKey]] = (),
        when: Filter | Mapping[type[Object], Filter] | None = None,
        workers: int = 1,
        timeout: float | None = None,
        backoff: Backoff | None = None,
        needs_leader: bool = True,
        name: str = "",
    ) -> ReconcileDecorator[ObjectT]:
        """Declare the function that brings an object of ``cls`` to its desired state.

        :param owns: kinds of the objects that it makes; a change to one of them reconciles the owner that controls it.
        :param watches: other kinds, each with a function from an object of it to the keys that have to be reconciled.
        :param sources: of further keys, from outside Kubernetes.
        :param when: which events of ``cls`` itself count, such as ``generation_changed``, or, by kind, of any of those
            above; by default all.
        :param workers: how many objects are reconciled at a time.
        :param timeout: seconds after which a reconcile is cancelled and counts as failed.
        :param backoff: seconds from a failure to the next try, or a pair: those after the first failure, and those up
            to which they double; by default 5 ms and 1000 s.
        :param needs_leader: False lets every replica reconcile, elected or not: for what only looks, or is its own.
        :param name: of the controller in logs and metrics, by default the kind in lower case.
        :raises ValueError: ``when`` is about a kind that is not watched here, or ``backoff`` is none.
        """
        expect_kind("reconcile", cls)
        expect_kinds("owns", owns)
        if watches is not None and not isinstance(watches, Mapping):
            raise TypeError("watches takes a function for each kind: watches={ConfigMap: keys_of}")
        expect_kinds("watches", watches or ())
        if workers < 1:
            raise ValueError(f"workers is {workers}, but one is needed at least")
        controller = name or cls.__name__.lower()
        by_kind: Mapping[type[Object], Filter] = {}
        if when is not None:
            by_kind = when if isinstance(when, Mapping) else {cls: when}
        _expect_filters(by_kind.values())
        for other in by_kind.keys() - {cls, *owns, *(watches or {})}:
            raise ValueError(f"when= filters {other.__name__}, which is neither in owns= nor in watches=")

        if backoff is not None:
            ExponentialBackoff.of(backoff)

        def declare(function: Any, /) -> Any:
            _expect_reconciler(function)
            if any(one.name == controller for one in self.reconciliations):
                raise ValueError(f"two reconcile functions are called {controller}: give one a name=, or make them one")
            self.reconciliations.append(
                Reconciliation(
                    cls=cls,
                    function=function,
                    name=controller,
                    owns=owns,
                    watches=watches or {},
                    sources=sources,
                    when=by_kind,
                    workers=workers,
                    timeout=timeout,
                    backoff=backoff,
                    needs_leader=needs_leader,
                )
            )
            return function

        return declare

    def finalize(self, cls: type[ObjectT]) -> ReconcileDecorator[ObjectT]:
        """Declare the function that cleans up before an object of ``cls`` may go; objects get a finalizer for it.

        Returning ``Requeue`` means: not done yet.  What is owned by reference needs no finalizer.
        """
        expect_kind("finalize", cls)

        def declare(function: Any, /) -> Any:
            _expect_reconciler(function)
            if cls in self.finalizers:
                raise ValueError(f"{cls.__name__} has two finalize functions")
            self.finalizers[cls] = function
            return function

        return declare

    def follow(
        self,
        cls: type[Object],
        *,
        label_selector: Labels = None,
        field_selector: Fields = None,
        namespaces: Sequence[str] | None = None,
        transform: Transform | None = None,
        optional: bool = False,
    ) -> None:
        """Follow only some objects of a kind, or keep less of each: what the server doesn't send takes no memory.  A
        kind that is neither owned nor watched is followed for the reads of ``ctx``, which else are live.

            op.follow(Secret, label_selector="example.com/used-by=website-operator")

        To this operator there are no others of that kind: ``ctx.get`` and ``ctx.list`` don't find them either.

        :param namespaces: by default those that the operator watches.
        :param transform: cuts out of an object's JSON what nobody here reads, before it is stored.
        :param optional: start also where its definition is not installed: there are no such objects then.  Within a
            minute of its being installed it is followed.
        :raises SelectorError: a selector does not follow the grammar.
        :raises ValueError: it was said before how the kind is followed.
        """
        if cls in self.following:
            raise ValueError(f"op.follow({cls.__name__}) is said twice: one cache follows a kind")
        LabelSelector.parse(selector_text(label_selector))
        FieldSelector.parse(selector_text(field_selector))
        self.following[cls] = Following(
            label_selector=label_selector,
            field_selector=field_selector,
            namespaces=namespaces,
            transform=transform,
            optional=optional,
        )

    def requires(self, cls: type[Object], *verbs: str, subresource: str = "", name: str = "", why: str = "") -> None:
        """Ask for a permission that no other declaration implies: for what goes through ``ctx.client``, and for
        ``ctx.get`` and ``ctx.list`` of kinds that are neither owned nor watched.

        ``op.requires(Pod, "patch", "delete", why="moving the primary")``; it is granted by ``kubewright generate
        rbac`` and every package, and looked for at the start.

        :param verbs: as RBAC names them: ``get``, ``list``, ``watch``, ``create``, ``update``, ``patch``, ``delete``.
        :param name: of the one object that it is about; empty means: any.
        :param why: is said where the permission is missing.
        """
        if not verbs:
            raise ValueError(f"say what is done with {cls.__name__}: op.requires({cls.__name__}, 'get')")
        self.requirements.append(
            Need.of(cls, verbs, why or f"asked for by {self.name}", subresource=subresource, name=name)
        )

    def default(self, cls: type[Object], **options: Unpack[WebhookOptions]) -> Callable[[HandlerT], HandlerT]:
        """Declare a function that fills in what a user has left out, changing the object in place (a webhook)."""
        expect_kind("default", cls)

        def declare(function: HandlerT) -> HandlerT:
            self._add_webhook("default", cls, defaulter(cls, function, **options))
            return function

        return declare

    def validate(self, cls: type[Object], **options: Unpack[WebhookOptions]) -> Callable[[HandlerT], HandlerT]:
        """Declare a function of the new and the old object that raises :class:`Invalid` (a webhook).

        The old object is None when it is created.
        """
        expect_kind("validate", cls)

        def declare(function: HandlerT) -> HandlerT:
            self._add_webhook("validate", cls, validator(cls, function, **options))
            return function

        return declare

    def _add_webhook(self, decorator: str, cls: type[Object], declaration: WebhookDeclaration) -> None:
        if any(one.path == declaration.path for one in self.webhooks):
            raise ValueError(f"two functions are @op.{decorator}({cls.__name__}): make them one")
        self.webhooks.append(declaration)

    def admit(
        self,
        purpose: Literal["mutate", "validate"],
        *,
        path: str,
        groups: Sequence[str],
        resources: Sequence[str],
        versions: Sequence[str] = ("*",),
        **options: Unpack[WebhookOptions],
    ) -> Callable[[HandlerT], HandlerT]:
        """Declare a function of the :class:`AdmissionRequest` for any kinds, subresources and operations (a webhook).

        :param path: where it is served, ``/pods-with-sidecar``.
        :param resources: with subresources where they are meant: ``pods``, ``pods/eviction``.
        """

        def declare(function: HandlerT) -> HandlerT:
            declaration = admission(
                purpose, function, path=path, groups=groups, resources=resources, versions=versions, **options
            )
            self.webhooks.append(declaration)
            return function

        return declare

    def policy(self, name: str, cls: type[Object], *validations: Validation, **options: Unpack[PolicyOptions]) -> None:
        """Declare CEL that the API server itself enforces on a kind, while the operator is down too (a
        ValidatingAdmissionPolicy with its binding).

        ``op.policy("few-replicas", Deployment, Validation(expression="object.spec.replicas <= 5"))``; the options are
        those of `kubewright.webhook.PolicyDeclaration`.
        """
        self.policies.append(policy(name, cls, *validations, **options))

    def convert(
        self, source: type[SourceT], target: type[TargetT], *, lossless: bool = False
    ) -> Callable[[Callable[[SourceT], TargetT]], Callable[[SourceT], TargetT]]:
        """Declare a function that makes of an object of one version the same object in another version (a webhook).

        Objects travel the shortest way through these functions: with one version as the hub, two functions for each
        other version suffice.  The metadata comes along by itself.

        :param lossless: keep what a version can't express in an annotation for the way back; for all of the kind.
        :raises ValueError: the two are not versions of one kind.
        """

        def declare(function: Callable[[SourceT], TargetT]) -> Callable[[SourceT], TargetT]:
            conversions = self.conversions.setdefault(source.gvk.group_kind, Conversions())
            conversions.add(source, target, function)
            conversions.lossless |= lossless
            return function

        return declare

    def lifespan(self, function: LifespanT) -> LifespanT:
        """Declare an async generator function of the manager: what stands before its ``yield`` happens before the
        controllers start, what stands after it when they have ended.

            @op.lifespan
            async def session(manager):
                async with aiohttp.ClientSession() as shared:
                    manager.readyz.add("backend", lambda: None if shared.closed else "no session")
                    yield
        """
        self.lifespans.append(function)
        return function

    @property
    def serves_webhooks(self) -> bool:
        return bool(self.webhooks or self.conversions)

    @property
    def converted_crds(self) -> list[str]:
        """The names of the CRDs whose versions are converted here."""
        return [f"{conversions.plural}.{kind.group}" for kind, conversions in self.conversions.items()]
