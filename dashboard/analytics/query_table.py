"""The rows of a query's result that may be shown, as a table."""

import streamlit as st

from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at, plain
from services.analytics.cohorts import Dimension
from services.analytics.figures import FigureMeasure
from services.analytics.figures.drawing import name_of, type_label
from services.analytics.queries import Query, QueryResult
from services.lists.table_files import TableCell


def show_result(query: Query, result: QueryResult) -> None:
    """Show the rows, when they were counted, and what is missing among them."""
    st.caption(_("Counted {time}.").format(time=at(result.counted_at)))
    if not result.rows:
        _show_no_rows(query, result)
        return
    rows = [
        Row(
            str(number),
            tuple(Cell(_text(query, place, cell)) for place, cell in enumerate(row)),
        )
        for number, row in enumerate(result.rows)
    ]
    columns = [Column(name) for name in result.columns]
    record_table(columns, rows, name=_("Result"), key="sql_result")
    st.caption(
        _(
            "Groups of fewer than {least} patients, and those from which one could be "
            "worked out, have no row. HAVING, ORDER BY and LIMIT apply to what is "
            "shown."
        ).format(least=result.smallest_group)
    )
    if len(result.rows) < result.number_of_rows:
        st.caption(
            _("{shown} of {number} rows are shown.").format(
                shown=decimal(len(result.rows)), number=decimal(result.number_of_rows)
            )
        )
    if result.most_values is not None:
        st.caption(
            _(
                "The {most} values that most patients have are shown separately; all "
                "others are grouped as *Others*, with those that fewer than {least} "
                "patients have."
            ).format(most=result.most_values, least=result.smallest_group)
        )
    if query.counted.measure is FigureMeasure.DISTRIBUTION:
        st.caption(
            _(
                "Each patient counts once in a group, with the mean of their values; "
                "who has no value is not counted. A percentile is the mean of the "
                "{least} patients nearest to it, and empty where fewer are on either "
                "side."
            ).format(least=result.smallest_group)
        )
    if result.unit:
        st.caption(_("Values in {unit}.").format(unit=plain(result.unit)))


def _show_no_rows(query: Query, result: QueryResult) -> None:
    text = _(
        "No rows are shown: nobody matches, or every group has fewer than {least} "
        "patients or would reveal one that has. Events without a date do not count."
    ).format(least=result.smallest_group)
    if query.thresholds:
        text += " " + _("HAVING may have left out the others.")
    empty_state(text, icon="visibility_off")


def _text(query: Query, place: int, cell: TableCell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, int):
        return decimal(cell)
    if isinstance(cell, float):
        return decimal(cell, 1)
    content = query.columns[place].content
    if not isinstance(content, int):
        return cell
    dimension = query.counted.by[content]
    ours = name_of(dimension, cell)
    if ours is None and dimension is Dimension.WORDS and _is_of_documents(query):
        ours = type_label(cell)
    return cell if ours is None else _(ours)


def _is_of_documents(query: Query) -> bool:
    return query.counted.view.name == "documents"
