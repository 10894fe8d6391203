from tests.apiserver.admission.attributes import attributes

from kubewright.apiserver.admission.attributes import Attributes
from kubewright.apiserver.admission.chain import Chain


class Labels:
    """Adds its name to the object's labels and counts its calls."""

    def __init__(self, name: str, *, reinvoke: bool = False) -> None:
        self.name, self.reinvoke, self.passes = name, reinvoke, list[bool]()

    async def admit(self, attributes: Attributes) -> None:
        assert attributes.obj is not None
        attributes.obj["metadata"].setdefault("labels", {})[self.name] = ""
        attributes.reinvocation.needed |= self.reinvoke
        self.passes.append(attributes.reinvocation.again)


async def test_mutating_stages_run_once_in_order() -> None:
    first, second = Labels("first"), Labels("second")
    request = attributes()
    await Chain([first, second]).admit(request)
    assert request.obj and list(request.obj["metadata"]["labels"]) == ["first", "second"]
    assert first.passes == second.passes == [False]


async def test_a_change_after_others_have_looked_runs_the_mutating_stages_once_more() -> None:
    first, second = Labels("first"), Labels("second", reinvoke=True)
    await Chain([first, second]).admit(attributes())
    assert first.passes == second.passes == [False, True]
