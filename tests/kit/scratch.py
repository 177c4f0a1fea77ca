"""Folders of fixtures that are gone as soon as nobody needs them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def scratch_folder(factory: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """Make a folder and remove it at the end of the block.

    What a factory makes stays until the end of the run. A cluster has half a gigabyte,
    and where the run keeps its files in memory, all of it is missed there.
    """
    folder = factory.mktemp(name)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
