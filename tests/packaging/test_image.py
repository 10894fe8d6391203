import pytest

from kubewright.packaging.image import BuildError, build_commands, find_builder


def test_the_first_tool_that_is_installed_builds() -> None:
    assert find_builder(lambda name: f"/bin/{name}" if name in ("podman", "buildah") else None) == "podman"


def test_without_a_tool_the_choice_is_named() -> None:
    with pytest.raises(BuildError, match="docker, podman or buildah"):
        find_builder(lambda name: None)


def test_an_image_is_built_and_pushed() -> None:
    assert build_commands("podman", "a:1", push=True) == [
        ["podman", "build", "--tag", "a:1", "."],
        ["podman", "push", "a:1"],
    ]


def test_docker_builds_several_platforms_into_a_registry_only() -> None:
    platforms = ["linux/amd64", "linux/arm64"]
    assert build_commands("docker", "a:1", platforms=platforms, push=True) == [
        ["docker", "buildx", "build", "--platform=linux/amd64,linux/arm64", "--tag", "a:1", "--push", "."]
    ]
    with pytest.raises(BuildError, match="add --push"):
        build_commands("docker", "a:1", platforms=platforms)


def test_others_collect_platforms_in_a_manifest() -> None:
    built, pushed = build_commands("buildah", "a:1", platforms=["linux/amd64", "linux/arm64"], push=True)
    assert built[-3:] == ["--manifest", "a:1", "."]
    assert pushed == ["buildah", "manifest", "push", "--all", "a:1", "docker://a:1"]
