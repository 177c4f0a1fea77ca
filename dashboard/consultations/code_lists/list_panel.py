"""One of the clinic's lists: which is used, and a file that is checked, then taken."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard.context import current_actor, read, write
from dashboard.ui.error_boundary import error_boundary
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
    ListSource.BUILT_IN: "The built-in list",
    ListSource.OWN: "The clinic's own list",
    ListSource.BOTH: "Both",
}
_BUILT_IN: Final = {
    ListKind.DRUGS: "Built in are some 1,000 nonproprietary names; the clinic's own "
    "list has its brands, forms and strengths.",
    ListKind.DIAGNOSES: "Built in are some 770 categories of ICD-10; the clinic's own "
    "list can have codes of any system.",
}
_MOST_SHOWN: Final = 50
_ROUND: Final = "code_lists_round"


def show_list(state: CodeListState) -> None:
    """Show what is used of a kind, offer to choose, and to import a list."""
    st.caption(f"{_BUILT_IN[state.kind]} {_imported(state)}")
    _choose(state)
    st.subheader("Import a list", anchor=False)
    _import(state)


def _imported(state: CodeListState) -> str:
    if state.imported_at is None:
        return "None was imported yet."
    retired = f", {state.retired:,} retired" if state.retired else ""
    return (
        f"It holds {state.offered:,}{retired}; imported on {at(state.imported_at)} by "
        f"{plain(state.imported_by_name)}."
    )


def _choose(state: CodeListState) -> None:
    with st.form(f"code_lists_choose_{state.kind}"):
        chosen: ListSource = st.radio(
            f"What is offered when {state.kind} are searched",
            list(_SOURCES),
            index=list(_SOURCES).index(state.source),
            format_func=_SOURCES.__getitem__,
            key=f"code_lists_source_{state.kind}",
            horizontal=True,
        )
        if st.form_submit_button("Save choice", key=f"code_lists_save_{state.kind}"):
            with error_boundary():
                actor = current_actor()
                write(
                    lambda session: code_lists.choose(
                        session, actor, state.kind, chosen, version=state.version
                    )
                )
                notify(f"{_SOURCES[chosen]} of {state.kind} is used from now on.")
                st.rerun()


def _import(state: CodeListState) -> None:
    columns = ", ".join(COLUMNS[state.kind])
    st.markdown(
        f"A CSV file whose first line names the columns: {columns}. Several values in "
        "one column have ; between. What stands in the list and not in the file is "
        "retired: no longer offered, still readable where it was used."
    )
    # Another key makes the uploader let go of a file that was taken.
    number = st.session_state.setdefault(_ROUND, 0)
    upload = st.file_uploader(
        f"The list of {state.kind} as CSV",
        type=["csv", "txt"],
        max_upload_size=MAX_BYTES // 1024**2,
        key=f"code_lists_file_{state.kind}_{number}",
    )
    if upload is None:
        return
    with error_boundary():
        # A second file that is refused leaves the first: it must be plain which counts.
        st.markdown(f"**{plain(upload.name)}**")
        file = code_lists.parse(state.kind, upload.getvalue())
        if file.problems:
            _show_problems(file.problems)
            return
        actor = current_actor()
        _offer(
            state, file, read(lambda session: code_lists.compare(session, actor, file))
        )


def _show_problems(problems: Sequence[LineProblem]) -> None:
    count = len(problems)
    lines = "1 line" if count == 1 else f"{count:,} lines"
    st.error(
        f"{lines} cannot be taken, so nothing is. Correct the file and choose it "
        "again.",
        icon=":material/error:",
    )
    _listed(tuple(map(str, problems)))


def _offer(state: CodeListState, file: CodeFile, changes: ListChanges) -> None:
    """Show what a file changes, and take it when that is wanted."""
    if changes.is_empty:
        st.info("The list is as this file says already.", icon=":material/check:")
        return
    for name, entries in (
        ("New", changes.new),
        ("Changed", changes.changed),
        ("Gone, to be retired", changes.gone),
    ):
        with st.expander(f"{name}: {len(entries):,}", expanded=bool(entries)):
            _listed(entries)
    st.caption(f"{changes.unchanged:,} stay as they are. Nothing is saved yet.")
    if st.button("Take this list", type="primary", key=f"code_lists_take_{state.kind}"):
        actor = current_actor()
        taken = write(
            lambda session: code_lists.take(
                session, actor, file, version=changes.version
            )
        )
        st.session_state[_ROUND] += 1
        notify(
            f"The list is taken: {len(taken.new):,} new, {len(taken.changed):,} "
            f"changed, {len(taken.gone):,} retired."
        )
        st.rerun()


def _listed(entries: Sequence[str]) -> None:
    if not entries:
        st.caption("None.")
        return
    shown = "\n".join(f"- {plain(entry)}" for entry in entries[:_MOST_SHOWN])
    more = len(entries) - _MOST_SHOWN
    st.markdown(shown + (f"\n- and {more:,} more" if more > 0 else ""))
