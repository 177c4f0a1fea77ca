"""Documents that are kept, held and due, as tables of counts and ids."""

from collections.abc import Sequence
from typing import Final

from dashboard.ui.language import decimal, gettext as _, marked, pgettext
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.ui.words import at
from services.documents.records.kinds import CLASS_LABELS
from services.documents.retention import ClassCounts, Damage, HeldDocument

_DUES: Final = (
    Column(marked("Class")),
    Column(marked("In use")),
    Column(marked("Deleted")),
    Column(marked("On hold")),
    Column(marked("Purged within 30 days")),
    Column(marked("Due now")),
    Column(marked("Tombstones")),
)
_HOLDS: Final = (
    Column(marked("Document")),
    Column(marked("Class")),
    Column(marked("Since")),
    Column(marked("By")),
    Column(marked("Why")),
    Column(""),
)
_DAMAGE: Final = (
    Column(marked("Document")),
    Column(marked("Version")),
    Column(marked("Found")),
)
_RELEASE: Final = "release"


def dues_table(dues: Sequence[ClassCounts], *, key: str) -> None:
    """Show how many documents of each class there are, and what lies ahead."""
    rows = [
        Row(
            of_class.classification,
            (
                Cell(_(CLASS_LABELS[of_class.classification])),
                *(
                    Cell(decimal(count))
                    for count in (
                        of_class.in_use,
                        of_class.deleted,
                        of_class.held,
                        of_class.soon,
                    )
                ),
                Cell(decimal(of_class.due), "warn" if of_class.due else "plain"),
                Cell(decimal(of_class.purged)),
            ),
        )
        for of_class in dues
    ]
    record_table(_DUES, rows, name=_("Documents by class"), key=key)


def holds_table(holds: Sequence[HeldDocument], *, key: str) -> HeldDocument | None:
    """Show the documents on hold; return the one to be released."""
    release = pgettext("legal hold", "Release")
    rows = [
        Row(
            str(hold.id),
            (
                Cell(str(hold.id)),
                Cell(_(CLASS_LABELS[hold.classification])),
                Cell(at(hold.held_at)),
                Cell(hold.holder_name or _("Former user")),
                Cell(hold.reason),
                Cell(
                    "",
                    actions=(
                        RowAction(_RELEASE, release, "lock_open", shows_label=True),
                    ),
                ),
            ),
        )
        for hold in holds
    ]
    event = record_table(_HOLDS, rows, name=_("Legal holds"), key=key)
    return chosen_of(event, holds, lambda hold: hold.id)


def damage_table(damaged: Sequence[Damage], *, key: str) -> None:
    """Show the versions whose files are damaged."""
    rows = [
        Row(
            f"{damage.document_id}/{damage.number}",
            (
                Cell(str(damage.document_id)),
                Cell(str(damage.number)),
                Cell(at(damage.damaged_at), "danger", "broken_image"),
            ),
        )
        for damage in damaged
    ]
    record_table(_DAMAGE, rows, name=_("Damaged files"), key=key)
