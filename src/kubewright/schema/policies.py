"""ValidatingAdmissionPolicies from the CEL rules in a CustomResourceDefinition.

A definition goes in; a policy and its binding for each version with rules come out.  The API server that stores the
resources enforces their rules anyway; a policy carries them to where the schema can't, such as a cluster that must stay
strict while a definition is being replaced.  A policy sees a whole object, as plain JSON: so each rule is led to its
place, and rules that rely on what only a schema knows are left out, and named.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec

from kubewright.cel.lexer import Token, is_reserved, tokenize
from kubewright.objects import ObjectMeta
from kubewright.objects.admissionregistration_v1 import (
    MatchResources,
    NamedRuleWithOperations,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicyBinding,
    ValidatingAdmissionPolicyBindingSpec,
    ValidatingAdmissionPolicySpec,
    Validation,
)

Schema = Mapping[str, Any]

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_ESCAPED = re.compile(r"__\w+__")
_TYPED_FORMATS = ("byte", "date", "date-time", "duration")
"""Texts that a schema's rules see as bytes, times and durations, and a policy as texts."""


class Policies(NamedTuple):
    """The policies of one definition."""

    objects: list[ValidatingAdmissionPolicy | ValidatingAdmissionPolicyBinding]
    left_out: list[str]
    """Rules that a policy can't express, each with its version, place and the reason."""


def policies(crd: Mapping[str, Any]) -> Policies:
    """The policies that enforce a definition's rules, one for each version, called ``PLURAL.VERSION.GROUP``.

    :param crd: the CustomResourceDefinition, as plain JSON.
    """
    spec = crd["spec"]
    made = Policies([], [])
    for version in spec["versions"]:
        validations: list[Validation] = []
        for place, entry, schema in _rules(version["schema"]["openAPIV3Schema"], _ROOT):
            reason = _reason_against(entry, place, schema)
            if reason:
                made.left_out.append(f"{version['name']} {place.field or 'the object'}: {entry['rule']}: {reason}")
            else:
                validations.append(_validation(entry, place))
        if validations:
            plural, status = spec["names"]["plural"], "status" in (version.get("subresources") or {})
            name = f"{plural}.{version['name']}.{spec['group']}"
            resources = [plural, *([f"{plural}/status"] if status else [])]
            made.objects.append(_policy(name, spec["group"], version["name"], resources, validations))
            made.objects.append(_binding(name))
    return made


def _policy(
    name: str, group: str, version: str, resources: Sequence[str], validations: Sequence[Validation]
) -> ValidatingAdmissionPolicy:
    rule = NamedRuleWithOperations(
        api_groups=[group], api_versions=[version], resources=list(resources), operations=["CREATE", "UPDATE"]
    )
    return ValidatingAdmissionPolicy(
        metadata=ObjectMeta(name=name),
        spec=ValidatingAdmissionPolicySpec(
            failure_policy="Fail",
            match_constraints=MatchResources(resource_rules=[rule], match_policy="Exact"),
            validations=list(validations),
        ),
    )


def _binding(name: str) -> ValidatingAdmissionPolicyBinding:
    spec = ValidatingAdmissionPolicyBindingSpec(policy_name=name, validation_actions=["Deny"])
    return ValidatingAdmissionPolicyBinding(metadata=ObjectMeta(name=name), spec=spec)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a rule stands: how a policy's expression gets there from ``object``."""

    field: str
    value: str
    """CEL for the value."""
    old: str
    """CEL for the optional old value; empty where there is no telling which one it is."""
    opening: str = ""
    """What comes before an expression about the value: the conditions and loops that lead to it."""
    closing: str = ""
    variables: tuple[str, ...] = ()

    def member(self, name: str, *, required: bool, nullable: bool) -> _Place:
        plain = _IDENTIFIER.match(name) is not None and not is_reserved(name)
        quoted = msgspec.json.encode(name).decode()
        value = f"{self.value}.{name}" if plain else f"{self.value}[{quoted}]"
        absent = [] if required else [f"!has({value})" if plain else f"!({quoted} in {self.value})"]
        absent += [f"{value} == null"] if nullable else []
        return replace(
            self,
            field=f"{self.field}.{name}".lstrip("."),
            value=value,
            old=self.old and (f"{self.old}.?{name}" if plain else f"{self.old}[?{quoted}]"),
            opening=self.opening + (f"{' || '.join(absent)} || (" if absent else ""),
            closing=self.closing + (")" if absent else ""),
        )

    def entry(self) -> _Place:
        """Any value of a map."""
        key = f"key{len(self.variables) + 1}"
        return replace(
            self._loop(key),
            field=f"{self.field}[*]",
            value=f"{self.value}[{key}]",
            old=self.old and f"{self.old}[?{key}]",
        )

    def item(self, keys: Sequence[str]) -> _Place:
        """Any item of a list, whose items are told apart by ``keys``."""
        item = f"item{len(self.variables) + 1}"
        same = " && ".join(f"old.{key} == {item}.{key}" for key in keys)
        old = f"{self.old}.orValue([]).filter(old, {same})[?0]" if keys and self.old else ""
        return replace(self._loop(item), field=f"{self.field}[*]", value=item, old=old)

    def _loop(self, variable: str) -> _Place:
        return replace(
            self,
            opening=f"{self.opening}{self.value}.all({variable}, ",
            closing=f"{self.closing})",
            variables=(*self.variables, variable),
        )


_ROOT = _Place("", "object", "optional.ofNonZeroValue(oldObject)")


def _rules(schema: Schema, place: _Place) -> Iterator[tuple[_Place, Mapping[str, Any], Schema]]:
    """All rules below a schema, each with its place and the schema that it stands in."""
    for entry in schema.get("x-kubernetes-validations", ()):
        yield place, entry, schema
    required = schema.get("required", ())
    for name, field in schema.get("properties", {}).items():
        nullable = bool(field.get("nullable"))
        yield from _rules(field, place.member(name, required=name in required, nullable=nullable))
    if isinstance(values := schema.get("additionalProperties"), Mapping):
        yield from _rules(values, place.entry())
    if isinstance(items := schema.get("items"), Mapping):
        yield from _rules(items, place.item(schema.get("x-kubernetes-list-map-keys", ())))


def _reason_against(entry: Mapping[str, Any], place: _Place, schema: Schema) -> str:
    """Why a policy can't express a rule; empty where it can."""
    names = {token.text for text in _texts(entry) for token in tokenize(text) if token.kind == "ident"}
    if any(_ESCAPED.search(name) for name in names):
        return "a policy can't spell a field whose name is escaped"
    if "oldSelf" in names and not place.old:
        return "items of this list have no old value"
    if taken := names & {*place.variables, "old"}:
        return f"it uses the name {min(taken)}"
    if typed := names & {*_typed("self", schema)}:
        return f"a policy sees {min(typed)} as text"
    return ""


def _texts(entry: Mapping[str, Any]) -> list[str]:
    return [entry[key] for key in ("rule", "messageExpression") if key in entry]


def _typed(name: str, schema: Schema) -> Iterator[str]:
    """The names of fields below a schema whose values are more than texts to rules."""
    if schema.get("format") in _TYPED_FORMATS:
        yield name
    for field, below in schema.get("properties", {}).items():
        yield from _typed(field, below)
    for below in (schema.get("items"), schema.get("additionalProperties")):
        if isinstance(below, Mapping):
            yield from _typed(name, below)


def _validation(entry: Mapping[str, Any], place: _Place) -> Validation:
    optional = bool(entry.get("optionalOldSelf"))
    rule = _placed(entry["rule"], place, optional=optional)
    if not optional and _mentions(entry["rule"], "oldSelf"):
        rule = f"!{place.old}.hasValue() || ({rule})"
    where = f"{place.field}: " if place.field else ""
    message = entry.get("message") or f"failed rule: {entry['rule']}"
    validation = Validation(
        expression=f"{place.opening}{rule}{place.closing}",
        message=f"{where}{message}".replace("\n", " "),
        reason="Invalid",
    )
    if "messageExpression" in entry and not place.variables:  # outside a loop there is no item to speak of
        text = f"({_placed(entry['messageExpression'], place, optional=optional)})"
        validation.message_expression = f"{msgspec.json.encode(where).decode()} + {text}" if where else text
    return validation


def _placed(text: str, place: _Place, *, optional: bool) -> str:
    """A rule with ``self`` and ``oldSelf`` replaced by the expressions for them."""
    values = {"self": place.value, "oldSelf": place.old if optional else f"{place.old}.value()"}
    parts, end = [], 0
    for token in _variables(text):
        if token.text in values:
            parts += [text[end : token.offset], values[token.text]]
            end = token.offset + len(token.text)
    return "".join([*parts, text[end:]])


def _mentions(text: str, variable: str) -> bool:
    return any(token.text == variable for token in _variables(text))


def _variables(text: str) -> Iterator[Token]:
    """The identifiers that aren't names of members."""
    before = ["", ""]
    for token in tokenize(text):
        member = before[1] == "." or before == [".", "?"]
        if token.kind == "ident" and not member:
            yield token
        before = [before[1], token.kind]
