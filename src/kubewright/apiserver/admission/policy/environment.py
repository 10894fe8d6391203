"""What the expressions of a policy may refer to, and how each is compiled.

An expression that does not compile is kept with its error: its policy stays in force, and its failure policy decides.
Types and wording follow ``k8s.io/apiserver/pkg/admission/plugin/cel``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from kubewright.cel import Budget, BudgetExceeded, CompileError, Environment, EvaluationError, Program
from kubewright.cel.library.authorizer import AUTHORIZER, RESOURCE_CHECK
from kubewright.cel.types import BOOL, DYN, INT, NULL, STRING, TIMESTAMP, Type, list_of, map_of


def _object(type_name: str, /, **fields: Type) -> Type:
    return Type("object", name=type_name, fields=fields)


_GROUP_VERSION_KIND = _object("kubernetes.GroupVersionKind", group=STRING, version=STRING, kind=STRING)
_GROUP_VERSION_RESOURCE = _object("kubernetes.GroupVersionResource", group=STRING, version=STRING, resource=STRING)
_USER_INFO = _object(
    "kubernetes.UserInfo",
    username=STRING,
    uid=STRING,
    groups=list_of(STRING),
    extra=map_of(STRING, list_of(STRING)),
)
REQUEST = _object(
    "kubernetes.AdmissionRequest",
    kind=_GROUP_VERSION_KIND,
    resource=_GROUP_VERSION_RESOURCE,
    subResource=STRING,
    requestKind=_GROUP_VERSION_KIND,
    requestResource=_GROUP_VERSION_RESOURCE,
    requestSubResource=STRING,
    name=STRING,
    namespace=STRING,
    operation=STRING,
    userInfo=_USER_INFO,
    dryRun=BOOL,
    options=DYN,
)
NAMESPACE = _object(
    "kubernetes.Namespace",
    metadata=_object(
        "kubernetes.NamespaceMetadata",
        name=STRING,
        generateName=STRING,
        namespace=STRING,
        labels=map_of(STRING, STRING),
        annotations=map_of(STRING, STRING),
        UID=STRING,
        creationTimestamp=TIMESTAMP,
        deletionGracePeriodSeconds=INT,
        deletionTimestamp=TIMESTAMP,
        generation=INT,
        resourceVersion=STRING,
        finalizers=list_of(STRING),
    ),
    spec=_object("kubernetes.NamespaceSpec", finalizers=list_of(STRING)),
    status=_object("kubernetes.NamespaceStatus", phase=STRING),
)
JSON_PATCH = _object("JSONPatch", op=STRING, path=STRING, **{"from": STRING}, value=DYN)
OBJECT = Type("object", name="Object")
_STRUCTS = {"Object": OBJECT, "Object.*": Type("object", name="Object.*"), "JSONPatch": JSON_PATCH}

CONDITION = (BOOL,)
MESSAGE = (STRING,)
ANNOTATION = (STRING, NULL)
APPLY_CONFIGURATION = (OBJECT,)
PATCH_OPERATIONS = (list_of(JSON_PATCH),)


class Expression:
    """One expression of a policy: compiled, or with what is wrong with it."""

    __slots__ = ("error", "program", "source")

    def __init__(self, source: str, program: Program | None, error: str = "") -> None:
        self.source = source
        self.program = program
        self.error = error

    def evaluate(self, values: Mapping[str, Any], budget: Budget) -> Any:
        """The value of the expression.

        :raises EvaluationError: it has no value, or never compiled, or costs more than a single call may.
        :raises BudgetExceeded: the budget is used up.
        """
        if self.program is None:
            raise EvaluationError(self.error)
        try:
            return self.program.evaluate(values, budget)
        except EvaluationError as error:
            if _is_used_up(error, budget):
                raise
            raise EvaluationError(f"expression '{self.source}' resulted in error: {error}") from error


class PolicyEnvironment:
    """Compiles the expressions of one policy.

    :param has_params: whether the policy has a ``paramKind``, and with it ``params``.
    :param objects: the type of the objects that it is asked about, and `params` that of its parameters, where they are
        to be checked; any, if None.
    """

    def __init__(self, *, has_params: bool, objects: Type | None = None, params: Type | None = None) -> None:
        obj = objects or DYN
        base = {"object": obj, "oldObject": obj, "request": REQUEST, "namespaceObject": NAMESPACE}
        if has_params:
            base["params"] = params or DYN
        self._base = base
        self._access = {"authorizer": AUTHORIZER, "authorizer.requestResource": RESOURCE_CHECK}
        self._variables: dict[str, Type] = {}

    def compile(
        self,
        source: str,
        allowed: Iterable[Type] = (),
        *,
        access: bool = True,
        variables: bool = True,
        mutation: bool = False,
    ) -> Expression:
        """Compile an expression.

        :param allowed: the types that it may evaluate to; any, if empty.
        :param access: whether it may ask the authorizer.
        :param variables: whether it may use the policy's variables.
        :param mutation: whether it may make objects and patches.
        """
        declared = dict(self._base)
        if access:
            declared |= self._access
        if variables:
            declared["variables"] = Type("object", name="kubernetes.variables", fields=dict(self._variables))
        environment = Environment(declared, structs=_STRUCTS if mutation else None)
        try:
            program = environment.compile(source)
        except CompileError as error:
            return Expression(source, None, f"compilation failed: {error}")
        names = [str(one) for one in allowed]
        if names and program.result_type not in allowed:  # Not even a value of unknown type will do.
            wanted = names[0] if len(names) == 1 else f"one of [{' '.join(names)}]"
            return Expression(source, None, f"must evaluate to {wanted} but got {program.result_type}")
        return Expression(source, program)

    def declare(self, name: str, source: str) -> Expression:
        """Compile a variable, and let what is compiled from now on refer to it."""
        expression = self.compile(source)
        self._variables[name] = DYN if expression.program is None else expression.program.result_type
        return expression


class LazyVariables(dict[str, Any]):
    """The value of ``variables``: each is evaluated when it is first asked for, at most once."""

    def __init__(self, expressions: Mapping[str, Expression], values: Mapping[str, Any], budget: Budget) -> None:
        super().__init__()
        self._expressions = expressions
        self._values = values
        self._budget = budget

    def __contains__(self, name: object) -> bool:
        return name in self._expressions

    def __missing__(self, name: str) -> Any:
        program = self._expressions[name].program
        if program is None:
            raise EvaluationError(f'composited variable "{name}" fails to compile: {self._expressions[name].error}')
        try:
            value = self[name] = program.evaluate(self._values, self._budget)
        except EvaluationError as error:
            if _is_used_up(error, self._budget):
                raise
            raise EvaluationError(f'composited variable "{name}" fails to evaluate: {error}') from error
        return value


def _is_used_up(error: EvaluationError, budget: Budget) -> bool:
    """Whether the whole budget is spent, rather than what one call may cost."""
    return isinstance(error, BudgetExceeded) and budget.remaining <= 0
