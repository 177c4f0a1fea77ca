"""Links to documents: who may make them, and when they open nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.models.document import DocumentShare
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed
from services.documents import records
from services.documents.records.drafts import ChangedDocument
from services.documents.records.errors import Damaged, NoSuchDocument, Quarantined
from services.documents.sharing import offboarding, shares
from services.documents.sharing.links import LinkSigner
from services.people import accounts
from services.people.sign_in import identities
from services.people.sign_in.identities import IdentityClaims
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.kit.waiting import run_behind
from tests.services.documents.records.samples import content, file, mark
from tests.services.people.people_samples import desk


@pytest.fixture
def filed(session, clerk, patient):
    return file(session, clerk, of=patient)


@pytest.fixture
def link(session, clerk, filed):
    """A link to the document that is valid for an hour."""
    return shares.create(session, clerk, filed.id, None, minutes=60)


def _events(session, action):
    return [
        (event.outcome, event.patient_id, event.details)
        for event in events_of(session, action)
    ]


def test_a_link_leads_to_the_one_version_it_was_made_for(session, clerk, filed, link):
    newer = content(b"%PDF newer")
    records.add_version(session, clerk, filed.id, newer, revision=1)

    shared = shares.find(session, link.secret)

    assert shared.version == filed.version
    assert shared.version.number == link.share.number == 1


def test_an_older_version_can_be_shared_too(session, clerk, filed):
    newer = content(b"%PDF newer")
    records.add_version(session, clerk, filed.id, newer, revision=1)

    made = shares.create(session, clerk, filed.id, 1, minutes=60)

    assert shares.find(session, made.secret).version == filed.version


def test_looking_is_not_counted_and_opening_is(session, clerk, filed, link):
    for _ in range(2):
        shares.find(session, link.secret)
    shares.open_link(session, link.secret)
    shares.open_link(session, link.secret)

    (shown,) = shares.list_of(session, clerk, filed.id)
    assert shown.opened == 2
    assert shown.last_opened_at is not None
    details = {"version": 1, "share": str(link.share.id)}
    opened = ("done", filed.patient_id, details)
    assert _events(session, Action.SHARE_OPEN) == [opened, opened]


@pytest.mark.parametrize("minutes", [shares.SHORTEST_MINUTES, shares.LONGEST_MINUTES])
def test_a_link_holds_for_as_long_as_was_said(session, clerk, filed, minutes):
    made = shares.create(session, clerk, filed.id, None, minutes=minutes)

    left = made.share.expires_at - datetime.now(UTC)
    assert timedelta(minutes=minutes - 1) < left <= timedelta(minutes=minutes)


@pytest.mark.parametrize("minutes", [0, -5, 4, 7 * 24 * 60 + 1, 10**12])
def test_a_link_holds_for_five_minutes_to_seven_days(session, clerk, filed, minutes):
    with pytest.raises(InvalidInput, match="from 5 minutes to 7 days"):
        shares.create(session, clerk, filed.id, None, minutes=minutes)


def _expire(session, clerk, link, filed):
    hour_ago = func.now() - timedelta(hours=1)
    session.execute(
        update(DocumentShare).values(created_at=hour_ago, expires_at=func.now())
    )


def _revoke(session, clerk, link, filed):
    shares.revoke(session, clerk, link.share.id)


def _delete(session, clerk, link, filed):
    records.delete(session, clerk, filed.id, revision=None)


def _infect(session, clerk, link, filed):
    mark(session, filed, scan="infected")


def _damage(session, clerk, link, filed):
    mark(session, filed, damaged_at=func.now())


@pytest.mark.parametrize("end", [_expire, _revoke, _delete, _infect, _damage])
def test_a_link_that_is_over_opens_nothing(session, clerk, link, filed, end):
    end(session, clerk, link, filed)

    assert shares.find(session, link.secret) is None
    assert shares.open_link(session, link.secret) is None
    count = session.scalar(select(DocumentShare.opened))
    assert count == 0
    tried = ("refused", None, {"share": str(link.share.id)})
    assert _events(session, Action.SHARE_OPEN) == [tried]


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "é" * 43, "\x00", "x" * 10_000])
def test_what_nobody_made_opens_nothing(session, link, secret):
    assert shares.find(session, secret) is None
    assert shares.open_link(session, secret) is None


def test_a_link_of_a_restored_document_opens_it_again(session, clerk, link, filed):
    records.delete(session, clerk, filed.id, revision=None)
    records.restore(session, clerk, filed.id, revision=None)

    assert shares.find(session, link.secret) is not None


def test_links_of_somebody_who_is_shut_out_open_nothing(session, clerk, link, filed):
    boss, rosa = desk(session), cast.add_actor(session, cast.ROSA)
    kept = shares.create(session, rosa, filed.id, None, minutes=60)

    offboarding.deactivate(session, boss.actor, rosa.id)

    assert shares.find(session, kept.secret) is None
    assert shares.find(session, link.secret) is not None
    (event,) = events_of(session, Action.SHARE_REVOKE)
    assert (event.actor_id, event.subject_id) == (boss.actor.id, str(filed.id))
    assert event.patient_id == filed.patient_id
    assert (event.details["version"], event.details["share"]) == (
        1,
        str(kept.share.id),
    )


def test_links_of_whom_the_identity_provider_shut_out_wait_until_it_lets_them_in(
    session, filed
):
    rosa = IdentityClaims(
        "https://id.example", "rosa", "Rosa", "rosa@example.net", Role.STAFF
    )
    maker = identities.sign_in(session, rosa)
    kept = shares.create(session, maker, filed.id, None, minutes=60)

    identities.end_access(session, replace(rosa, role=None))

    assert shares.find(session, kept.secret) is None
    assert shares.open_link(session, kept.secret) is None
    identities.sign_in(session, rosa)
    assert shares.open_link(session, kept.secret) is not None


def test_links_of_whom_a_new_role_may_not_share_open_nothing(session, filed):
    boss, rosa = desk(session), cast.add_actor(session, cast.ROSA)
    made = shares.create(session, rosa, filed.id, None, minutes=60)

    accounts.change_role(session, boss.actor, rosa.id, Role.CLINICIAN, **boss.fresh)
    opened = shares.open_link(session, made.secret)
    accounts.change_role(session, boss.actor, rosa.id, Role.ANALYST, **boss.fresh)

    assert opened is not None
    assert shares.find(session, made.secret) is None
    assert shares.open_link(session, made.secret) is None


def test_a_link_of_whom_a_new_role_may_not_share_is_listed_as_not_live(
    session, clerk, filed
):
    boss, rosa = desk(session), cast.add_actor(session, cast.ROSA)
    shares.create(session, rosa, filed.id, None, minutes=60)
    shares.create(session, clerk, filed.id, None, minutes=60)

    accounts.change_role(session, boss.actor, rosa.id, Role.ANALYST, **boss.fresh)

    listed = shares.list_of(session, clerk, filed.id)
    live = {share.created_by: share.is_live for share in listed}
    assert live == {rosa.id: False, clerk.id: True}
    accounts.change_role(session, boss.actor, rosa.id, Role.STAFF, **boss.fresh)
    assert all(share.is_live for share in shares.list_of(session, clerk, filed.id))


def test_who_was_shut_out_this_second_makes_no_link_any_more(session, filed):
    boss, rosa = desk(session), cast.add_actor(session, cast.ROSA)
    offboarding.deactivate(session, boss.actor, rosa.id)

    with pytest.raises(NotAllowed, match="no longer"):
        shares.create(session, rosa, filed.id, None, minutes=60)


def test_a_link_that_is_made_while_its_maker_is_shut_out_is_revoked(committing):
    with Session(committing) as session, session.begin():
        boss, rosa = desk(session), cast.add_actor(session, cast.ROSA)
        filed = file(session, rosa)

    made, done = run_behind(
        committing,
        lambda s: shares.create(s, rosa, filed.id, None, minutes=60),
        lambda s: offboarding.deactivate(s, boss.actor, rosa.id),
    )

    done.result()
    with Session(committing) as session:
        assert shares.find(session, made.secret) is None


def test_a_link_that_is_made_while_the_document_leaves_the_record_is_revoked(
    committing,
):
    with Session(committing) as session, session.begin():
        rosa = cast.add_actor(session, cast.ROSA)
        patient, other = cast.add_patient(session), cast.add_patient(session)
        filed = file(session, rosa, of=patient)
        changes = _changed(filed, patient_id=other.id)

    made, done = run_behind(
        committing,
        lambda s: shares.create(s, rosa, filed.id, None, minutes=60),
        lambda s: records.change(s, rosa, filed.id, changes, revision=1),
    )

    done.result()
    with Session(committing) as session:
        assert shares.find(session, made.secret) is None


def _changed(filed, **changes):
    return replace(ChangedDocument.of(filed), **changes)


def test_a_document_that_was_in_the_wrong_record_is_shared_from_there_no_more(
    session, clerk, herself, filed, link
):
    made = shares.create(session, herself, filed.id, None, minutes=60)
    other = cast.add_patient(session)

    records.change(
        session, clerk, filed.id, _changed(filed, patient_id=other.id), revision=1
    )

    assert shares.find(session, made.secret) is None
    assert shares.find(session, link.secret) is None
    revoked = _events(session, Action.SHARE_REVOKE)
    assert {patient for _, patient, _ in revoked} == {filed.patient_id}
    assert {details["share"] for *_, details in revoked} == {
        str(made.share.id),
        str(link.share.id),
    }


def test_a_link_outlives_that_a_document_is_filed_or_renamed(session, clerk, patient):
    loose = file(session, clerk)
    made = shares.create(session, clerk, loose.id, None, minutes=60)

    changed = _changed(loose, title="Letter", patient_id=patient.id)
    records.change(session, clerk, loose.id, changed, revision=1)

    assert shares.find(session, made.secret) is not None


def test_only_a_hash_of_the_secret_is_kept(session, link):
    kept = session.execute(select(DocumentShare.__table__)).mappings().one()

    assert link.secret not in str(dict(kept))
    assert link.secret.encode() != bytes(kept["token_hash"])


def test_what_was_done_with_a_link_names_the_version(session, clerk, filed, link):
    shares.revoke(session, clerk, link.share.id)
    shares.revoke(session, clerk, link.share.id)

    for action in (Action.SHARE_CREATE, Action.SHARE_REVOKE):
        ((outcome, patient_id, details),) = _events(session, action)
        assert (outcome, patient_id) == ("done", filed.patient_id)
        assert (details["version"], details["share"]) == (1, str(link.share.id))
        assert link.secret not in str(details)


@pytest.mark.parametrize("scan", ["waiting", "infected"])
def test_what_is_in_quarantine_is_not_shared(session, clerk, filed, scan):
    mark(session, filed, scan=scan)

    with pytest.raises(Quarantined):
        shares.create(session, clerk, filed.id, None, minutes=60)


def test_what_is_deleted_or_damaged_is_not_shared(session, clerk, filed):
    mark(session, filed, damaged_at=func.now())
    with pytest.raises(Damaged):
        shares.create(session, clerk, filed.id, None, minutes=60)

    records.delete(session, clerk, filed.id, revision=None)
    with pytest.raises(NoSuchDocument):
        shares.create(session, clerk, filed.id, None, minutes=60)


def test_patients_share_what_is_theirs_and_see_their_own_links(
    session, herself, filed, link
):
    made = shares.create(session, herself, filed.id, None, minutes=60)

    assert shares.list_of(session, herself, filed.id) == (made.share,)
    with pytest.raises(shares.NoSuchShare):
        shares.revoke(session, herself, link.share.id)
    assert shares.revoke(session, herself, made.share.id).revoked_at is not None


def test_nobody_elses_documents_are_shared(session, clerk, filed, link):
    other = cast.act_as_somebody(Role.PATIENT)

    with pytest.raises(NoSuchDocument):
        shares.create(session, other, filed.id, None, minutes=60)
    with pytest.raises(NoSuchDocument):
        shares.list_of(session, other, filed.id)
    with pytest.raises(shares.NoSuchShare):
        shares.revoke(session, other, link.share.id)


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_who_sees_no_documents_shares_none(session, filed, link, role):
    actor = cast.act_as_somebody(role)

    with pytest.raises(NotAllowed):
        shares.create(session, actor, filed.id, None, minutes=60)
    with pytest.raises(NotAllowed):
        shares.revoke(session, actor, link.share.id)


def test_a_link_of_another_document_is_not_found_here(session, clerk, link):
    with pytest.raises(shares.NoSuchShare):
        shares.revoke(session, clerk, link.share.id, document_id=uuid4())


def test_a_link_is_signed_and_nobody_else_can_make_one():
    ours, others = LinkSigner("k" * 64), LinkSigner("o" * 64)
    token = ours.sign("secret")

    assert ours.read(token) == "secret"
    assert others.read(token) is None
    for forged in ("secret", "", f"{token}x", token[:-1], f"x{token}", "é", "\x00."):
        assert ours.read(forged) is None
