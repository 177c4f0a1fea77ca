"""Sign-ins: random, stored as hashes, and limited in time."""

from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event, func, select, update

from db.models.user import User, UserSession
from services.core.actors import KEEPER
from services.core.errors import NotAllowed, NotFound
from services.people import sessions
from services.people.random_tokens import hash_of, is_well_formed
from tests.kit import acting, cast
from tests.kit.audit_events import events_of


@pytest.fixture
def rosa(session):
    return cast.add_actor(session, cast.ROSA)


@pytest.fixture
def jonas(session):
    return cast.add_actor(session, cast.JONAS)


def _start(session, person, **options):
    options = {"method": "code", "network": "::1", "browser": "Firefox"} | options
    return sessions.start(session, person.id, **options)


def _change(session, **values):
    session.execute(update(UserSession).values(**values))


@contextmanager
def _statements_of(session):
    """Yield the statements that the block sends to the database."""
    statements, connection = [], session.connection()

    def note(_connection, _cursor, statement, *_more):
        statements.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


def test_a_token_leads_to_whoever_signed_in_with_it(session, rosa):
    started = _start(session, rosa)

    live = sessions.find(session, started.token)

    assert live.actor == rosa
    assert (live.record.id, live.record.browser) == (started.id, "Firefox")


def test_asvs_7_2_3_a_token_has_256_random_bits_and_only_its_hash_is_kept(
    session, rosa
):
    first, second = _start(session, rosa), _start(session, rosa)

    kept = session.get_one(UserSession, first.id)
    assert first.token != second.token
    assert len(first.token) == 43
    assert is_well_formed(first.token)
    assert kept.token_hash == hash_of(first.token)
    assert first.token.encode() not in kept.token_hash


def test_an_unknown_token_is_nobodys(session, rosa):
    _start(session, rosa)

    assert sessions.find(session, "x" * 43) is None


@pytest.mark.parametrize(
    "change",
    [
        update(UserSession).values(ended_at=func.now()),
        update(UserSession).values(expires_at=func.now()),
        update(UserSession).values(last_seen_at=func.now() - timedelta(minutes=15)),
        update(User).values(deactivated_at=func.now()),
    ],
    ids=["ended", "12 hours old", "15 minutes without input", "deactivated"],
)
def test_what_is_over_lets_nobody_in(session, rosa, change):
    started = _start(session, rosa)
    seen = sessions.find(session, started.token)
    session.execute(change)

    assert sessions.find(session, started.token) is None
    assert sessions.find_all(session, {started.id: seen}) == {}


@pytest.mark.parametrize(
    "change",
    [
        update(User).values(name="Rosa Else"),
        update(User).values(role="clinician"),
        update(UserSession).values(confirmed_at=func.now()),
        update(UserSession).values(
            last_seen_at=UserSession.last_seen_at - timedelta(minutes=1)
        ),
    ],
    ids=["another name", "another role", "confirmed", "seen at another time"],
)
def test_of_what_was_seen_before_only_what_has_changed_is_read(session, rosa, change):
    first, second = _start(session, rosa), _start(session, rosa)
    seen = {
        sign_in.id: sessions.find(session, sign_in.token) for sign_in in (first, second)
    }

    with _statements_of(session) as unchanged:
        assert sessions.find_all(session, seen) == seen
    table = change.table.c
    session.execute(change.where(table.id.in_([rosa.id, second.id])))
    with _statements_of(session) as changed:
        current = sessions.find_all(session, seen)

    assert (len(unchanged), len(changed)) == (1, 2)
    assert current == {
        sign_in.id: sessions.find(session, sign_in.token) for sign_in in (first, second)
    }
    assert current[second.id] != seen[second.id]


def test_a_sign_in_lasts_twelve_hours_and_fourteen_silent_minutes(session, rosa):
    started = _start(session, rosa)
    _change(session, last_seen_at=func.now() - timedelta(minutes=14, seconds=59))

    record = sessions.find(session, started.token).record

    assert record.expires_at - record.created_at == timedelta(hours=12)


def test_somebody_deactivated_cannot_start(session, rosa):
    session.execute(update(User).values(deactivated_at=func.now()))

    with pytest.raises(NotAllowed, match="no longer be used here"):
        _start(session, rosa)

    assert session.scalars(select(UserSession)).all() == []


def test_a_new_sign_in_ends_the_one_that_the_browser_had(session, rosa, jonas):
    old = _start(session, rosa)
    other = _start(session, rosa)

    new = _start(session, jonas, replacing=old.token)

    assert sessions.find(session, old.token) is None
    assert sessions.find(session, new.token).actor == jonas
    assert sessions.find(session, other.token) is not None
    assert events_of(session, "session:end")[0].details["reason"] == "replaced"


def test_input_keeps_a_sign_in_alive(session, rosa):
    started = _start(session, rosa)
    _change(session, last_seen_at=func.now() - timedelta(minutes=10))

    sessions.touch(session, {started.id: 20.5})

    live = sessions.find(session, started.token)
    assert live.at - live.record.last_seen_at == timedelta(seconds=20.5)


def test_older_input_does_not_undo_what_another_server_saw(session, rosa):
    started = _start(session, rosa)
    _change(session, last_seen_at=func.now() - timedelta(seconds=5))

    sessions.touch(session, {started.id: 30})

    live = sessions.find(session, started.token)
    assert live.at - live.record.last_seen_at == timedelta(seconds=5)


@pytest.mark.parametrize(
    "over",
    [
        {"ended_at": func.now()},
        {"expires_at": func.now()},
        {"last_seen_at": func.now() - timedelta(minutes=15)},
    ],
    ids=["ended", "too old", "silent"],
)
def test_input_brings_nothing_back(session, rosa, over):
    started = _start(session, rosa)
    _change(session, last_seen_at=func.now() - timedelta(minutes=1))
    _change(session, **over)

    sessions.touch(session, {started.id: 0})

    assert sessions.find(session, started.token) is None


def test_a_sign_in_by_code_is_confirmed_later(session, rosa):
    started = _start(session, rosa)
    assert sessions.find(session, started.token).record.confirmed_at is None

    sessions.confirm(session, started.id)

    live = sessions.find(session, started.token)
    assert live.record.confirmed_at == live.at


def test_signing_in_with_a_passkey_confirms_at_once(session, rosa):
    started = _start(session, rosa, method="passkey")

    live = sessions.find(session, started.token)

    assert live.record.confirmed_at == live.at


def test_what_has_ended_cannot_be_confirmed(session, rosa):
    started = _start(session, rosa)
    sessions.end(session, rosa, started.id)

    with pytest.raises(NotFound, match="Sign in again"):
        sessions.confirm(session, started.id)


def test_asvs_7_5_2_people_list_their_own_open_sign_ins_last_used_first(
    session, rosa, jonas
):
    first, second, third = (_start(session, rosa) for _ in range(3))
    _start(session, jonas)
    _change(session, last_seen_at=func.now() - timedelta(minutes=1))
    sessions.touch(session, {first.id: 0})
    sessions.end(session, rosa, third.id)

    records = sessions.list_sessions(session, rosa, rosa.id)

    assert [record.id for record in records] == [first.id, second.id]


def test_nobody_lists_or_ends_another_persons_sign_ins(session, rosa, jonas):
    started = _start(session, rosa)

    for attempt in (
        lambda: sessions.list_sessions(session, jonas, rosa.id),
        lambda: sessions.end_all(session, jonas, rosa.id),
    ):
        with pytest.raises(NotAllowed, match="end other people's sessions"):
            attempt()
    with pytest.raises(NotFound, match="no such sign-in"):
        sessions.end(session, jonas, started.id)
    acting.run_as_owner(session)
    with pytest.raises(NotAllowed, match="end other people's sessions"):
        sessions.end(session, jonas, started.id)

    assert sessions.find(session, started.token) is not None


def test_an_admin_lists_and_ends_anybodys(session, rosa, ines):
    first, second = _start(session, rosa), _start(session, rosa)
    assert len(sessions.list_sessions(session, ines, rosa.id)) == 2

    sessions.end(session, ines, first.id)
    assert sessions.find(session, first.token) is None
    assert sessions.end_all(session, ines, rosa.id) == 1
    assert sessions.find(session, second.token) is None

    event = events_of(session, "session:end")[0]
    assert (event.actor_id, event.subject_id) == (ines.id, str(first.id))
    assert event.details == {"reason": "ended", "user_id": str(rosa.id)}


def test_all_but_the_one_in_use_can_be_ended(session, rosa):
    mine, other = _start(session, rosa), _start(session, rosa)

    assert sessions.end_all(session, rosa, rosa.id, but=mine.id) == 1

    assert sessions.find(session, mine.token) is not None
    assert sessions.find(session, other.token) is None


def test_an_unknown_sign_in_cannot_be_ended(session, rosa):
    with pytest.raises(NotFound):
        sessions.end(session, rosa, uuid4())


def test_signing_out_ends_it_and_is_written_down_once(session, rosa):
    started = _start(session, rosa)

    sessions.sign_out(session, started.token)
    sessions.sign_out(session, started.token)

    assert sessions.find(session, started.token) is None
    (event,) = events_of(session, "session:end")
    assert event.details["reason"] == "sign-out"
    assert (event.actor_id, event.subject_id) == (rosa.id, str(started.id))


def test_starting_and_confirming_are_written_down(session, rosa):
    started = _start(session, rosa, method="oidc")
    sessions.confirm(session, started.id)

    (begun,) = events_of(session, "session:start")
    (confirmed,) = events_of(session, "session:confirm")
    assert begun.details == {"method": "oidc"}
    assert {begun.actor_id, confirmed.actor_id} == {rosa.id}
    assert {begun.subject_id, confirmed.subject_id} == {str(started.id)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (update(UserSession).values(expires_at=func.now()), "expired"),
        (
            update(UserSession).values(last_seen_at=func.now() - timedelta(hours=1)),
            "idle",
        ),
        (update(User).values(deactivated_at=func.now()), "deactivated"),
    ],
)
def test_what_is_over_by_itself_is_written_down_once(session, rosa, change, reason):
    _start(session, rosa)
    assert sessions.expire(session) == 0
    session.execute(change)

    assert sessions.expire(session) == 1
    assert sessions.expire(session) == 0

    (event,) = events_of(session, "session:end")
    assert (event.details["reason"], event.actor_id) == (reason, KEEPER.id)
    assert event.details["user_id"] == str(rosa.id)


def test_what_ended_long_ago_is_forgotten(session, rosa):
    started = _start(session, rosa)
    sessions.end(session, rosa, started.id)
    assert sessions.forget(session) == 0
    _change(session, ended_at=func.now() - timedelta(days=91))

    assert sessions.forget(session) == 1


def test_shorter_limits_can_be_set(session, rosa):
    limits = sessions.Limits(idle=timedelta(minutes=1), lifetime=timedelta(hours=1))
    started = _start(session, rosa, limits=limits)
    record = sessions.find(session, started.token, limits=limits).record
    _change(session, last_seen_at=func.now() - timedelta(minutes=2))

    assert record.expires_at - record.created_at == timedelta(hours=1)
    assert sessions.find(session, started.token, limits=limits) is None
    assert sessions.find(session, started.token) is not None
