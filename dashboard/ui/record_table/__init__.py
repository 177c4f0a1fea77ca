"""A table of records that everybody can read, sort in the database, and open.

Streamlit's own dataframe is drawn on a canvas: screen readers and keyboards get little
out of it, and its header sorts only the rows that happen to be on the page. This is a
real HTML table. Its rows are links, its headers ask the page for another order, and on
a phone each row becomes a card.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

import streamlit as st

from dashboard.ui.language import gettext as _
from dashboard.ui.scripts import BADGES, ELEMENTS, UNSEEN, read_joined

_HERE = Path(__file__).parent
T = TypeVar("T")

_mount = st.components.v2.component(
    "chartroom.record_table",
    css=read_joined(UNSEEN, BADGES, _HERE / "table.css"),
    js=read_joined(ELEMENTS, _HERE / "table.js"),
)

Tone = Literal["plain", "muted", "ok", "warn", "danger", "info"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `order` is set if the page can sort by it.

    The text in an `is_whole` column is never broken into two lines.
    """

    label: str
    order: str | None = None
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text; a marked one stands out, such as a match of the search."""

    text: str
    is_marked: bool = False


@dataclass(frozen=True, slots=True)
class RowAction:
    """An action of a row: a link to `url`, or without one an event for the page.

    Its label is a tooltip, unless `shows_label`.
    """

    name: str
    label: str
    icon: str
    url: str = ""
    shows_label: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of one cell, with a tone and an icon if it is a status.

    `lines` are shown below the text, each made of pieces. With a `url` the text is a
    link; with a `name` as well, opened in the same tab, it sends the page the action
    of that name.
    """

    text: str
    tone: Tone = "plain"
    icon: str = ""
    lines: tuple[tuple[Piece, ...], ...] = ()
    actions: tuple[RowAction, ...] = ()
    url: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One record; `url` is where its first cell leads, empty if nowhere.

    `picture` is the address of a small picture before its first cell; if it is empty,
    the place stays empty, and if it is None, there is no place for it.
    """

    id: str
    cells: tuple[Cell, ...]
    url: str = ""
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The actions for several rows at once; `noun` is what the rows are."""

    noun: tuple[str, str]
    actions: tuple[RowAction, ...]


@dataclass(frozen=True, slots=True)
class Sorted:
    """One sort key of a table; the first key comes first."""

    order: str
    descending: bool


@dataclass(frozen=True, slots=True)
class TableEvent:
    """What the person did with the table in this run."""

    opened: str | None = None
    sort: str | None = None
    adds_key: bool = False
    # The row's id, and the name of the action.
    action: tuple[str, str] | None = None
    # The rows' ids, and the name of the action.
    selected: tuple[tuple[str, ...], str] | None = None


def chosen_of(
    event: TableEvent, shown: Iterable[T], id_of: Callable[[T], object]
) -> T | None:
    """Return the record whose row was acted on, if it is shown.

    `id_of` returns the id of a record's row, or what that id was made from.
    """
    chosen = event.action[0] if event.action else None
    return next((record for record in shown if str(id_of(record)) == chosen), None)


def payload_of(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    name: str,
    order: Sequence[Sorted] = (),
    selection: Selection | None,
) -> bytes:
    """Return the data that the browser draws; `name` is the table's accessible name.

    An action of a `selection` that has a url is a link to it with the ids of the rows,
    each as a parameter `document`.
    """
    drawn: dict[str, object] = {
        "name": name,
        "columns": [
            {"label": _(column.label), "order": column.order, "whole": column.is_whole}
            for column in columns
        ],
        "rows": [_as_data(row) for row in rows],
        "order": [
            {"order": mark.order, "descending": mark.descending} for mark in order
        ],
    }
    if selection is not None:
        drawn["selection"] = {
            "noun": selection.noun,
            "actions": list(map(_as_action, selection.actions)),
        }
    return json.dumps(drawn).encode()


def record_table(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    name: str,
    key: str,
    order: Sequence[Sorted] = (),
    selection: Selection | None = None,
) -> TableEvent:
    """Show a table; return what was opened, sorted or chosen in this run."""
    payload = payload_of(columns, rows, name=name, order=order, selection=selection)
    return show_payload(payload, key=key)


def show_payload(payload: bytes, *, key: str) -> TableEvent:
    """Show a table whose data a page has kept.

    The data are bytes because Streamlit would parse and sort a dict again, only to tell
    tables without a key apart.
    """
    result = _mount(
        key=key,
        data=payload,
        on_opened_change=_nothing,
        on_sorted_change=_nothing,
        on_done_change=_nothing,
        on_chosen_change=_nothing,
    )
    sort, done, chosen = result.sorted or {}, result.done, result.chosen
    action = (str(done["id"]), str(done["action"])) if done else None
    selected = None
    if chosen:
        selected = (tuple(map(str, chosen["ids"])), str(chosen["action"]))
    return TableEvent(
        result.opened, sort.get("order"), bool(sort.get("adds")), action, selected
    )


def _as_data(row: Row) -> dict[str, object]:
    # By hand: dataclasses.asdict takes as long as the rest of the page.
    cells = [
        _with_more(cell)
        if cell.lines or cell.actions or cell.url
        else {"text": cell.text, "tone": cell.tone, "icon": cell.icon}
        for cell in row.cells
    ]
    data: dict[str, object] = {"id": row.id, "url": row.url, "cells": cells}
    return data if row.picture is None else data | {"picture": row.picture}


def _with_more(cell: Cell) -> dict[str, object]:
    return {
        "text": cell.text,
        "tone": cell.tone,
        "icon": cell.icon,
        "lines": [
            [{"text": piece.text, "marked": piece.is_marked} for piece in line]
            for line in cell.lines
        ],
        "actions": list(map(_as_action, cell.actions)),
        "url": cell.url,
        "name": cell.name,
    }


def _as_action(action: RowAction) -> dict[str, str]:
    return {
        "name": action.name,
        "label": action.label,
        "icon": action.icon,
        "url": action.url,
        "words": action.label if action.shows_label else "",
    }


def _nothing() -> None:
    """Do nothing: without a callback, Streamlit does not report a trigger at all."""
