"""The launcher's own child processes, where their logs cannot be written."""

from pathlib import Path

import pytest

from dashboard.cli.launching.children import Child
from db.embedded import CannotStart


def test_a_log_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    """As on a disk that became read-only, or where root has started Chartroom."""
    (tmp_path / "logs").touch()

    with pytest.raises(CannotStart) as refusal:
        Child("worker", tmp_path / "logs" / "worker.log").start()

    assert str(refusal.value).startswith(
        f"Chartroom cannot use the data folder {tmp_path} (not a directory)"
    )
