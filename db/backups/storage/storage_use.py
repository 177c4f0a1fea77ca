"""How many bytes each kind of what belongs to backups takes, told by names."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, fields

from db.backups.log.archive import AuditPiece
from db.backups.repository import Survey


@dataclass(frozen=True, slots=True)
class StorageUse:
    """Bytes by kind; `others` are of sets that cannot be read, or are here no more."""

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
    """Add up objects by their names below the folder; the survey says what sets are.

    The audit log is counted as itself, whether a set has it or the log does.
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
