"""Building the operator's image: which tool there is, and what it has to be told.

A request goes in, command lines come out; running them is the caller's affair.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

BUILDERS = ("docker", "podman", "buildah")
"""In the order of preference."""


class BuildError(ValueError):
    """The image can't be built here; the text says what to do."""


def find_builder(which: Callable[[str], str | None] = shutil.which) -> str:
    """The first tool that is installed.

    :raises BuildError: none is.
    """
    found = next((name for name in BUILDERS if which(name)), None)
    if found is None:
        raise BuildError(f"building an image needs {', '.join(BUILDERS[:-1])} or {BUILDERS[-1]}; none is installed")
    return found


def build_commands(builder: str, image: str, *, platforms: Sequence[str] = (), push: bool = False) -> list[list[str]]:
    """The commands that build ``image`` from the working directory's Dockerfile, and push it.

    :param platforms: ``linux/arm64`` and so on; several make one image for all of them.
    :raises BuildError: docker keeps images of several platforms in a registry only.
    """
    several = len(platforms) > 1
    wanted = [f"--platform={','.join(platforms)}"] if platforms else []
    if builder == "docker":
        if several and not push:
            raise BuildError("docker can't keep an image for several platforms: add --push, or build one platform")
        if several:
            return [["docker", "buildx", "build", *wanted, "--tag", image, "--push", "."]]
        commands = [["docker", "build", *wanted, "--tag", image, "."]]
        return [*commands, ["docker", "push", image]] if push else commands
    if several:
        # These two build one image a platform, and put them into a manifest list of the image's name.
        commands = [[builder, "build", *wanted, "--manifest", image, "."]]
        return [*commands, [builder, "manifest", "push", "--all", image, f"docker://{image}"]] if push else commands
    commands = [[builder, "build", *wanted, "--tag", image, "."]]
    return [*commands, [builder, "push", image]] if push else commands
