"""What the servers had before the clinic went back, kept aside in the data folder.

It is removed once a restore is proven that leads to a later time.
"""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

_BEFORE: Final = "postgres.before-"


@dataclass(frozen=True, slots=True)
class DataBefore:
    """What the servers had before they were replaced, and since when it is there."""

    path: Path
    replaced_at: datetime


def folder_for(data: Path, replaced_at: datetime) -> Path:
    """Return the path in a data folder for the data that are replaced now."""
    return data / f"{_BEFORE}{replaced_at:%Y%m%dT%H%M%SZ}"


def list_before(data: Path) -> list[DataBefore]:
    """Return the replaced data that are still in a data folder, oldest first."""
    replaced = []
    for path in data.glob(f"{_BEFORE}*/"):
        with suppress(ValueError):
            stamp = datetime.fromisoformat(path.name.removeprefix(_BEFORE))
            replaced.append(DataBefore(path, stamp))
    return sorted(replaced, key=lambda before: before.replaced_at)


def remove_before(data: Path, proven: datetime) -> list[Path]:
    """Remove what was replaced before a time that a proven restore leads to.

    Returns what was removed.
    """
    over = [each.path for each in list_before(data) if each.replaced_at < proven]
    for path in over:
        shutil.rmtree(path)
    return over
