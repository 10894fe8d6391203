from tests.apiserver.admission.attributes import Objects, attributes
from tests.apiserver.admission.test_chain import Labels

from kubewright.apiserver.admission.deferred import DeferredMutating

CONFIGURATION = {"metadata": {"name": "one"}}


async def test_a_stage_is_made_when_its_first_configuration_is_there() -> None:
    made: list[Labels] = []

    def make() -> Labels:
        made.append(Labels("late"))
        return made[-1]

    stage = DeferredMutating("mutatingwebhookconfigurations", make)
    await stage.admit(attributes())
    assert not made
    configured = Objects(mutatingwebhookconfigurations=[CONFIGURATION])
    await stage.admit(attributes(reader=configured))
    await stage.admit(attributes(reader=configured))
    assert [len(one.passes) for one in made] == [2]
