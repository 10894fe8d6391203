"""The benchmarks' custom resource as an operator of ours declares it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from kubewright import Meta, Operator, Resource, Spec, Status

op = Operator("bench")


class Port(msgspec.Struct, omit_defaults=True):
    name: str
    port: int
    protocol: str = "TCP"


class WidgetSpec(Spec):
    image: str
    size: int
    max_size: int = 1000
    tier: Literal["gold", "silver", "bronze"] = "gold"
    ports: list[Port] = []
    settings: dict[str, Annotated[str, Meta(max_length=200)]] = {}
    notes: list[str] = []


class WidgetStatus(Status):
    ready: bool = False
    message: str = ""


@op.resource(group="bench.example.com", version="v1")
class Widget(Resource[WidgetSpec, WidgetStatus]): ...
