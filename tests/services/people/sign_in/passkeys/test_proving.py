"""A passkey signs its person in, and confirms that it is still them."""

import json

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import func, select, update

from db.models.user import Passkey, User
from services.people.sign_in import confirmations, passkey_answers, passkey_proofs
from services.people.sign_in.ceremonies import CeremonyOver, Purpose
from services.people.sign_in.confirmations import NotConfirmed
from services.people.sign_in.passkey_answers import PasskeyRefused, RelyingParty
from tests.kit import cast
from tests.kit.authenticator import Authenticator
from tests.services.people.sign_in.passkeys import desk
from tests.services.people.sign_in.passkeys.desk import BROWSER, PARTY


@pytest.fixture
def known(session, ines, sign_in, device):
    """Ines's device, whose passkey is registered."""
    desk.add(session, ines, sign_in, device)
    return device


def test_a_passkey_signs_its_person_in_and_counts(session, ines, known):
    assert desk.enter(session, known) == ines

    kept = session.scalars(select(Passkey)).one()
    assert kept.sign_count == 1
    assert kept.last_used_at is not None


def test_the_question_tells_nobody_who_has_a_passkey(session, known):
    options = json.loads(passkey_proofs.offer_sign_in(session, PARTY, BROWSER))

    assert options["allowCredentials"] == []
    assert options["userVerification"] == "required"


def test_an_unknown_passkey_is_refused(session, known):
    stranger = Authenticator(PARTY.origin, PARTY.id)

    with pytest.raises(PasskeyRefused) as refused:
        desk.enter(session, stranger)

    assert refused.value.why == "unknown"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("origin", "https://clinic.example.evil.example"),
        ("rp_id", "evil.example"),
        ("verifies", False),
        ("key", Authenticator("", "").key),
        ("handle", b"somebody else"),
    ],
)
def test_a_proof_that_does_not_hold_is_refused(session, known, field, value):
    setattr(known, field, value)

    with pytest.raises(PasskeyRefused, match="another way") as refused:
        desk.enter(session, known)

    assert refused.value.passkey_id == session.scalar(select(Passkey.id))


def test_a_copy_of_a_device_is_noticed_by_its_counter(session, known):
    known.counter = 7
    desk.enter(session, known)

    known.counter = 6
    with pytest.raises(PasskeyRefused, match="not accepted"):
        desk.enter(session, known)


def test_a_counter_may_use_all_its_32_bits(session, ines, known):
    known.counter = 2**32 - 2

    assert desk.enter(session, known) == ines


def test_a_deactivated_person_does_not_get_in(session, ines, known):
    session.execute(update(User).values(deactivated_at=func.now()))

    with pytest.raises(PasskeyRefused) as refused:
        desk.enter(session, known)

    assert refused.value.why == "of somebody deactivated"


def test_an_answer_to_sign_in_counts_once_and_in_its_browser(session, known):
    answer = known.use(passkey_proofs.offer_sign_in(session, PARTY, BROWSER))

    with pytest.raises(CeremonyOver):
        desk.receive(session, Purpose.SIGN_IN, answer, browser="another")
    desk.receive(session, Purpose.SIGN_IN, answer)
    with pytest.raises(CeremonyOver):
        desk.receive(session, Purpose.SIGN_IN, answer)


def test_an_answer_to_sign_in_confirms_nothing(session, ines, known):
    answer = known.use(passkey_proofs.offer_sign_in(session, PARTY, BROWSER))

    with pytest.raises(CeremonyOver):
        desk.receive(session, Purpose.CONFIRM, answer)


def test_a_confirmation_is_fresh_for_five_minutes(session, ines, sign_in, known):
    with pytest.raises(NotConfirmed):
        confirmations.require_passkey(session, ines, sign_in)

    desk.confirm(session, ines, sign_in, known)
    confirmations.require_passkey(session, ines, sign_in)

    desk.age(session, sign_in, minutes=4, seconds=59)
    confirmations.require_passkey(session, ines, sign_in)
    desk.age(session, sign_in, seconds=2)
    with pytest.raises(NotConfirmed, match="5 minutes"):
        confirmations.require_passkey(session, ines, sign_in)


def test_a_confirmation_covers_its_own_sign_in_and_person(
    session, ines, sign_in, known
):
    rosa = cast.add_actor(session, cast.ROSA)
    elsewhere = desk.signed_in(session, ines)
    desk.confirm(session, ines, sign_in, known)

    for actor, session_id in ((ines, elsewhere), (rosa, sign_in), (ines, None)):
        with pytest.raises(NotConfirmed):
            confirmations.require_passkey(session, actor, session_id)


def test_a_sign_in_that_has_ended_is_confirmed_no_more(session, ines, sign_in, known):
    desk.confirm(session, ines, sign_in, known)
    desk.sessions.end(session, ines, sign_in)

    with pytest.raises(NotConfirmed):
        confirmations.require_passkey(session, ines, sign_in)


def test_a_confirmation_asks_for_ones_own_passkeys(session, ines, known):
    options = json.loads(
        passkey_proofs.offer_confirmation(session, ines, PARTY, BROWSER)
    )

    own = [json.loads(known.use('{"challenge": ""}'))["id"]]
    assert [key["id"] for key in options["allowCredentials"]] == own
    assert options["allowCredentials"][0]["transports"] == ["internal"]


def test_who_has_no_passkey_cannot_confirm(session, ines):
    with pytest.raises(passkey_proofs.NoPasskey, match="Add one first"):
        passkey_proofs.offer_confirmation(session, ines, PARTY, BROWSER)


def test_nobody_confirms_with_anothers_passkey(session, ines, known):
    rosa = cast.add_actor(session, cast.ROSA)
    theirs = Authenticator(PARTY.origin, PARTY.id)
    desk.add(session, rosa, desk.signed_in(session, rosa), theirs)
    options = passkey_proofs.offer_confirmation(session, rosa, PARTY, BROWSER)
    answer = desk.receive(session, Purpose.CONFIRM, known.use(options))

    with pytest.raises(PasskeyRefused):
        passkey_proofs.confirm(session, rosa, PARTY, answer)


def test_nobody_confirms_what_another_was_asked(session, ines, known):
    rosa = cast.add_actor(session, cast.ROSA)
    theirs = Authenticator(PARTY.origin, PARTY.id)
    desk.add(session, rosa, desk.signed_in(session, rosa), theirs)
    options = passkey_proofs.offer_confirmation(session, ines, PARTY, BROWSER)
    answer = desk.receive(session, Purpose.CONFIRM, theirs.use(options))

    with pytest.raises(PasskeyRefused):
        passkey_proofs.confirm(session, rosa, PARTY, answer)


def test_a_passkey_of_another_host_proves_nothing_here(session, ines, known):
    elsewhere = RelyingParty("other.example", "https://other.example")
    answer = desk.receive(
        session,
        Purpose.SIGN_IN,
        known.use(passkey_proofs.offer_sign_in(session, elsewhere, BROWSER)),
    )

    with pytest.raises(PasskeyRefused):
        passkey_proofs.sign_in(session, elsewhere, answer)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.text()
    | _JSON.map(json.dumps)
    | st.fixed_dictionaries(
        {"response": st.fixed_dictionaries({"clientDataJSON": _JSON})}
    ).map(json.dumps)
)
def test_nonsense_is_refused_whatever_it_is(session, text):
    with pytest.raises((PasskeyRefused, CeremonyOver)):
        passkey_answers.receive(session, Purpose.SIGN_IN, BROWSER, text)


@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    field=st.sampled_from(["authenticatorData", "signature", "userHandle"]),
    value=_JSON,
)
def test_a_genuine_answer_with_nonsense_in_it_is_refused(session, known, field, value):
    genuine = json.loads(
        known.use(passkey_proofs.offer_sign_in(session, PARTY, BROWSER))
    )
    genuine["response"][field] = value
    answer = desk.receive(session, Purpose.SIGN_IN, json.dumps(genuine))

    # A device may leave out the passkey's user: then the signature alone decides.
    if field == "userHandle" and value is None:
        passkey_proofs.sign_in(session, PARTY, answer)
        return
    with pytest.raises(PasskeyRefused):
        passkey_proofs.sign_in(session, PARTY, answer)
