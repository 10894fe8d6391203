from __future__ import annotations

import subprocess
import sys

import pytest

import kubewright


@pytest.mark.parametrize("name", kubewright.__all__)
def test_every_exported_name_is_there(name: str) -> None:
    assert getattr(kubewright, name).__name__ == name


def test_other_names_are_not() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Unknown'"):
        _ = kubewright.Unknown
    assert dir(kubewright) == sorted(kubewright.__all__)


def test_importing_the_package_imports_no_room() -> None:
    code = "import sys, kubewright; print([name for name in sys.modules if name.startswith('kubewright.')])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "['kubewright.version']"
