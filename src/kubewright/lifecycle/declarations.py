"""The decorators for what goes on along an object's life: how an operator declares handlers, timers and daemons.

A decorator's arguments go in; a :class:`Declaration` comes out, of which the operator makes a controller of its own for
each run.  What handlers share (all those of one kind have one controller and one annotation) is arranged here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any, Literal, TypedDict, TypeVar, Unpack

import msgspec

from kubewright.lifecycle.behaviour import Behaviour, Memos
from kubewright.lifecycle.daemons import Daemon
from kubewright.lifecycle.function import Function
from kubewright.lifecycle.handlers import Handler, Handlers
from kubewright.lifecycle.kinds import expect_kind, expect_kinds
from kubewright.lifecycle.matching import Expected, FieldPath, Matching, parts_of
from kubewright.lifecycle.timers import Timer
from kubewright.objects import Object
from kubewright.workqueue import Backoff, ExponentialBackoff

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class Filters(TypedDict, total=False):
    """Which objects: all that is given must hold."""

    labels: str
    """A label selector, ``app=web,tier!=test``."""
    annotations: Mapping[str, Expected]
    fields: Mapping[FieldPath, Expected]
    """By path as in JSON: ``{"spec.host": present, "spec.replicas": lambda n: n > 3}``."""
    when: Callable[..., object]
    """A function of the object, with its arguments by name: ``lambda spec, labels: ...``."""


class Options(Filters, total=False):
    """What every handler, timer and daemon may say of itself."""

    retries: int
    """How many failures in a row are tried again; by default all."""
    backoff: Backoff
    """Seconds from a failure to the next try, or a pair: those after the first failure, and those up to which they
    double; by default 5 ms and 1000 s, for daemons 1 s and 300 s.  The handlers of one kind share the longest."""
    name: str
    """By default the function's."""


class HandlerOptions(Options, total=False):
    """What a handler of changes may say besides."""

    workers: int
    """For how many objects at a time; the handlers of one kind share them, so the highest number counts."""
    timeout: float
    """Seconds after which a call is cancelled and counts as failed."""
    owns: Sequence[type[Object]]
    """The kinds of the children that it applies.  It can't prune them: it sees one change, not all that is wanted."""


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """What is declared; ``begin`` makes the behaviour for one run of the operator."""

    cls: type[Object]
    name: str
    """Of its controller, in logs and metrics."""
    owns: Sequence[type[Object]]
    begin: Callable[[Memos], Behaviour]
    workers: int = 1
    timeout: float | None = None
    backoff: Backoff | None = None
    finalizes: bool = False
    annotates: bool = False
    prunes: bool = True
    """Whether one call applies all children, so that those which it doesn't apply are known to be unwanted."""


class Declarations:
    """What an operator declares besides reconcilers and webhooks.

    The functions get arguments by name: of the object ``obj`` (or any parameter annotated with the kind), ``spec``,
    ``status``, ``meta``, ``name``, ``namespace``, ``uid``, ``labels``, ``annotations``; and ``ctx``, ``client``,
    ``logger``, ``causes``, ``attempt``, and ``memo``, a dictionary that lives as long as the object.  Plain functions
    run in threads.  What they change in the status is written back.  ``raise Retry(after=…)`` or returning ``Requeue``
    means: again then; ``raise TerminalError``: not before something changes; any other exception: again, with backoff.
    """

    name: str

    def __init__(self) -> None:
        self._declared: list[Declaration] = []
        self._handlers: dict[type[Object], list[Handler]] = {}

    @property
    def declarations(self) -> list[Declaration]:
        """All of them; the handlers of one kind together are one."""
        return [*self._declared, *(self._handling(cls, handlers) for cls, handlers in self._handlers.items())]

    def timer(
        self,
        cls: type[Object],
        *,
        interval: float = inf,
        initial_delay: float | Callable[..., float] = 0.0,
        idle: float = 0.0,
        sharp: bool = False,
        remember: bool = False,
        owns: Sequence[type[Object]] = (),
        workers: int = 1,
        timeout: float | None = None,
        **options: Unpack[Options],
    ) -> Callable[[FunctionT], FunctionT]:
        """Declare a function to be called every ``interval`` seconds for each object; see :class:`Timer`.

        :param idle: seconds without a change of the spec before a call; without an interval there is one call for each
            time that the spec comes to rest.
        :param remember: go on with the interval after a restart of the operator, and don't call at once: for what is
            done daily, or costs.  That takes an annotation of each object, written after each call.
        :param workers: for how many objects at a time.
        :param timeout: seconds after which a call is cancelled and counts as failed.
        :raises ValueError: it has neither an interval nor an idle time.
        """
        expect_kind("timer", cls)
        if interval <= 0:
            raise ValueError(f"interval is {interval:g}, but seconds have to pass between two calls")
        expect_kinds("owns", owns)
        if interval == inf and not idle:
            raise ValueError("a timer needs interval=, or the idle= after which it is called once")

        def declare(user_function: FunctionT) -> FunctionT:
            function, matches, name = _read(cls, user_function, ("memo",), options)

            def begin(memos: Memos) -> Behaviour:
                return Timer(
                    function.fresh(),
                    matches,
                    cls=cls,
                    interval=interval,
                    memos=memos,
                    initial_delay=initial_delay,
                    idle=idle,
                    sharp=sharp,
                    annotation=f"timers.kubewright.dev/{self.name}.{name}" if remember else "",
                )

            controller = _controller_name(cls, name)
            self._declared.append(
                Declaration(
                    cls=cls,
                    name=controller,
                    owns=owns,
                    begin=begin,
                    workers=workers,
                    timeout=timeout,
                    backoff=options.get("backoff"),
                    annotates=remember,
                )
            )
            return user_function

        return declare

    def daemon(
        self,
        cls: type[Object],
        *,
        initial_delay: float | Callable[..., float] = 0.0,
        finalizer: bool = False,
        grace: float = 0.0,
        owns: Sequence[type[Object]] = (),
        workers: int = 4,
        **options: Unpack[Options],
    ) -> Callable[[FunctionT], FunctionT]:
        """Declare a function to run in the background while an object exists; see :class:`Daemon`.

        It is also offered ``stopped``, an :class:`asyncio.Event` or, for a plain function, a
        :class:`threading.Event`.  One that returns is done for this object; ``Requeue`` starts it again.

        :param workers: how many objects' daemons are waited for at a time while they end.
        """
        expect_kind("daemon", cls)
        expect_kinds("owns", owns)

        def declare(user_function: FunctionT) -> FunctionT:
            function, matches, name = _read(cls, user_function, ("memo", "stopped"), options)

            def begin(memos: Memos) -> Behaviour:
                return Daemon(
                    function.fresh(),
                    matches,
                    cls=cls,
                    memos=memos,
                    initial_delay=initial_delay,
                    finalizer=finalizer,
                    grace=grace,
                    backoff=ExponentialBackoff.of(options["backoff"]) if "backoff" in options else None,
                )

            controller = _controller_name(cls, name)
            self._declared.append(
                Declaration(cls=cls, name=controller, owns=owns, begin=begin, workers=workers, finalizes=finalizer)
            )
            return user_function

        return declare

    def on_change(
        self, cls: type[Object], field: FieldPath, **options: Unpack[HandlerOptions]
    ) -> Callable[[FunctionT], FunctionT]:
        """Declare a function to be called with ``old`` and ``new`` whenever a field has another value.

        At first ``old`` is None.  What was handled last is kept in an annotation of the object, so changes made while
        no operator runs are handled, too; several changes in between are one.  Of a value above 1 kB only a hash is
        kept: its ``old`` is None, too.

        :param field: ``spec.host``, with the names of the JSON.
        """
        return self._on("change", cls, field, options)

    def on_update(
        self, cls: type[Object], field: FieldPath = "spec", **options: Unpack[HandlerOptions]
    ) -> Callable[[FunctionT], FunctionT]:
        """Like :meth:`on_change`, but not for the value that the object appears with."""
        return self._on("update", cls, field, options)

    def on_create(self, cls: type[Object], **options: Unpack[HandlerOptions]) -> Callable[[FunctionT], FunctionT]:
        """Declare a function to be called once for each object, those from before the operator's time included."""
        return self._on("create", cls, (), options)

    def on_resume(self, cls: type[Object], **options: Unpack[HandlerOptions]) -> Callable[[FunctionT], FunctionT]:
        """Declare a function to be called once for each object in each process: at the start, or when it appears."""
        return self._on("resume", cls, (), options)

    def on_delete(self, cls: type[Object], **options: Unpack[HandlerOptions]) -> Callable[[FunctionT], FunctionT]:
        """Declare a function to be called before an object goes; those that match get a finalizer for it."""
        return self._on("delete", cls, (), options)

    def _on(
        self,
        on: Literal["create", "resume", "update", "change", "delete"],
        cls: type[Object],
        field: FieldPath,
        options: HandlerOptions,
    ) -> Callable[[FunctionT], FunctionT]:
        expect_kind(f"on_{on}", cls)
        parts = parts_of(cls, field) if field else ()

        def declare(user_function: FunctionT) -> FunctionT:
            names = ("memo", "old", "new")
            function, matches, name = _read(cls, user_function, names, options, timeout=options.get("timeout"))
            full_name = "/".join((on, name, *parts))
            handlers = self._handlers.setdefault(cls, [])
            if any(handler.name == full_name for handler in handlers):
                raise ValueError(f"{cls.__name__} has two handlers {full_name}: give one another name")
            handlers.append(
                Handler(
                    name=full_name,
                    on=on,
                    function=function,
                    matches=matches,
                    field=parts,
                    workers=options.get("workers", 1),
                    backoff=options.get("backoff"),
                    owns=tuple(options.get("owns", ())),
                )
            )
            return user_function

        return declare

    def _handling(self, cls: type[Object], handlers: Sequence[Handler]) -> Declaration:
        annotation = f"handled.kubewright.dev/{self.name}"

        def begin(memos: Memos) -> Behaviour:
            fresh = [msgspec.structs.replace(handler, function=handler.function.fresh()) for handler in handlers]
            return Handlers(cls, fresh, annotation=annotation, memos=memos)

        return Declaration(
            cls=cls,
            name=_controller_name(cls, "handlers"),
            owns=list(dict.fromkeys(child for handler in handlers for child in handler.owns)),
            begin=begin,
            workers=max(handler.workers for handler in handlers),
            backoff=max(
                (handler.backoff for handler in handlers if handler.backoff is not None),
                key=lambda backoff: ExponentialBackoff.of(backoff).base,
                default=None,
            ),
            prunes=False,
            finalizes=any(handler.on == "delete" for handler in handlers),
            annotates=any(handler.on not in ("delete", "resume") for handler in handlers),
        )


def _read(
    cls: type[Object],
    function: Callable[..., Any],
    names: Sequence[str],
    options: Options,
    *,
    timeout: float | None = None,
) -> tuple[Function, Matching, str]:
    matching = Matching(
        cls,
        labels=options.get("labels", ""),
        annotations=options.get("annotations"),
        fields=options.get("fields"),
        when=options.get("when"),
    )
    if "backoff" in options:
        ExponentialBackoff.of(options["backoff"])
    wrapped = Function(function, cls, names=names, retries=options.get("retries"), timeout=timeout)
    return wrapped, matching, options.get("name") or function.__name__


def _controller_name(cls: type[Object], name: str) -> str:
    return f"{cls.__name__}-{name}".lower().replace("_", "-")
