"""One of the clinic's lists: which one is used, and a file to check and import."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _, marked, ngettext, translated
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.consultations import code_lists
from services.consultations.code_lists import (
    COLUMNS,
    MAX_BYTES,
    CodeFile,
    CodeListState,
    LineProblem,
    ListChanges,
    ListKind,
    ListSource,
)

_SOURCES: Final = {
    ListSource.BUILT_IN: marked("The built-in list"),
    ListSource.OWN: marked("The clinic's own list"),
    ListSource.BOTH: marked("Both"),
}
_BUILT_IN: Final = {
    ListKind.DRUGS: marked(
        "The built-in list has some 1,000 nonproprietary names; the clinic's own list "
        "has its brands, forms and strengths."
    ),
    ListKind.DIAGNOSES: marked(
        "The built-in list has some 770 categories of ICD-10; the clinic's own list "
        "can have codes of any system."
    ),
}
_CHOICE: Final = {
    ListKind.DRUGS: marked("What is offered when drugs are searched"),
    ListKind.DIAGNOSES: marked("What is offered when diagnoses are searched"),
}
_CHOSEN: Final = {
    ListKind.DRUGS: marked("{choice} of drugs is used from now on."),
    ListKind.DIAGNOSES: marked("{choice} of diagnoses is used from now on."),
}
_FILE: Final = {
    ListKind.DRUGS: marked("The list of drugs as CSV"),
    ListKind.DIAGNOSES: marked("The list of diagnoses as CSV"),
}
_MOST_SHOWN: Final = 50
_ROUND: Final = "code_lists_round"
_SEEN: Final = "code_lists_seen"


def show_list(state: CodeListState) -> None:
    """Show which list of a kind is used; offer to choose one and to import one."""
    st.caption(f"{_(_BUILT_IN[state.kind])} {_imported(state)}")
    _choose(state)
    st.subheader(_("Import a list"), anchor=False)
    _import(state)


def _imported(state: CodeListState) -> str:
    if state.imported_at is None:
        return _("None has been imported yet.")
    said = (
        _("It has {number}, {retired} retired; imported on {when} by {name}.")
        if state.retired
        else _("It has {number}; imported on {when} by {name}.")
    )
    return said.format(
        number=decimal(state.offered),
        retired=decimal(state.retired),
        when=at(state.imported_at),
        name=plain(state.imported_by_name),
    )


def _choose(state: CodeListState) -> None:
    with st.form(f"code_lists_choose_{state.kind}"):
        chosen: ListSource = st.radio(
            _(_CHOICE[state.kind]),
            list(_SOURCES),
            index=list(_SOURCES).index(state.source),
            format_func=lambda source: _(_SOURCES[source]),
            key=f"code_lists_source_{state.kind}",
            horizontal=True,
        )
        if st.form_submit_button(_("Save choice"), key=f"code_lists_save_{state.kind}"):
            with error_boundary():
                actor = current_actor()
                write(
                    lambda session: code_lists.choose(
                        session, actor, state.kind, chosen, version=state.version
                    )
                )
                choice = _(_SOURCES[chosen])
                notify(_(_CHOSEN[state.kind]).format(choice=choice))
                st.rerun()


def _import(state: CodeListState) -> None:
    columns = ", ".join(COLUMNS[state.kind])
    st.markdown(
        _(
            "A CSV file whose first line names the columns: {columns}. Separate "
            "several values in one column with semicolons. Entries that are in the "
            "list but not in the file are retired: no longer offered, still readable "
            "where they were used."
        ).format(columns=columns)
    )
    # A new key makes the uploader release a file that was imported.
    number = st.session_state.setdefault(_ROUND, 0)
    upload = st.file_uploader(
        _(_FILE[state.kind]),
        type=["csv", "txt"],
        max_upload_size=MAX_BYTES // 1024**2,
        key=f"code_lists_file_{state.kind}_{number}",
    )
    if upload is None:
        return
    with error_boundary():
        # If a second file is refused, the first one stays: it must be clear which one
        # counts.
        st.markdown(f"**{plain(upload.name)}**")
        file = code_lists.parse(state.kind, upload.getvalue())
        if file.problems:
            _show_problems(file.problems)
            return
        actor = current_actor()
        changes = read(lambda session: code_lists.compare(session, actor, file))
        _offer(state, file, changes, seen=_version_seen(upload.file_id, changes))


def _version_seen(file_id: str, changes: ListChanges) -> UUID:
    """Return the version of the list with which the file was last shown.

    A click is a run of its own, which compares the file with what a colleague has
    imported since.
    """
    seen: dict[str, UUID] = st.session_state.get(_SEEN, {})
    st.session_state[_SEEN] = {file_id: changes.version}
    return seen.get(file_id, changes.version)


def _show_problems(problems: Sequence[LineProblem]) -> None:
    count = len(problems)
    said = ngettext(
        "{count} line cannot be imported, so nothing was. Correct the file and choose "
        "it again.",
        "{count} lines cannot be imported, so nothing was. Correct the file and "
        "choose it again.",
        count,
    )
    st.error(said.format(count=decimal(count)), icon=":material/error:")
    _listed(
        [
            _("Line {number}: {problem}").format(
                number=problem.line, problem=translated(problem.sentence)
            )
            for problem in problems
        ]
    )


def _offer(
    state: CodeListState, file: CodeFile, changes: ListChanges, *, seen: UUID
) -> None:
    """Show what a file would change, and import it when somebody asks for that.

    `seen` is the version of the list with which the file was last shown.
    """
    if changes.is_empty:
        st.info(
            _("The list is already the same as this file."), icon=":material/check:"
        )
        return
    for name, entries in (
        (_("New"), changes.new),
        (_("Changed"), [translated(each) for each in changes.changed]),
        (_("Missing, to be retired"), changes.gone),
    ):
        number = decimal(len(entries))
        with st.expander(f"{name}: {number}", expanded=bool(entries)):
            _listed(entries)
    st.caption(
        _("{number} unchanged. Nothing is saved yet.").format(
            number=decimal(changes.unchanged)
        )
    )
    if st.button(
        _("Import this list"), type="primary", key=f"code_lists_take_{state.kind}"
    ):
        actor = current_actor()
        taken = write(
            lambda session: code_lists.import_list(session, actor, file, version=seen)
        )
        st.session_state[_ROUND] += 1
        notify(
            _(
                "The list is imported: {new} new, {changed} changed, {gone} retired."
            ).format(
                new=decimal(len(taken.new)),
                changed=decimal(len(taken.changed)),
                gone=decimal(len(taken.gone)),
            )
        )
        st.rerun()


def _listed(entries: Sequence[str]) -> None:
    if not entries:
        st.caption(_("None."))
        return
    shown = "\n".join(f"- {plain(entry)}" for entry in entries[:_MOST_SHOWN])
    more = len(entries) - _MOST_SHOWN
    if more > 0:
        shown += "\n- " + _("and {number} more").format(number=decimal(more))
    st.markdown(shown)
