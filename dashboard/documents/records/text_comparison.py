"""Two texts side by side, with the differences marked."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.ui.language import gettext as _, ngettext
from dashboard.ui.record_table import Cell, Column, Piece, Row, record_table
from services.core.comparing import ComparedPair, Gap, Side

# More differences than anybody reads line by line.
_MOST_ROWS: Final = 500


def text_comparison(
    compared: Sequence[ComparedPair | Gap], names: tuple[str, str], *, key: str
) -> None:
    """Show the differing lines with a few around them, under the versions' names."""
    columns = [
        Column(_("Where")),
        Column(_("What")),
        Column(names[0]),
        Column(names[1]),
    ]
    rows = [
        Row(str(number), _cells(pair, names))
        for number, pair in enumerate(compared[:_MOST_ROWS])
    ]
    record_table(columns, rows, name=_("Differences"), key=key)
    if len(compared) > _MOST_ROWS:
        st.caption(
            _(
                "These are the first {most} lines of {count}. Download both "
                "versions to compare the rest."
            ).format(most=_MOST_ROWS, count=len(compared))
        )


def _cells(pair: ComparedPair | Gap, names: tuple[str, str]) -> tuple[Cell, ...]:
    if isinstance(pair, Gap):
        equal = ngettext(
            "{lines} unchanged line", "{lines} unchanged lines", pair.lines
        )
        return (
            Cell(equal.format(lines=pair.lines), "muted"),
            Cell(""),
            Cell(""),
            Cell(""),
        )
    return (
        Cell(_where(pair), "muted"),
        _what(pair, names),
        _side(pair.left, "plain" if pair.is_equal else "danger"),
        _side(pair.right, "plain" if pair.is_equal else "ok"),
    )


def _where(pair: ComparedPair) -> str:
    pages = [side.page for side in (pair.left, pair.right) if side]
    if len(set(pages)) == 1:
        return _("Page {page}").format(page=pages[0])
    return _("Pages {first} and {second}").format(first=pages[0], second=pages[1])


def _what(pair: ComparedPair, names: tuple[str, str]) -> Cell:
    if pair.is_equal:
        return Cell(_("Equal"), "muted")
    if pair.left is None:
        return Cell(_("Only in {version}").format(version=names[1]), "ok", "add")
    if pair.right is None:
        return Cell(_("Only in {version}").format(version=names[0]), "danger", "remove")
    return Cell(_("Changed"), "warn", "edit")


def _side(side: Side | None, tone: str) -> Cell:
    if side is None:
        return Cell("")
    line = tuple(Piece(part.text, part.is_changed) for part in side.parts)
    if tone == "plain":
        return Cell(side.parts[0].text, "muted")
    return Cell("", "danger" if tone == "danger" else "ok", lines=(line,))
