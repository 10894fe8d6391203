from __future__ import annotations

import os
from pathlib import Path

from kubewright.ansible.run_folders import run_folder


def test_a_folder_goes_with_the_block_and_all_that_is_in_it(tmp_path: Path) -> None:
    with run_folder(tmp_path) as folder:
        (folder / "run").mkdir()
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()


def test_what_a_killed_process_has_left_is_swept_up_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    old, new = tmp_path / "kubewright-ansible-old", tmp_path / "kubewright-ansible-new"
    old.mkdir()
    new.mkdir()
    os.utime(old, (0, 0))
    with run_folder(tmp_path) as used:
        os.utime(used, (0, 0))
        with run_folder(tmp_path):
            assert not old.exists() and new.exists() and used.exists()
