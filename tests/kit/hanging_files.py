"""Files that keep their readers waiting, like those of a disk that is away."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def hanging(path: Path) -> Iterator[None]:
    """Make everybody who opens a file wait until the block ends; then it is empty.

    The kernel makes them wait, as for a disk: none of our code is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    try:
        yield
    finally:
        # Opened for both reading and writing, it does not wait, and releases the
        # waiting readers.
        let_go = os.open(path, os.O_RDWR)
        path.unlink()
        os.close(let_go)
