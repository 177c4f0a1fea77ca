"""A passkey is added by its person, from this Chartroom, right after a proof."""

import json

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from db.models.audit import AuditEvent
from db.models.user import Passkey
from services.core.audit import Action
from services.core.errors import InvalidInput, NotFound
from services.people.sign_in import passkeys
from services.people.sign_in.ceremonies import CeremonyOver, Purpose
from services.people.sign_in.confirmations import NotConfirmed
from services.people.sign_in.passkey_answers import PasskeyRefused
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.kit.authenticator import Authenticator
from tests.services.people.sign_in.passkeys import desk
from tests.services.people.sign_in.passkeys.desk import PARTY


def test_an_added_passkey_is_on_its_owners_list(session, ines, sign_in, device):
    entry = desk.add(session, ines, sign_in, device, name=" Work   laptop ")

    assert passkeys.list_passkeys(session, ines) == (entry,)
    assert passkeys.has_any(session, ines)
    assert (entry.name, entry.last_used_at) == ("Work laptop", None)


def test_adding_a_passkey_is_recorded_without_its_key(session, ines, sign_in, device):
    entry = desk.add(session, ines, sign_in, device)

    (event,) = events_of(session, Action.PASSKEY_ADD)
    assert (event.actor_id, event.subject_id) == (ines.id, str(entry.id))
    assert event.details == {}


def test_the_device_is_asked_to_know_its_person_and_the_person_to_unlock_it(
    session, ines, sign_in
):
    options = json.loads(desk.offer(session, ines, sign_in))

    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["rp"] == {"id": "clinic.example", "name": "Chartroom"}
    assert options["user"]["name"] == cast.INES.email


def test_a_device_that_has_one_is_told_so(session, ines, sign_in, device):
    desk.add(session, ines, sign_in, device)
    desk.confirm(session, ines, sign_in, device)

    options = json.loads(desk.offer(session, ines, sign_in))

    known = options["excludeCredentials"][0]["id"]
    assert known == json.loads(device.use('{"challenge": ""}'))["id"]


def test_only_known_transports_are_kept(session, ines, sign_in, device):
    desk.add(session, ines, sign_in, device)

    assert session.scalars(select(Passkey)).one().transports == ["internal"]


@pytest.mark.parametrize(
    "cheat",
    [
        {"origin": "https://clinic.example.evil.example"},
        {"origin": "http://clinic.example"},
        {"rp_id": "evil.example"},
        {"verifies": False},
    ],
    ids=str,
)
def test_a_passkey_made_elsewhere_or_without_unlocking_is_refused(
    session, ines, sign_in, cheat
):
    device = Authenticator(**{"origin": PARTY.origin, "rp_id": PARTY.id} | cheat)

    with pytest.raises(PasskeyRefused):
        desk.add(session, ines, sign_in, device)

    assert not passkeys.has_any(session, ines)


def test_a_passkey_made_for_somebody_else_is_refused(session, ines, sign_in, device):
    rosa = cast.add_actor(session, cast.ROSA)
    options = desk.offer(session, rosa, desk.signed_in(session, rosa))
    answer = desk.receive(session, Purpose.ADD_PASSKEY, device.make(options))

    with pytest.raises(PasskeyRefused):
        passkeys.add(session, ines, PARTY, answer, name="", session_id=sign_in)


def test_an_answer_counts_once(session, ines, sign_in, device):
    made = device.make(desk.offer(session, ines, sign_in))
    desk.receive(session, Purpose.ADD_PASSKEY, made)

    with pytest.raises(CeremonyOver):
        desk.receive(session, Purpose.ADD_PASSKEY, made)


def test_an_answer_from_another_browser_does_not_count(session, ines, sign_in, device):
    made = device.make(desk.offer(session, ines, sign_in))

    with pytest.raises(CeremonyOver):
        desk.receive(session, Purpose.ADD_PASSKEY, made, browser="another")


def test_a_passkey_is_added_once(session, ines, sign_in, device):
    desk.add(session, ines, sign_in, device)
    desk.confirm(session, ines, sign_in, device)

    with pytest.raises(passkeys.PasskeyKnown):
        desk.add(session, ines, sign_in, device)


def test_another_violation_is_not_taken_for_a_known_passkey(
    session, ines, sign_in, device, monkeypatch
):
    monkeypatch.setattr(passkeys, "_checked", lambda _: None)

    with pytest.raises(IntegrityError, match="name"):
        desk.add(session, ines, sign_in, device)


@pytest.mark.parametrize("name", ["  ", "\u200b\u202e"], ids=["blank", "invisible"])
def test_a_passkey_without_a_name_is_called_passkey(
    session, ines, sign_in, device, name
):
    assert desk.add(session, ines, sign_in, device, name=name).name == "Passkey"


@pytest.mark.parametrize("name", ["x" * 61, "a\0b"], ids=["long", "unstorable"])
def test_a_name_that_cannot_be_kept_is_refused(session, ines, sign_in, device, name):
    with pytest.raises(InvalidInput, match="Name"):
        desk.add(session, ines, sign_in, device, name=name)


def test_there_are_at_most_so_many(session, ines, sign_in, monkeypatch):
    monkeypatch.setattr(passkeys, "MOST", 1)
    device = Authenticator(PARTY.origin, PARTY.id)
    desk.add(session, ines, sign_in, device)
    desk.confirm(session, ines, sign_in, device)

    with pytest.raises(passkeys.TooManyPasskeys, match="Remove one"):
        desk.offer(session, ines, sign_in)


def test_the_first_passkey_needs_a_sign_in_of_just_now(session, ines, sign_in):
    desk.age(session, sign_in, minutes=6)

    with pytest.raises(NotConfirmed):
        desk.offer(session, ines, sign_in)


def test_asvs_7_5_1_who_has_a_passkey_uses_it_to_add_another(
    session, ines, sign_in, device
):
    desk.add(session, ines, sign_in, device)
    with pytest.raises(NotConfirmed):
        desk.offer(session, ines, sign_in)

    desk.confirm(session, ines, sign_in, device)

    desk.add(session, ines, sign_in, Authenticator(PARTY.origin, PARTY.id))
    assert len(passkeys.list_passkeys(session, ines)) == 2


def test_the_answer_needs_the_proof_as_much_as_the_question(
    session, ines, sign_in, device
):
    made = device.make(desk.offer(session, ines, sign_in))
    answer = desk.receive(session, Purpose.ADD_PASSKEY, made)
    desk.age(session, sign_in, minutes=6)

    with pytest.raises(NotConfirmed):
        passkeys.add(session, ines, PARTY, answer, name="", session_id=sign_in)


def test_a_removed_passkey_opens_nothing_any_more(session, ines, sign_in, device):
    entry = desk.add(session, ines, sign_in, device)
    desk.confirm(session, ines, sign_in, device)

    passkeys.remove(session, ines, entry.id, session_id=sign_in)

    assert not passkeys.has_any(session, ines)
    with pytest.raises(PasskeyRefused):
        desk.enter(session, device)
    recorded = session.scalars(select(AuditEvent.action)).all()
    assert recorded.count(Action.PASSKEY_REMOVE) == 1


def test_removing_a_passkey_needs_it_once_more(session, ines, sign_in, device):
    entry = desk.add(session, ines, sign_in, device)

    with pytest.raises(NotConfirmed):
        passkeys.remove(session, ines, entry.id, session_id=sign_in)


def test_nobody_removes_anothers_passkey(session, ines, sign_in, device):
    entry = desk.add(session, ines, sign_in, device)
    rosa = cast.add_actor(session, cast.ROSA)

    with pytest.raises(NotFound):
        passkeys.remove(
            session, rosa, entry.id, session_id=desk.signed_in(session, rosa)
        )

    assert passkeys.has_any(session, ines)
