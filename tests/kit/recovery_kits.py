"""A clinic's keys that are made up, and the recovery kit with them."""

from pathlib import Path
from typing import Final

from db.backups.recovery_kit import (
    FILE_KEYS,
    INSTALLATION_KEY,
    PASSWORDS,
    SEAL_KEYS,
    SIGNING_KEYS,
    KeyFiles,
    RecoveryKit,
)
from tests.kit import backup_sets

PASSPHRASE: Final = "grün chair seven rivers moth"
_NAMES: Final = (FILE_KEYS, SEAL_KEYS, SIGNING_KEYS, INSTALLATION_KEY, PASSWORDS)
KIT: Final = RecoveryKit(
    backup_sets.SYSTEM_ID,
    backup_sets.AS_OF,
    # No two of them alike, so that they cannot be packed into nothing.
    {name: f"{name} " + "".join(map(chr, range(40, 120))) for name in _NAMES},
)


def key_files(folder: Path) -> KeyFiles:
    """Write the keys below a folder, as they lie in a data folder."""
    for name, content in KIT.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return KeyFiles({name: folder / name for name in _NAMES})
