"""Legal holds: seen by administrators as ids, and ended with a fresh passkey."""

from uuid import uuid4

import pytest

from services.core.audit import Action
from services.documents import records, retention
from services.documents.records.errors import NoHoldToRelease, NoSuchDocument
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.documents.records.samples import file
from tests.services.documents.retention.samples import row_of
from tests.services.people.people_samples import desk

REASON = "Claim 2026-17 against the clinic"


@pytest.fixture
def held(session, clerk):
    document = file(session, clerk, title="Letter about Ada")
    records.hold(session, clerk, document.id, reason=REASON)
    return document


def test_an_administrator_sees_the_hold_and_its_reason_but_no_title(
    session, boss, held
):
    (document,) = retention.list_holds(session, boss.actor)

    assert (document.id, document.reason) == (held.id, REASON)
    assert "Ada" not in repr(document)


def test_the_holder_is_named_where_they_are_known(session, boss):
    rosa = cast.add_actor(session, cast.ROSA)
    document = file(session, rosa)
    records.hold(session, rosa, document.id, reason=REASON)

    (hold,) = retention.list_holds(session, boss.actor)

    assert hold.holder_name == cast.ROSA.name


def test_a_released_document_is_held_no_more_and_that_is_told(session, boss, held):
    before = row_of(session, held).updated_at

    retention.release_hold(session, boss.actor, held.id, **boss.fresh)

    row = row_of(session, held)
    assert (row.held_at, row.held_by, row.held_because) == (None, None, None)
    # Otherwise its time would begin again.
    assert row.updated_at == before
    (event,) = events_of(session, Action.DOCUMENT_RELEASE)
    assert (event.subject_id, event.details) == (
        str(held.id),
        {"version": 1, "revision": row.revision},
    )


def test_without_a_fresh_passkey_a_hold_stands(session, held):
    boss = desk(session, method="code")

    with pytest.raises(NotConfirmed):
        retention.release_hold(session, boss.actor, held.id, **boss.fresh)

    assert row_of(session, held).held_at is not None


def test_what_is_not_held_cannot_be_released(session, boss, clerk):
    document = file(session, clerk)

    with pytest.raises(NoHoldToRelease):
        retention.release_hold(session, boss.actor, document.id, **boss.fresh)
    with pytest.raises(NoSuchDocument):
        retention.release_hold(session, boss.actor, uuid4(), **boss.fresh)
