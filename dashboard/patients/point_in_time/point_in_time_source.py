"""Where a page reads earlier records: from backups, or from a delayed standby."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard import wiring
from dashboard.context import current_actor, read, read_elsewhere, write
from dashboard.patients.point_in_time import standby_reading
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import at, to_the_second
from services.backups import looks
from services.backups.looks import LookEnded, RestoreLook
from services.patients import point_in_time

T = TypeVar("T")

_SECONDS: Final = 5.0
_NOTED: Final = "past_use_noted"
_NOTED_EVERY: Final = 60.0
_STANDBY: Final = "standby"
_BACKUP: Final = "backup"
_LABELS: Final = {_BACKUP: marked("Backups"), _STANDBY: marked("Delayed standby")}


@dataclass(frozen=True, slots=True)
class PointInTimeSource:
    """The clinic opened from backups or, if none is open, the delayed standbys."""

    look: RestoreLook | None

    @property
    def key(self) -> str:
        """The key that distinguishes this source from others."""
        return str(self.look.id) if self.look else _STANDBY

    @property
    def as_of(self) -> datetime | None:
        """The time that it shows; None for a delayed standby, which alone knows it."""
        return self.look.to if self.look else None

    def read(self, operation: Callable[[Session, datetime | None], T]) -> T:
        """Return what the operation reads there; raises Unavailable.

        The operation is given the time that the source shows, unless the server itself
        knows it.
        """
        if self.look is None:
            return standby_reading.read_from_standby(lambda s: operation(s, None))
        return _read_from_look(self.look, operation)

    def read_once(
        self,
        name: str,
        patient_id: UUID,
        operation: Callable[[Session, datetime | None], T],
    ) -> T:
        """Return what the operation reads there, kept for this patient's next clicks.

        `name` is its key in the session; another patient or source replaces what is
        kept.
        """
        key = self.key, patient_id
        kept = st.session_state.get(name)
        if kept is None or kept[0] != key:
            kept = st.session_state[name] = (key, self.read(operation))
        value: T = kept[1]
        return value

    def keep_open(self) -> None:
        """Keep the standby paused, or the opened clinic open, for the time being."""
        if self.look is None:
            standby_reading.pause_replay()
            return
        noted_at: float
        noted, noted_at = st.session_state.get(_NOTED, (None, 0.0))
        if noted != self.key or noted_at + _NOTED_EVERY < time.monotonic():
            actor, look_id = current_actor(), self.look.id
            write(lambda s: looks.note_use(s, actor, look_id))
            st.session_state[_NOTED] = (self.key, time.monotonic())

    def release(self) -> None:
        """Let a paused standby replay on, once what was looked for is copied."""
        if self.look is None:
            standby_reading.resume_replay()


def open_look() -> RestoreLook | None:
    """Return the clinic that is open to look around in, if any is."""
    if not wiring.current().settings.is_embedded:
        return None
    actor = current_actor()
    return read(
        lambda s: looks.find_open_look(s, actor), keep=("open_look",), seconds=_SECONDS
    )


def is_any() -> bool:
    """Return whether earlier records can be read anywhere."""
    return bool(standby_reading.standbys()) or open_look() is not None


def choose_source() -> PointInTimeSource | None:
    """Return the source to read, asking which of two; None without any."""
    look, standbys = open_look(), standby_reading.standbys()
    if look is not None and standbys:
        chosen = st.segmented_control(
            _("Where to look"),
            tuple(_LABELS),
            default=_BACKUP,
            required=True,
            format_func=lambda each: _(_LABELS[each]),
            key="past_source",
        )
        return PointInTimeSource(look if chosen == _BACKUP else None)
    if look is None and not standbys:
        return None
    return PointInTimeSource(look)


def show_open_time(source: PointInTimeSource) -> None:
    """Show which time the opened clinic is of, and how long it stays open."""
    look = source.look
    if look is None or look.closes_at is None:
        return
    st.caption(
        _(
            "This is the clinic as of {time}, from backups. It stays open until "
            "{until}, and longer while somebody is using it."
        ).format(time=to_the_second(look.to), until=at(look.closes_at))
    )


def require_shown_today(patient_id: UUID) -> None:
    """Raise NotFound for a patient whom this person may not see today."""
    actor = current_actor()
    read(lambda s: point_in_time.require_shown_today(s, actor, patient_id))


def _read_from_look(
    look: RestoreLook, operation: Callable[[Session, datetime | None], T]
) -> T:
    def run(session: Session) -> T:
        looks.require_same(session, look)
        return operation(session, look.to)

    if look.port is None:
        raise LookEnded
    database = wiring.current().restored_clinic.database(look.port)
    return read_elsewhere(database, run, otherwise=LookEnded())
