"""Folders of fixtures that are removed as soon as they are no longer needed."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def scratch_folder(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """Make a folder and remove it at the end of the block.

    The folders of pytest's factory stay until the end of the run. A cluster has half a
    gigabyte, and where a run keeps its files in memory, that memory is missed.
    """
    folder = factory.mktemp(name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
