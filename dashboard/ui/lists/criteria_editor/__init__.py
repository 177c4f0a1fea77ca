"""Rows of field, operator and value, in groups that need all or any of them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dashboard.ui.fields.day_picker import day_picker
from dashboard.ui.language import gettext as _, lowered, marked
from dashboard.ui.lists.criteria_editor.rows import DAYS, SPAN_UNITS, GroupBox, Rows
from services.core.errors import InvalidInput
from services.lists import criteria
from services.lists.criteria import Combine, Criteria, Direction, Fields, Kind, Operator

_MOST_NESTED: Final = 2
_FIELD_WIDTH: Final = 200
_OPERATOR_WIDTH: Final = 190
_END_WIDTH: Final = 190
_COUNT_WIDTH: Final = 90
_UNIT_WIDTH: Final = 120
_COMBINED: Final = {
    Combine.AND: marked("all of these"),
    Combine.OR: marked("any of these"),
}
_DIRECTIONS: Final = {
    Direction.ASC: marked("ascending"),
    Direction.DESC: marked("descending"),
}
_YES_NO: Final = {True: marked("yes"), False: marked("no")}
# Kept when the panel is folded, and always without a visible label: the row reads as
# one sentence, and screen readers get the label anyway.
_QUIET: Final[dict[str, Any]] = {
    "label_visibility": "collapsed",
    "persist_state": "session",
}


@dataclass(frozen=True, slots=True)
class CriteriaEditor:
    """The editor of one page; `suggest` returns known terms of a field.

    `noun` is what the list consists of. `archived` is the label of the box that shows
    archived ones instead; empty if there are none here.
    """

    page: str
    fields: Fields
    suggest: Callable[[str], Sequence[str]]
    noun: str = marked("Patients")
    archived: str = marked("Archived records instead")

    def draw(self, shown: Criteria, *, mark: str) -> None:
        """Draw the rows of the criteria; their buttons change nothing but rows."""
        self._rows.fill(shown, mark=mark)
        self._draw_box(self._rows.root)
        for number in self._rows.orders:
            self._draw_order(number)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                _("Add sort key"),
                key=f"{self.page}_add_order",
                icon=":material/sort:",
                type="tertiary",
                disabled=not self._rows.free_orders(),
                on_click=self._rows.add_order,
            )
            if self.archived:
                st.checkbox(
                    _(self.archived),
                    key=f"{self.page}_archived",
                    persist_state="session",
                )

    def read(self, *, search: str) -> Criteria:
        """Return the criteria in the rows, together with the search."""
        return self._rows.criteria(search)

    @contextmanager
    def naming_rows(self) -> Iterator[None]:
        """Replace the field's name in a refusal by the name of the input in its row."""
        try:
            yield
        except InvalidInput as refusal:
            name = self._rows.input_of(refusal.property_name)
            raise InvalidInput(name, refusal.args[0]) from refusal

    @property
    def _rows(self) -> Rows:
        return Rows(self.page, self.fields)

    def _draw_box(self, box: GroupBox, parents: tuple[GroupBox, ...] = ()) -> None:
        rows = self._rows
        with st.container(border=bool(parents), key=rows.key("group", box.number)):
            if len(box.members) > 1 or parents:
                st.selectbox(
                    _("{noun} must meet").format(noun=_(self.noun)),
                    list(_COMBINED),
                    format_func=lambda combine: _(_COMBINED[combine]),
                    key=rows.key("combine", box.number),
                    width=_FIELD_WIDTH,
                    persist_state="session",
                )
            for member in box.members:
                if isinstance(member, GroupBox):
                    self._draw_box(member, (*parents, box))
                else:
                    self._draw_filter(box, member)
            self._draw_buttons(box, parents)

    def _draw_buttons(self, box: GroupBox, parents: tuple[GroupBox, ...]) -> None:
        rows = self._rows
        with st.container(horizontal=True):
            st.button(
                _("Add filter"),
                key=rows.key("add", box.number),
                icon=":material/add:",
                on_click=rows.add_filter,
                args=(box,),
            )
            if len(parents) < _MOST_NESTED:
                st.button(
                    _("Add group"),
                    key=rows.key("add_group", box.number),
                    icon=":material/add_box:",
                    type="tertiary",
                    help=_("For combinations such as: this, and either of those."),
                    on_click=rows.add_group,
                    args=(box,),
                )
            if parents:
                self._draw_remove(_("Remove group"), box, parents[-1].members)

    def _draw_filter(self, box: GroupBox, number: int) -> None:
        rows = self._rows
        with st.container(horizontal=True, vertical_alignment="center"):
            st.selectbox(
                _("Field"),
                list(self.fields),
                format_func=lambda name: _(self.fields[name].label),
                key=rows.key("field", number),
                width=_FIELD_WIDTH,
                on_change=rows.reset,
                args=(number,),
                **_QUIET,
            )
            field = rows.field(number)
            st.selectbox(
                _("Comparison"),
                list(field.operators),
                format_func=lambda known: _(criteria.operator_label(known, field.kind)),
                key=rows.key("operator", number),
                width=_OPERATOR_WIDTH,
                on_change=rows.complete,
                args=(number,),
                **_QUIET,
            )
            self._draw_value(number, field)
            self._draw_remove(_("Remove"), number, box.members)

    def _draw_value(self, number: int, field: criteria.Field) -> None:
        rows, shape = self._rows, self._rows.shape(number)
        options = {"label": _("Value"), "key": rows.key(shape, number), **_QUIET}

        def label_of(choice: str) -> str:
            label = _(field.label_of(choice))
            return label[:1].upper() + label[1:]

        match shape:
            case "yes":
                st.selectbox(
                    options=[True, False],
                    format_func=lambda value: _(_YES_NO[value]),
                    **options,
                )
            case "choice":
                st.selectbox(options=field.choices, format_func=label_of, **options)
            case "choices":
                st.multiselect(
                    options=field.choices,
                    format_func=label_of,
                    placeholder=_("Choose"),
                    **options,
                )
            case "term":
                # A selectbox would offer the typed text before the terms on file, so
                # that "penic" and Enter would search for "penic". A maximum of one
                # would cover the page with "You can only select up to 1 option".
                st.multiselect(
                    options=self._terms(field.name, rows.value(shape, number)),
                    accept_new_options=True,
                    on_change=rows.keep_last_term,
                    args=(number,),
                    select_all=False,
                    placeholder=_("Choose or type"),
                    **options,
                )
            case "ends":
                self._draw_ends(number, field)
            case "span":
                self._draw_span(number)
            case _:
                operator = rows.value("operator", number)
                hint = _hint(field.kind, operator)
                st.text_input(placeholder=hint, autocomplete="off", **options)
                if field.kind in DAYS:
                    day_picker(
                        rows.key(shape, number),
                        _(field.label),
                        takes_several=operator is Operator.IN,
                    )

    def _draw_ends(self, number: int, field: criteria.Field) -> None:
        hint = _hint(field.kind, Operator.BETWEEN)
        for part, label in (("from", _("From")), ("to", _("To (inclusive)"))):
            st.text_input(
                label,
                key=self._rows.key(part, number),
                placeholder=f"{label.partition(',')[0]}: {hint}",
                autocomplete="off",
                width=_END_WIDTH,
                **_QUIET,
            )
            if field.kind in DAYS:
                day_picker(
                    self._rows.key(part, number),
                    f"{_(field.label)}, {lowered(label.partition(',')[0])}",
                )

    def _draw_span(self, number: int) -> None:
        st.text_input(
            _("How many"),
            key=self._rows.key("span_count", number),
            placeholder="30",
            autocomplete="off",
            width=_COUNT_WIDTH,
            **_QUIET,
        )
        st.selectbox(
            _("Days, weeks, months or years"),
            SPAN_UNITS,
            format_func=_,
            key=self._rows.key("span_unit", number),
            width=_UNIT_WIDTH,
            **_QUIET,
        )

    def _terms(self, kind: str, chosen: Sequence[str]) -> list[str]:
        # In the same order whatever is chosen: a changed list would interrupt typing.
        terms = self.suggest(kind)
        return [*(term for term in chosen if term not in terms), *terms]

    def _draw_order(self, number: int) -> None:
        rows = self._rows
        with st.container(horizontal=True, vertical_alignment="center"):
            st.selectbox(
                _("Sort by"),
                [name for name, known in self.fields.items() if known.is_sortable],
                format_func=lambda name: _("Sort by {field}").format(
                    field=lowered(_(self.fields[name].label))
                ),
                key=rows.key("order", number),
                width=_FIELD_WIDTH,
                **_QUIET,
            )
            st.selectbox(
                _("Direction"),
                list(_DIRECTIONS),
                format_func=lambda direction: _(_DIRECTIONS[direction]),
                key=rows.key("direction", number),
                width=_OPERATOR_WIDTH,
                **_QUIET,
            )
            self._draw_remove(_("Remove"), number, rows.orders)

    def _draw_remove(
        self, label: str, member: int | GroupBox, members: list[Any]
    ) -> None:
        number = member.number if isinstance(member, GroupBox) else member
        st.button(
            label,
            key=self._rows.key("remove", number),
            icon=":material/close:",
            type="tertiary",
            on_click=members.remove,
            args=(member,),
        )


def _hint(kind: Kind, operator: Operator) -> str:
    """Return an example of how a value is written."""
    example = {
        Kind.DATE: _("1980-01-31 or 1980"),
        Kind.TIMESTAMP: _("2026-01-31 or 2026"),
        Kind.AGE: "40",
        Kind.YEAR: "1980",
        Kind.NUMBER: "12",
        Kind.DECIMAL: "12.5",
        Kind.SIZE: _("2.5 MB"),
    }
    text = example.get(kind, _("Value"))
    return (
        _("{text}, and more with commas").format(text=text)
        if operator is Operator.IN
        else text
    )
