"""Files that keep whoever reads them waiting, as those of a disk that is away."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def hanging(path: Path) -> Iterator[None]:
    """Let nobody who opens a file go on before the block ends; then it is empty.

    The kernel makes them wait, as for a disk: nothing of ours is replaced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    try:
        yield
    finally:
        # Open both ways it waits for nobody, and lets go of those who wait for it.
        let_go = os.open(path, os.O_RDWR)
        path.unlink()
        os.close(let_go)
