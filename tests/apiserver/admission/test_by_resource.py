from __future__ import annotations

from tests.apiserver.admission.attributes import attributes

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.by_resource import MutatingByResource, ValidatingByResource
from kubewright.objects.names import GroupVersionResource

PODS, CONFIG_MAPS = ("", "pods"), ("", "configmaps")


class Recorded:
    """Writes its name down whenever it is asked."""

    def __init__(self, name: str, asked: list[str]) -> None:
        self.name, self.asked = name, asked

    async def admit(self, attributes: Attributes) -> None:
        self.asked.append(self.name)

    validate = admit


async def test_only_stages_about_the_resource_are_asked_in_their_order() -> None:
    asked: list[str] = []
    stages = [
        ([CONFIG_MAPS], Recorded("first", asked)),
        ([PODS], Recorded("pods", asked)),
        ([PODS, CONFIG_MAPS], Recorded("second", asked)),
    ]
    await MutatingByResource(stages).admit(attributes())
    assert asked == ["first", "second"]
    await ValidatingByResource(stages).validate(attributes())
    assert asked == ["first", "second"] * 2


async def test_a_resource_of_the_same_name_in_another_group_is_another() -> None:
    asked: list[str] = []
    stage = MutatingByResource([([PODS], Recorded("pods", asked))])
    await stage.admit(attributes(resource=GroupVersionResource("example.com", "v1", "pods")))
    assert asked == []
