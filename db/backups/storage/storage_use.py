"""How many bytes each kind of backup data takes, judged by names."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields

from db.backups.log.archive import AuditPiece
from db.backups.repository import Survey


@dataclass(frozen=True, slots=True)
class StorageUse:
    """Bytes by kind; `others` belong to sets that are unreadable, or no longer here."""

    full: int = 0
    incremental: int = 0
    log: int = 0
    files: int = 0
    audit: int = 0
    others: int = 0

    @property
    def by_kind(self) -> dict[str, int]:
        """Return the bytes of each kind by its name."""
        return {each.name: getattr(self, each.name) for each in fields(self)}


def use_of(sizes: Iterable[tuple[str, int]], survey: Survey) -> StorageUse:
    """Add up objects by their names below the folder; the survey classifies sets.

    The audit log counts separately, whether it is in a set or in the log.
    """
    kinds = {
        each.set_id: "full" if each.is_full else "incremental"
        for each in (*survey.sets, *survey.orphans)
    }
    bytes_of = Counter[str]()
    for name, size in sizes:
        folder, _, rest = name.partition("/")
        if folder == "sets":
            set_id, _, part = rest.partition("/")
            kind = "audit" if part == "audit" else kinds.get(set_id, "others")
            bytes_of[kind] += size
        elif folder == "log":
            is_audit = rest.startswith("audit.") and AuditPiece.parse(rest) is not None
            bytes_of["audit" if is_audit else "log"] += size
        elif folder == "files":
            bytes_of["files"] += size
    return StorageUse(**bytes_of)
