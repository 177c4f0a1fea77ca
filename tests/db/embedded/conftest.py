"""A data folder of the embedded servers."""

from pathlib import Path

import pytest

from db.embedded import DataFolder


@pytest.fixture
def folder(tmp_path: Path) -> DataFolder:
    """A data folder, made but never used."""
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    return folder
