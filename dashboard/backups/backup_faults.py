"""Shows what is wrong with the backups and their folder, and what to do."""

from collections.abc import Iterator, Sequence
from typing import Final

import streamlit as st

from dashboard import wiring
from dashboard.ui.language import decimal, gettext as _, ngettext
from dashboard.ui.words import plain, to_the_second
from services.backups import BackupState

_MOST_NAMED: Final = 5


def show_silence(state: BackupState) -> None:
    """Show since when the folder has not answered, if it does not."""
    if state.silent_since is None:
        return
    sentence = _(
        "The backup folder {folder} has not responded since {time}: check that its "
        "disk is mounted and that its server is running. No backup is made, and "
        "nothing can be restored from it, until it responds. The clinic itself keeps "
        "running."
    ).format(folder=plain(str(state.folder)), time=to_the_second(state.silent_since))
    if state.read_at is not None:
        known = _("What is shown here is as of {time}.")
        sentence += " " + known.format(time=to_the_second(state.read_at))
    st.error(sentence, icon=":material/cloud_off:")


def show_faults(state: BackupState) -> None:
    """Show what is wrong with the contents of the folder and of the copy elsewhere."""
    for sentence in _errors(state):
        st.error(sentence, icon=":material/error:")
    if state.faults.strays:
        _show_strays(state, state.faults.strays)
    # Faults recorded of a copy that is no longer kept need no repair.
    is_copied = wiring.current().settings.backup_s3_url is not None
    if is_copied and state.copy is not None and state.copy.strays:
        _show_copied_strays(state.copy.place, state.copy.strays)


def _errors(state: BackupState) -> list[str]:
    sentences = list(_unusable(state))
    keyless, missing = state.faults.keyless, state.faults.missing_files
    if keyless:
        sentences.append(
            _(
                "The key file lacks a key of these backups, which cannot be restored "
                "without it: {names}. Put the key file of their time back, or take it "
                "from the recovery kit."
            ).format(names=_named(keyless))
        )
    if len(sentences) > bool(keyless):
        sentences.append(
            _(
                "Put back what is gone, or run `python -m dashboard backup --full`, "
                "which makes one that needs no other. See docs/runbooks/backups.md."
            )
        )
    if missing:
        sentences.append(_missing_files(missing, plain(str(state.folder))))
    return sentences


def _unusable(state: BackupState) -> Iterator[str]:
    faults, folder = state.faults, plain(str(state.folder))
    for name in state.unreadable:
        yield _(
            "The manifest of backup {name} cannot be read: somebody has changed or "
            "deleted it, and the backup cannot be used."
        ).format(name=plain(name))
    for orphan in state.orphans:
        yield _(
            "Backup {name} has only what changed since another, which is missing "
            "or cannot be read: it cannot be restored."
        ).format(name=plain(orphan.set_id))
    for each in faults.incomplete:
        yield _("Backup {name} cannot be restored. It lacks: {parts}.").format(
            name=plain(each.set_id), parts=plain(", ".join(each.lacking))
        )
    for name in faults.gone:
        yield _(
            "Backup {name} is gone from {folder}, and Chartroom did not remove it. A "
            "copy of the backups elsewhere may still have it."
        ).format(name=plain(name), folder=folder)
    for lost in faults.lost_times:
        yield _(
            "It is no longer possible to go back to the times from {since} to "
            "{until}: log that led there is gone from {folder}, and Chartroom did not "
            "remove it. A copy of the backups elsewhere may still have it."
        ).format(
            since=to_the_second(lost.since),
            until=to_the_second(lost.until),
            folder=folder,
        )


def _missing_files(count: int, folder: str) -> str:
    return ngettext(
        "A file that backups name is gone from {folder}: `python -m dashboard "
        "restore --look` shows which row it belongs to. The next backup copies it "
        "again if the clinic still has it; a copy of the backups elsewhere has it "
        "too.",
        "{count} files that backups name are gone from {folder}: `python -m "
        "dashboard restore --look` shows which row the first belongs to. The next "
        "backup copies those again that the clinic still has; a copy of the "
        "backups elsewhere has all of them.",
        count,
    ).format(count=decimal(count), folder=folder)


def _show_strays(state: BackupState, strays: Sequence[str]) -> None:
    st.warning(
        _(
            "In {folder} there are things that belong to no backup: {names}. Nothing "
            "restores from them, and nothing removes them: check what they are, and "
            "move them away."
        ).format(folder=plain(str(state.folder)), names=_named(strays)),
        icon=":material/warning:",
    )


def _show_copied_strays(place: str, strays: Sequence[str]) -> None:
    st.warning(
        _(
            "In the copy in {place} there are things that belong to no backup: "
            "{names}. Nothing restores from them, and nothing removes them: check who "
            "else writes there."
        ).format(place=plain(place), names=_named(strays)),
        icon=":material/warning:",
    )


def _named(names: Sequence[str]) -> str:
    """Return the first few names, and how many more there are."""
    shown = plain(", ".join(names[:_MOST_NAMED]))
    if (more := len(names) - _MOST_NAMED) > 0:
        return _("{names} and {count} more").format(names=shown, count=decimal(more))
    return shown
