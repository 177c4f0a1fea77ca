"""Two versions of a document: chosen, their texts compared, their pages shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.documents.records.page_preview import page_preview
from dashboard.documents.records.text_comparison import text_comparison
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import at
from services.core import comparing
from services.documents import records
from services.documents.records.model import DocumentRecord, VersionRecord

_SECONDS: Final = 60.0
_KINDS: Final = {
    "none": marked("has pictures without text"),
    "waiting": marked("is still being read"),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """The two versions, the earlier one on the left unless somebody swapped them."""

    left: VersionRecord
    right: VersionRecord


def choose_versions(record: DocumentRecord) -> Compared | None:
    """Ask which two versions to compare; at first those that the address names."""
    actor = current_actor()
    known = read(
        lambda session: records.versions(session, actor, record.id),
        keep=("versions", record.id, record.revision),
    )
    if len(known) == 1:
        return None
    newest, before, *__ = known
    with st.container(horizontal=True):
        left = _choose(record, _("Version"), "left", known, before)
        right = _choose(record, _("Compared with"), "right", known, newest)
    return Compared(left, right)


def compare_texts(record: DocumentRecord, pair: Compared) -> None:
    """Show the lines that differ, or say why the texts cannot be compared."""
    left, right = _text(record, pair.left), _text(record, pair.right)
    silent = [
        version
        for version, text in ((pair.left, left), (pair.right, right))
        if not any(page.strip() for page in text)
    ]
    for version in silent:
        why = _(_KINDS.get(version.reading, marked("has no text")))
        st.info(
            _(
                "Version {number} {why}, so its text cannot be compared. Compare the "
                "pages instead."
            ).format(number=version.number, why=why),
            icon=":material/image:",
        )
    if silent:
        return
    names = (
        _("Version {number}").format(number=pair.left.number),
        _("Version {number}").format(number=pair.right.number),
    )
    compared = comparing.compare(left, right)
    if all(isinstance(line, comparing.Gap) or line.is_equal for line in compared):
        st.success(
            _(
                "The text of both versions is the same. Their pages may still look "
                "different."
            ),
            icon=":material/check:",
        )
        return
    text_comparison(compared, names, key="compare_table")


def compare_pages(record: DocumentRecord, pair: Compared) -> None:
    """Show the pages of both, side by side where there is room."""
    for column, version in zip(
        st.columns(2, gap="medium"), (pair.left, pair.right), strict=True
    ):
        with column:
            st.subheader(
                _("Version {number}").format(number=version.number), anchor=False
            )
            if version.is_served and version.pages:
                page_preview(
                    record.id,
                    version.number,
                    version.pages,
                    key=f"compare_pages_{record.id}_{version.number}",
                )
            else:
                st.caption(_("The pages of this version cannot be shown."))


def _choose(
    record: DocumentRecord,
    label: str,
    side: str,
    known: Sequence[VersionRecord],
    usual: VersionRecord,
) -> VersionRecord:
    by_number = {str(version.number): version for version in known}
    start = by_number.get(st.query_params.get(side, ""), usual)
    chosen = st.selectbox(
        label,
        list(by_number),
        index=list(by_number).index(str(start.number)),
        format_func=lambda n: _("Version {n}, {created_at}").format(
            n=n, created_at=at(by_number[n].created_at)
        ),
        key=f"compare_{side}_{record.id}",
    )
    return by_number[chosen]


def _text(record: DocumentRecord, version: VersionRecord) -> tuple[str, ...]:
    actor = current_actor()
    return read(
        lambda s: records.text_of(s, actor, record.id, version.number),
        keep=("text", record.id, version.number, version.reading),
        seconds=_SECONDS,
    )
