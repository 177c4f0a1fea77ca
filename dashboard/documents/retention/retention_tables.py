"""What is kept, held and due, as tables of counts and ids."""

from collections.abc import Sequence
from typing import Final

from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    payload_of,
    record_table,
)
from dashboard.ui.words import at
from services.documents.records.kinds import CLASS_LABELS
from services.documents.retention import Damage, Dues, HeldDocument

_DUES: Final = (
    Column("Class"),
    Column("In use"),
    Column("Deleted"),
    Column("On hold"),
    Column("Purged within 30 days"),
    Column("Of these now"),
    Column("Tombstones"),
)
_HOLDS: Final = (
    Column("Document"),
    Column("Class"),
    Column("Since"),
    Column("By"),
    Column("Why"),
    Column(""),
)
_DAMAGE: Final = (Column("Document"), Column("Version"), Column("Found"))
_RELEASE: Final = "release"


def dues_table(dues: Sequence[Dues], *, key: str) -> None:
    """Show how many documents of each class there are, and what lies ahead."""
    rows = [
        Row(
            one.classification,
            (
                Cell(CLASS_LABELS[one.classification]),
                *(
                    Cell(f"{count:,}")
                    for count in (one.in_use, one.deleted, one.held, one.soon)
                ),
                Cell(f"{one.due:,}", "warn" if one.due else "plain"),
                Cell(f"{one.purged:,}"),
            ),
        )
        for one in dues
    ]
    record_table(payload_of(_DUES, rows, name="Documents by class"), key=key)


def holds_table(holds: Sequence[HeldDocument], *, key: str) -> HeldDocument | None:
    """Show what is on hold; return what is to be released."""
    rows = [
        Row(
            str(one.id),
            (
                Cell(str(one.id)),
                Cell(CLASS_LABELS[one.classification]),
                Cell(at(one.held_at)),
                Cell(one.holder_name or "Somebody who left"),
                Cell(one.reason),
                Cell("", actions=(RowAction(_RELEASE, "Release", "lock_open"),)),
            ),
        )
        for one in holds
    ]
    asked = record_table(payload_of(_HOLDS, rows, name="Legal holds"), key=key)
    return chosen_of(asked, holds, lambda one: one.id)


def damage_table(damaged: Sequence[Damage], *, key: str) -> None:
    """Show which versions' files are not what they were."""
    rows = [
        Row(
            f"{one.document_id}/{one.number}",
            (
                Cell(str(one.document_id)),
                Cell(str(one.number)),
                Cell(at(one.damaged_at), "danger", "broken_image"),
            ),
        )
        for one in damaged
    ]
    record_table(payload_of(_DAMAGE, rows, name="Damaged files"), key=key)
