"""Which repository a clinic has backed up into: one that is gone is not begun again.

If its disk is not mounted, its folder is there and empty. A new repository in it would
fill the disk of the records, and be hidden by the old one once that is mounted.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

from db.backups.backup_errors import CannotBackUp
from db.backups.repository import Repository
from db.files import private_files

_NAME: Final = "backups.json"


def claim(repository: Repository, system_id: str, data: Path) -> None:
    """Make the repository this clinic's; the data folder remembers it.

    Raises CannotBackUp if it is another clinic's, or was this one's and is gone.
    """
    note = data / _NAME
    require_there(repository, data)
    repository.claim(system_id)
    if str(repository.folder) not in _known(note):
        _remember(note, repository.folder)


def require_there(repository: Repository, data: Path) -> None:
    """Raise CannotBackUp if the repository was this clinic's and is gone."""
    note = data / _NAME
    if repository.system_id is None and str(repository.folder) in _known(note):
        raise CannotBackUp(
            f"The backups of this clinic were in {repository.folder} and are not "
            "there: mount their disk. If they are lost, name another folder with "
            f"CHARTROOM_BACKUP_DIR, or remove {note} to begin anew in this one."
        )


def _known(note: Path) -> list[str]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        return [str(folder) for folder in json.loads(note.read_bytes())["folders"]]
    return []


def _remember(note: Path, folder: Path) -> None:
    content = json.dumps({"folders": sorted({*_known(note), str(folder)})}).encode()
    private_files.replace(note, content)
