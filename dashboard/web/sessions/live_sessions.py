"""What this process knows of the sign-ins that use it, at most a second old.

Every request and every open websocket asks here. Once a second all sign-ins with an
open page are looked up in one query, so that one which ends, wherever it was ended,
closes its pages everywhere; input is recorded from here, too.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar
from uuid import UUID

from anyio import move_on_after, to_thread
from sqlalchemy.orm import Session

from db.postgres import ANONYMOUS, Absence, Database, DatabaseUnavailable
from services.people import sessions
from services.people.random_tokens import hash_of, is_well_formed
from services.people.sessions import Limits, LiveSession

T = TypeVar("T")

_TRUSTED_SECONDS: Final = 1.0
_EVERY_SECONDS: Final = 0.8
# The first input is recorded at once, further input at most this often: every 30
# seconds if 15 minutes of silence end a sign-in.
_WRITES_PER_IDLE: Final = 30
_KEPT_SECONDS: Final = 60.0
_UNSURE_SECONDS: Final = 3.0
_LAST_WORD_SECONDS: Final = 2.0
_log = logging.getLogger("chartroom.sessions")


@dataclass(slots=True)
class _Known:
    """A sign-in as it was last seen; times are monotonic seconds."""

    live: LiveSession
    read_at: float
    changed_at: float = float("-inf")
    input_at: float = float("-inf")
    written_at: float = float("-inf")
    pages: set["AttendedPage"] = field(default_factory=set)

    def renew(self, live: LiveSession, read_at: float) -> None:
        """Take over what was just read; pages hear at once of a new number of unread.

        Queries run concurrently, and the person may have chosen something meanwhile: an
        older answer never replaces a newer one.
        """
        if read_at < max(self.read_at, self.changed_at):
            return
        is_news = live.unread != self.live.unread
        self.live, self.read_at = live, read_at
        if is_news:
            for page in self.pages:
                page.wake()

    def is_trusted(self, now: float) -> bool:
        """Return whether what is known is recent enough to need no query."""
        is_true = self.read_at >= self.changed_at
        return is_true and now - self.read_at < _TRUSTED_SECONDS

    def silent_seconds(self, now: float) -> float:
        silence = self.live.at - self.live.record.last_seen_at
        known = silence.total_seconds() + now - self.read_at
        return min(known, now - self.input_at)

    def left_seconds(self, now: float) -> float:
        lifetime = self.live.record.expires_at - self.live.at
        return lifetime.total_seconds() - (now - self.read_at)

    @property
    def is_unwritten(self) -> bool:
        return self.input_at > self.written_at


class AttendedPage:
    """One open page of a sign-in."""

    def __init__(self, known: _Known) -> None:
        self._known = known
        self._ended = asyncio.Event()
        self._news = asyncio.Event()

    @property
    def live(self) -> LiveSession:
        """The sign-in as it was last seen."""
        return self._known.live

    @property
    def is_over(self) -> bool:
        """Whether the sign-in has ended."""
        return self._ended.is_set()

    async def wait_until_over(self) -> None:
        """Wait until the sign-in ends."""
        await self._ended.wait()

    def silent_seconds(self) -> float:
        """Return for how long there was no input, on any page of the sign-in."""
        return self._known.silent_seconds(time.monotonic())

    def left_seconds(self) -> float:
        """Return for how long the sign-in is valid at most."""
        return self._known.left_seconds(time.monotonic())

    async def wait_for_news(self, seconds: float) -> None:
        """Wait until there is something to look at, at most `seconds`."""
        with move_on_after(seconds):
            await self._news.wait()
        self._news.clear()

    def wake(self) -> None:
        """Wake the waiting page: there is something to look at."""
        self._news.set()

    def end(self) -> None:
        """Wake the waiting page: the sign-in is over."""
        self._ended.set()
        self._news.set()


class LiveSessions:
    """The sign-ins in use; belongs to the event loop of one server."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self._database = database
        self.limits = limits
        self._idle = limits.idle.total_seconds()
        self._by_token: dict[bytes, _Known] = {}
        self._by_id: dict[UUID, _Known] = {}
        self._lookups: dict[bytes, asyncio.Task[LiveSession | None]] = {}
        self._was_leaderless = False

    async def find(self, token: str) -> LiveSession | None:
        """Return the sign-in behind a token; raises DatabaseUnavailable."""
        if not is_well_formed(token):
            return None
        key, now = hash_of(token), time.monotonic()
        known = self._by_token.get(key)
        if known is not None and known.is_trusted(now):
            return None if self._is_over(known, now) else known.live
        # Pages send a dozen requests at once: one query answers all of them.
        if (lookup := self._lookups.get(key)) is None:
            lookup = asyncio.create_task(self._ask(key, token))
            self._lookups[key] = lookup
            lookup.add_done_callback(lambda done: self._forget_lookup(key, done))
        return await asyncio.shield(lookup)

    def note_input(self, session_id: UUID, *, seconds_ago: float = 0.0) -> None:
        """Record that the person did something; what is over stays over.

        Input from before the longest silence keeps nothing open, so it is ignored. A
        page may claim any number, and the database refuses a statement with a time
        before its earliest: everybody's input would be refused together with it.
        """
        if not 0 <= seconds_ago < self._idle:
            return
        known, now = self._by_id.get(session_id), time.monotonic()
        if known is not None and not self._is_over(known, now):
            known.input_at = max(known.input_at, now - seconds_ago)

    def forget(self, session_id: UUID) -> None:
        """Close the pages of a sign-in that was just ended here."""
        if (known := self._by_id.get(session_id)) is not None:
            self._drop(known)

    def invalidate(self, session_id: UUID) -> None:
        """Look a sign-in up at its next request: its person was just changed here."""
        if (known := self._by_id.get(session_id)) is not None:
            known.changed_at = time.monotonic()
            for key in self._tokens_of(known):
                self._lookups.pop(key, None)

    def absence(self) -> Absence | None:
        """Return since when nothing can be recorded; None while it can."""
        return self._database.absence()

    @contextmanager
    def attend(self, live: LiveSession) -> Iterator[AttendedPage]:
        """Be told when the sign-in ends, for as long as a page is open."""
        known = self._by_id.get(live.record.id) or _Known(live, time.monotonic())
        self._by_id[live.record.id] = known
        page = AttendedPage(known)
        known.pages.add(page)
        try:
            yield page
        finally:
            known.pages.discard(page)

    def known(self, session_id: UUID) -> LiveSession | None:
        """Return a sign-in as it was last seen; page scripts ask from their threads.

        A sign-in with an open page is known until it ends.
        """
        known = self._by_id.get(session_id)
        if known is None or self._is_over(known, time.monotonic()):
            return None
        return known.live

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look after the sign-ins in the background."""
        # In separate tasks: while a write waits for a new primary, replicas still
        # answer, and time goes on.
        steps = (
            self._write_what_is_due,
            self._look,
            self._close_what_is_over,
            self._wake_pages,
        )
        tasks = [asyncio.create_task(_repeat(step)) for step in steps]
        _current[:] = [self]
        try:
            yield
        finally:
            _current.clear()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            with suppress(DatabaseUnavailable), move_on_after(_LAST_WORD_SECONDS):
                await self._write_input(lambda known: known.is_unwritten)

    async def _ask(self, key: bytes, token: str) -> LiveSession | None:
        read_at, limits = time.monotonic(), self._limits_now()
        live = await self._newest(
            lambda session: sessions.find(session, token, limits=limits)
        )
        if live is None:
            if (known := self._by_token.get(key)) is not None:
                self._drop(known)
            return None
        known = self._by_id.get(live.record.id) or _Known(live, read_at)
        known.renew(live, read_at)
        self._by_token[key] = self._by_id[live.record.id] = known
        return None if self._is_over(known, read_at) else known.live

    def _forget_lookup(
        self, key: bytes, lookup: asyncio.Task[LiveSession | None]
    ) -> None:
        # A later lookup may have taken its place.
        if self._lookups.get(key) is lookup:
            del self._lookups[key]

    def _limits_now(self) -> Limits:
        """Return the limits that the database is asked with.

        While nobody leads, no input can be recorded: the database then returns all
        sign-ins that were live when that began, and what is known here decides.
        """
        return self.limits.without(self._database.gap_seconds())

    async def _look(self) -> None:
        open_ = {id_: known.live for id_, known in self._by_id.items() if known.pages}
        if not open_:
            return
        read_at, limits = time.monotonic(), self._limits_now()
        live_by_id = await self._newest(
            lambda session: sessions.find_all(session, open_, limits=limits)
        )
        for session_id in open_:
            if (known := self._by_id.get(session_id)) is None:
                continue
            if (live := live_by_id.get(session_id)) is None:
                self._drop(known)
            else:
                known.renew(live, read_at)

    async def _close_what_is_over(self) -> None:
        now, is_leaderless = time.monotonic(), self._database.gap_seconds() > 0
        for known in list(self._by_id.values()):
            is_unused = not known.pages and not known.is_unwritten
            is_old = is_unused and now - known.read_at > _KEPT_SECONDS
            # Another server may have seen input, so the database decides; if no
            # database answers, time goes on nonetheless.
            is_unsure = now - known.read_at > _UNSURE_SECONDS or is_leaderless
            if is_old or (is_unsure and self._is_over(known, now)):
                self._drop(known)

    async def _wake_pages(self) -> None:
        """Have pages look at the database while nobody leads, and once afterwards."""
        is_leaderless = self._database.absence() is not None
        if is_leaderless or self._was_leaderless:
            for known in self._by_id.values():
                for page in known.pages:
                    page.wake()
        self._was_leaderless = is_leaderless

    def _is_over(self, known: _Known, now: float) -> bool:
        return known.left_seconds(now) <= 0 or known.silent_seconds(now) >= self._idle

    def _is_due(self, known: _Known) -> bool:
        pause = self._idle / _WRITES_PER_IDLE
        return known.is_unwritten and time.monotonic() - known.written_at >= pause

    async def _write_what_is_due(self) -> None:
        await self._write_input(self._is_due)

    async def _write_input(self, is_due: Callable[[_Known], bool]) -> None:
        due = [known for known in self._by_id.values() if is_due(known)]
        if not due or self._database.absence() is not None:
            # It stays due until somebody leads.
            return
        now = time.monotonic()
        silences = {known.live.record.id: now - known.input_at for known in due}
        await self._write_down(silences)
        for known in due:
            known.written_at = now

    async def _write_down(self, silences: Mapping[UUID, float]) -> None:
        limits = self._limits_now()
        await to_thread.run_sync(
            lambda: self._database.write(
                lambda session: sessions.touch(session, silences, limits=limits),
                identity=ANONYMOUS,
            ),
            abandon_on_cancel=True,
        )

    async def _newest(self, operation: Callable[[Session], T]) -> T:
        read = await to_thread.run_sync(
            lambda: self._database.read_newest(operation, identity=ANONYMOUS)
        )
        return read.value

    def _drop(self, known: _Known) -> None:
        self._by_id.pop(known.live.record.id, None)
        for key in self._tokens_of(known):
            del self._by_token[key]
        for page in list(known.pages):
            page.end()

    def _tokens_of(self, known: _Known) -> list[bytes]:
        """Return the hashes of the tokens that a sign-in was found by."""
        return [key for key, entry in self._by_token.items() if entry is known]


_current: Final[list[LiveSessions]] = []


def current() -> LiveSessions | None:
    """Return the sign-ins of the server that runs in this process, if one does."""
    return _current[0] if _current else None


async def _repeat(step: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        try:
            await step()
        except DatabaseUnavailable:
            # What is known of time still holds; the rest can wait for a database.
            _log.warning("No database answered when sign-ins were checked.")
        except Exception:
            _log.exception("Checking sign-ins failed.")
