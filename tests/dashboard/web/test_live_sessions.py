"""What two servers know of the same sign-ins, and how soon."""

import asyncio
import threading
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest
from anyio.from_thread import start_blocking_portal
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from dashboard.web.sessions import live_sessions
from dashboard.web.sessions.live_sessions import LiveSessions
from dashboard.web.sessions.session_watch import socket
from dashboard.web.sessions.session_watch.socket import SessionSocket, database_state
from db.cluster.site_position import SitePosition
from db.models.user import User, UserNotification, UserSession
from db.postgres import Absence, DatabaseUnavailable
from services.people import sessions
from services.people.sessions import Limits
from tests.conftest import connect, owner
from tests.kit import cast
from tests.kit.waiting import eventually

PROMISED_SECONDS = 2


@pytest.fixture
def raw(endpoints):
    """The database, changed behind the servers' backs."""
    engine = connect(owner(endpoints))
    yield engine
    engine.dispose()


@pytest.fixture
def rosa(raw):
    with Session(raw) as session, session.begin():
        return cast.add_actor(session, cast.ROSA)


@pytest.fixture
def started(raw, rosa):
    with Session(raw) as session, session.begin():
        return sessions.start(
            session, rosa.id, method="code", network=None, browser=None
        )


def _run(story):
    """Run a story in an event loop of its own: Playwright keeps one in this thread."""
    with start_blocking_portal() as portal:
        return portal.call(story)


def _execute(engine, statement, *values):
    with engine.begin() as connection:
        connection.execute(statement, *values)


async def _until_over(page):
    await asyncio.wait_for(page.wait_until_over(), 30)


def test_a_token_is_found_and_an_unknown_one_is_not(database, rosa, started):
    async def story():
        live = LiveSessions(database, Limits())
        return await live.find(started.token), await live.find("x" * 43)

    known, unknown = _run(story)

    assert known.actor == rosa
    assert unknown is None


def test_what_cannot_be_a_token_asks_no_database():
    live = LiveSessions(None, Limits())

    assert _run(lambda: live.find("x" * 42)) is None


def test_a_page_that_asks_for_many_things_at_once_asks_the_database_once(
    database, started, monkeypatch
):
    reads = []
    find = sessions.find
    monkeypatch.setattr(
        sessions, "find", lambda *args, **more: reads.append(1) or find(*args, **more)
    )

    async def story():
        live = LiveSessions(database, Limits())
        await asyncio.gather(*(live.find(started.token) for _ in range(20)))
        await live.find(started.token)

    _run(story)

    assert len(reads) == 1


@pytest.mark.parametrize(
    "end",
    [
        update(UserSession).values(ended_at=func.now()),
        update(UserSession).values(expires_at=func.now()),
        update(UserSession).values(last_seen_at=func.now() - timedelta(minutes=15)),
        update(User).values(deactivated_at=func.now()),
    ],
    ids=["ended elsewhere", "too old", "silent", "deactivated"],
)
def test_every_page_of_every_server_ends_with_the_next_look(
    database, started, raw, end, monkeypatch
):
    looks, find_all = [], sessions.find_all

    def look(*args, **more):
        looks.append(1)
        return find_all(*args, **more)

    async def story():
        servers = [LiveSessions(database, Limits()) for _ in range(2)]
        async with AsyncExitStack() as stack:
            pages = []
            for server in servers:
                await stack.enter_async_context(server.watching())
                live = await server.find(started.token)
                pages += [stack.enter_context(server.attend(live)) for _ in range(2)]
            await asyncio.to_thread(_execute, raw, end)
            monkeypatch.setattr(sessions, "find_all", look)
            await asyncio.gather(*map(_until_over, pages))

    _run(story)

    # At most one by each server; one may have been under way.
    assert len(looks) <= 2
    assert live_sessions._EVERY_SECONDS < PROMISED_SECONDS / 2


def test_what_was_ended_here_closes_its_pages_at_once(database, started):
    async def story():
        server = LiveSessions(database, Limits())
        live = await server.find(started.token)
        with server.attend(live) as page:
            server.forget(live.record.id)
            return page.is_over

    assert _run(story)


@pytest.mark.parametrize("name", ["find", "find_all"])
def test_what_was_asked_before_a_choice_does_not_undo_it(
    database, started, raw, monkeypatch, name
):
    usual = getattr(sessions, name)
    has_read, may_answer = threading.Event(), threading.Event()

    def answer_late(*args, **more):
        answer = usual(*args, **more)
        has_read.set()
        assert may_answer.wait(30)
        return answer

    async def story():
        server = LiveSessions(database, Limits())
        live = await server.find(started.token)
        with server.attend(live):
            server.invalidate(live.record.id)
            monkeypatch.setattr(sessions, name, answer_late)
            late = server.find(started.token) if name == "find" else server._look()
            question = asyncio.create_task(late)
            await asyncio.to_thread(has_read.wait, 30)
            monkeypatch.setattr(sessions, name, usual)
            german = update(User).where(User.id == live.actor.id).values(language="de")
            await asyncio.to_thread(_execute, raw, german)
            server.invalidate(live.record.id)
            at_once = await asyncio.wait_for(server.find(started.token), 20)
            may_answer.set()
            await question
            later = [await server.find(started.token), server.known(live.record.id)]
            return [each.actor.language for each in (at_once, *later)]

    assert _run(story) == ["de", "de", "de"]


def test_a_page_hears_at_once_how_many_notifications_are_unread(
    database, started, raw, rosa
):
    notification = {"user_id": rosa.id, "topic": "alert", "subject_id": None}

    async def story():
        server = LiveSessions(database, Limits())
        live = await server.find(started.token)
        with server.attend(live) as page:
            async with server.watching():
                await asyncio.to_thread(
                    _execute, raw, insert(UserNotification), [notification]
                )
                # It is woken long before its own next check.
                await asyncio.wait_for(page.wait_for_news(300), 30)
                return live.unread, page.live.unread

    assert _run(story) == (0, 1)


def test_without_input_a_page_ends_by_itself(database, started):
    limits = Limits(idle=timedelta(seconds=2))

    async def story():
        server = LiveSessions(database, limits)
        async with server.watching():
            live = await server.find(started.token)
            with server.attend(live) as page:
                await _until_over(page)
                return await server.find(started.token)

    assert _run(story) is None


def _silent_for(minutes):
    silence = timedelta(minutes=minutes)
    return update(UserSession).values(last_seen_at=func.now() - silence)


def test_input_on_one_server_keeps_the_pages_of_another_open(database, started, raw):
    limits = Limits(idle=timedelta(minutes=15))

    async def story():
        here, there = LiveSessions(database, limits), LiveSessions(database, limits)
        async with here.watching(), there.watching():
            live = await here.find(started.token)
            await there.find(started.token)
            with here.attend(live), there.attend(live) as page:

                async def has_heard(is_so):
                    await asyncio.to_thread(eventually, page.silent_seconds, is_so)

                await asyncio.to_thread(_execute, raw, _silent_for(14))
                await has_heard(lambda seconds: seconds >= 14 * 60)
                here.note_input(live.record.id)
                await has_heard(lambda seconds: seconds < 14 * 60)
                is_open_meanwhile = not page.is_over
                await asyncio.to_thread(_execute, raw, _silent_for(15))
                await _until_over(page)
                return is_open_meanwhile

    assert _run(story)


def test_input_is_written_down_seldom(database, started, monkeypatch):
    written = []
    touch = sessions.touch
    monkeypatch.setattr(
        sessions,
        "touch",
        lambda *args, **more: written.append(1) or touch(*args, **more),
    )

    async def story():
        server, rounds = LiveSessions(database, Limits()), asyncio.Semaphore(0)
        write = server._write_input

        async def write_and_note(is_due):
            await write(is_due)
            rounds.release()

        monkeypatch.setattr(server, "_write_input", write_and_note)
        async with server.watching():
            live = await server.find(started.token)
            for _ in range(4):
                server.note_input(live.record.id)
                await asyncio.wait_for(rounds.acquire(), 30)
            return len(written)

    # Once at the first input, once more when the server ends.
    assert _run(story) == 1
    assert len(written) == 2


@pytest.mark.parametrize("claimed", [1e300, float("inf"), float("nan"), 1e15, -1e300])
def test_whatever_one_page_claims_the_input_of_others_is_written_down(
    database, started, raw, claimed
):
    with Session(raw) as session, session.begin():
        somebody = cast.add_actor(session, cast.ADAM)
        other = sessions.start(
            session, somebody.id, method="code", network=None, browser=None
        )
    _execute(raw, _silent_for(5))

    async def story():
        server = LiveSessions(database, Limits())
        for each in (started, other):
            await server.find(each.token)
        server.note_input(other.id, seconds_ago=claimed)
        server.note_input(started.id)
        await server._write_what_is_due()

    _run(story)

    with Session(raw) as session:
        written = session.get_one(UserSession, started.id)
        assert written.last_seen_at > written.created_at - timedelta(minutes=1)


def test_while_no_database_answers_a_page_stays_and_time_still_ends_it(
    database, started, monkeypatch
):
    failed = []

    def fail(*args, **more):
        failed.append(1)
        raise DatabaseUnavailable("No server.")

    async def story():
        server = LiveSessions(database, Limits(idle=timedelta(seconds=3)))
        live = await server.find(started.token)
        monkeypatch.setattr(database, "read_newest", fail)
        monkeypatch.setattr(database, "write", fail)
        async with server.watching():
            with server.attend(live) as page:
                server.note_input(live.record.id)
                await asyncio.to_thread(eventually, lambda: failed)
                is_open_meanwhile = not page.is_over
                await _until_over(page)
                return is_open_meanwhile

    assert _run(story)


@pytest.fixture
def leaderless(database, raw, monkeypatch):
    """Simulate an hour in which nobody's input could be recorded."""

    def begin():
        hour = timedelta(hours=1)
        _execute(
            raw,
            update(UserSession).values(
                created_at=UserSession.created_at - hour,
                last_seen_at=UserSession.last_seen_at - hour,
            ),
        )
        monkeypatch.setattr(database, "gap_seconds", lambda: 3600.0)
        # As if what is known were a second old.
        monkeypatch.setattr(live_sessions, "_TRUSTED_SECONDS", 0.0)

    return begin


def test_who_was_seen_here_stays_although_nobody_could_write_it_down(
    database, started, leaderless
):
    async def story():
        server = LiveSessions(database, Limits())
        live = await server.find(started.token)
        leaderless()
        server.note_input(live.record.id)
        return await server.find(started.token)

    assert _run(story) is not None


def test_who_was_silent_meanwhile_is_not_let_in(database, started, leaderless):
    async def story():
        server = LiveSessions(database, Limits())
        await server.find(started.token)
        leaderless()
        return await server.find(started.token)

    assert _run(story) is None


def test_a_silent_page_closes_although_the_database_would_let_it_be(
    database, started, leaderless
):
    async def story():
        server = LiveSessions(database, Limits())
        live = await server.find(started.token)
        async with server.watching():
            with server.attend(live) as page:
                leaderless()
                await _until_over(page)
                return page.is_over

    assert _run(story)


def test_once_there_is_a_primary_again_it_learns_who_was_there(
    database, started, raw, leaderless
):
    def is_known():
        with Session(raw) as session:
            silence = session.scalar(select(func.now() - UserSession.last_seen_at))
        return silence < timedelta(minutes=1)

    async def story():
        server = LiveSessions(database, Limits())
        live = await server.find(started.token)
        async with server.watching():
            with server.attend(live):
                leaderless()
                was_known = is_known()
                server.note_input(live.record.id)
                return was_known, await asyncio.to_thread(eventually, is_known)

    assert _run(story) == (False, True)


def test_pages_look_at_the_database_while_nobody_leads_and_once_afterwards(
    database, started, monkeypatch
):
    async def story():
        server, woken = LiveSessions(database, Limits()), []
        live = await server.find(started.token)
        with server.attend(live) as page:
            monkeypatch.setattr(page, "wake", lambda: woken.append(is_led))
            for is_led in (True, False, False, True, True):
                absence = None if is_led else Absence(live.at, 1.0, is_lasting=False)
                monkeypatch.setattr(
                    database, "absence", lambda current=absence: current
                )
                await server._wake_pages()
        return woken

    assert _run(story) == [False, False, True]


def test_a_page_with_nothing_to_tell_rests_until_it_is_time_to_warn(database, started):
    async def story():
        server = LiveSessions(database, Limits(idle=timedelta(minutes=15)))
        socket = SessionSocket(server, key="k")
        with server.attend(await server.find(started.token)) as page:
            quiet, warned = socket._pause(page, None), socket._pause(page, "idle")
            page.wake()
            await asyncio.wait_for(page.wait_for_news(quiet), 30)
        return quiet, warned

    quiet, warned = _run(story)

    assert 12 * 60 < quiet <= 13 * 60
    assert warned <= 1


def test_a_page_at_a_standby_site_hears_of_which_minute_it_is(monkeypatch):
    # The clinic's own clock needs a clinic's database.
    monkeypatch.setattr(socket, "in_zone", lambda at: at)
    noon = datetime(2026, 11, 27, 12, tzinfo=UTC)
    site = SitePosition("north", (), noon, noon - timedelta(minutes=1))

    state = database_state(Absence(noon, 900.0, is_lasting=True), site)

    assert (state.state, state.since) == ("standby", "11:59")
    unknown = SitePosition("north", (), noon, None)
    assert database_state(None, unknown).since == "?"
