from __future__ import annotations

import traceback
from pathlib import Path

import kubewright
from kubewright.manager.user_code import from_user_code, leads_to_user_code


def traced(*filenames: str) -> list[str]:
    """The files of a traceback through functions of these files, as far as it is shown."""
    source = "def enter(rest):\n    rest[0](rest[1:]) if rest else 1 / 0"
    functions = []
    for filename in filenames:
        namespace: dict[str, object] = {}
        exec(compile(source, filename, "exec"), namespace)
        functions.append(namespace["enter"])
    try:
        functions[0](functions[1:])  # type: ignore[operator]
    except ZeroDivisionError as error:
        assert error.__traceback__ is not None
        shown = from_user_code(error.__traceback__.tb_next)
        return [frame.filename for frame in traceback.extract_tb(shown)]
    return []


OURS = str(Path(kubewright.__file__).parent / "controller/controller.py")
POOL = str(Path(traceback.__file__).parent / "concurrent/futures/thread.py")
THEIRS = "/site/website.py"


def test_a_traceback_begins_where_it_enters_the_users_code() -> None:
    assert traced(OURS, POOL, OURS, THEIRS, OURS) == [THEIRS, OURS]


def test_one_that_never_does_is_shown_whole() -> None:
    assert traced(OURS, POOL) == [OURS, POOL]


def test_a_package_whose_name_begins_alike_is_not_ours() -> None:
    assert not leads_to_user_code(f"{Path(kubewright.__file__).parent}_extras/site.py")
