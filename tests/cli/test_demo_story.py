from pathlib import Path

import pytest

from kubewright.cli.demo import example
from kubewright.cli.demo_story import Story


@pytest.mark.timeout(180)
async def test_every_step_of_the_demo_holds(tmp_path: Path) -> None:
    story, said = Story(example(), tmp_path), list[str]()
    try:
        for step in story.steps():
            await step.run(said.append)
    finally:
        await story.end()
    assert (
        'moved.yaml: The Website "shop" is invalid: spec.host: Invalid value: "elsewhere.example.org": is immutable'
        in said
    )
    assert said[-1] == "started again: all 20 are ready"
