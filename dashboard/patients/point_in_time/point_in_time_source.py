"""Where a page reads records of then: from backups, or from a delayed standby."""

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
    """What was opened from backups or, where nothing was, the delayed standbys."""

    look: RestoreLook | None = None

    @property
    def key(self) -> str:
        """What tells it from others."""
        return str(self.look.id) if self.look else _STANDBY

    @property
    def as_of(self) -> datetime | None:
        """As of when it is; a delayed standby alone knows that itself."""
        return self.look.to if self.look else None

    def read(self, operation: Callable[[Session, datetime | None], T]) -> T:
        """Return what the operation reads there; raises Unavailable.

        It is given as of when that is, where the server itself does not know.
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

        `name` is where it is kept in the session, until another patient or source.
        """
        key = self.key, patient_id
        kept = st.session_state.get(name)
        if kept is None or kept[0] != key:
            kept = st.session_state[name] = (key, self.read(operation))
        value: T = kept[1]
        return value

    def stay(self) -> None:
        """Let what is looked at not go on, or end, meanwhile."""
        if self.look is None:
            standby_reading.wait_here()
            return
        noted_at: float
        noted, noted_at = st.session_state.get(_NOTED, (None, 0.0))
        if noted != self.key or noted_at + _NOTED_EVERY < time.monotonic():
            actor, look_id = current_actor(), self.look.id
            write(lambda s: looks.note_use(s, actor, look_id))
            st.session_state[_NOTED] = (self.key, time.monotonic())

    def go_on(self) -> None:
        """Let a standby that waits go on: what was looked for is copied."""
        if self.look is None:
            standby_reading.go_on()


def open_look() -> RestoreLook | None:
    """Return what is open to look around in, if anything is."""
    if not wiring.current().settings.is_embedded:
        return None
    actor = current_actor()
    return read(
        lambda s: looks.find_open_look(s, actor), keep=("open_look",), seconds=_SECONDS
    )


def is_any() -> bool:
    """Tell whether records of then can be read anywhere."""
    return bool(standby_reading.standbys()) or open_look() is not None


def choose_source() -> PointInTimeSource | None:
    """Return where to look, as is chosen where there are two; None for nowhere."""
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


def say_what_is_open(source: PointInTimeSource) -> None:
    """Say of when what was opened is, and how long it stays."""
    look = source.look
    if look is None or look.closes_at is None:
        return
    st.caption(
        _(
            "This is the clinic as of {time}, from backups. It stays open until "
            "{until}, and longer while somebody looks."
        ).format(time=to_the_second(look.to), until=at(look.closes_at))
    )


def require_shown_today(patient_id: UUID) -> None:
    """Raise NotFound for whom this person may not look at today."""
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
