from tests.apiserver.admission.attributes import attributes
from tests.apiserver.admission.test_chain import Labels

from kubewright.apiserver.admission.deferred import DeferredMutating


async def test_a_stage_is_made_when_its_first_configuration_is_there() -> None:
    made: list[Labels] = []

    def make() -> Labels:
        made.append(Labels("late"))
        return made[-1]

    configuration: list[str] = []
    stage = DeferredMutating(configuration, make)
    await stage.admit(attributes())
    assert not made
    configuration.append("one")
    await stage.admit(attributes())
    configuration.clear()
    await stage.admit(attributes())
    assert [len(one.passes) for one in made] == [2]
