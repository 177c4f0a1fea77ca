"""Who opened a document, shown to those who see the document."""

import pytest

from services.audit import log
from services.core import audit
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import NotAllowed, NotFound
from services.documents import records
from tests.kit import cast
from tests.services.documents.records import samples


@pytest.fixture
def paper(session, rosa, patient):
    """A document of Ada's that Rosa filed."""
    return samples.file(session, rosa, of=patient)


@pytest.fixture
def accesses(session, store, ship, paper):
    """Ships, then reads the accesses to the document that somebody may see."""

    def read(actor, **options):
        ship()
        page = log.list_document_accesses(session, store, actor, paper.id, **options)
        return [(access.who, access.what) for access in page.accesses]

    return read


def look(session, actor, paper, page=None, purpose="view"):
    records.open_version(session, actor, paper.id, 1, purpose=purpose, page=page)


def test_every_action_names_the_version_and_who_did_it(session, rosa, paper, accesses):
    look(session, rosa, paper, purpose="download")

    assert accesses(cast.add_actor(session, cast.CLEO)) == [
        ("Rosa Lindqvist (staff)", "downloaded version 1"),
        ("Rosa Lindqvist (staff)", "filed it"),
    ]


def test_leafing_through_a_document_is_one_look(session, rosa, paper, accesses):
    for page in (1, 2, 3):
        look(session, rosa, paper, page)

    assert accesses(rosa)[0] == ("You", "viewed version 1, pages 1 to 3")
    assert len(accesses(rosa)) == 2


def test_the_pages_that_somebody_printed_are_told_together(
    session, rosa, paper, accesses
):
    for page in (1, 2):
        look(session, rosa, paper, page)
        look(session, rosa, paper, page, purpose="print")

    assert accesses(rosa)[:2] == [
        ("You", "printed version 1, pages 1 to 2"),
        ("You", "viewed version 1, pages 1 to 2"),
    ]


def test_looks_of_two_people_are_two(session, rosa, paper, accesses):
    look(session, rosa, paper, 1)
    look(session, cast.add_actor(session, cast.CLEO), paper, 2)

    assert [who for who, _ in accesses(rosa)][:2] == ["Cleo Clerk (staff)", "You"]


def test_patients_see_who_opened_theirs(session, rosa, ada, paper, accesses):
    look(session, rosa, paper, 1)

    assert accesses(ada)[0] == (
        "Rosa Lindqvist (staff)",
        "viewed version 1, page 1",
    )


def test_a_stranger_with_a_link_has_no_name(session, rosa, paper, accesses):
    audit.record(
        session,
        None,
        Action.SHARE_OPEN,
        subject=("document", paper.id),
        details={"version": 1},
    )

    assert accesses(rosa)[0] == ("Somebody with a link", "opened version 1 by a link")


def test_what_chartroom_found_in_a_document_is_its_own_act(
    session, rosa, paper, accesses
):
    audit.record(
        session,
        None,
        Action.DOCUMENT_CHANGE,
        subject=("document", paper.id),
        details={"version": 1},
    )

    assert accesses(rosa)[0][0] == "Chartroom"


def test_whoever_does_not_see_the_document_sees_nobody(session, store, paper):
    other = cast.act_as_somebody(Role.PATIENT)
    with pytest.raises(NotFound, match="Document not found"):
        log.list_document_accesses(session, store, other, paper.id)

    analyst = cast.add_actor(session, cast.JONAS)
    with pytest.raises(NotAllowed):
        log.list_document_accesses(session, store, analyst, paper.id)


@pytest.mark.parametrize(
    "action",
    [
        # Of a new e-mail address, it is kept with the record.
        Action.CODE_REQUEST,
        *(
            action
            for action in Action
            if action.partition(":")[0]
            in {"booking", "document", "prescription", "share", "visit", "waitlist"}
            # They concern no patient.
            and action not in {Action.BOOKING_PROVE, Action.DOCUMENT_COUNT}
        ),
    ],
)
def test_every_action_has_words_for_patients(action):
    sentence = log.descriptions.describe_to_patient(action, {"version": 1})

    assert sentence != "did something with your record"


def test_no_title_is_told_to_administrators():
    changed = {"changed": {"title": ["HIV test", "Blood count"]}, "version": 2}

    sentence = log.descriptions.describe(Action.DOCUMENT_CHANGE, changed)

    assert sentence == "changed title; version: 2"


@pytest.mark.parametrize(
    ("details", "said"),
    [
        ({"changed": {"room": [None, "12"]}}, "room: – → 12"),
        ({"changed": {"unique_emails": [False, True]}}, "unique emails: false → true"),
        (
            {"scopes": ["patients:read", "audit:read"]},
            "scopes: patients:read, audit:read",
        ),
        ({"resources": {"Patient": 2}}, "resources: Patient: 2"),
        ({"choices": []}, "choices: –"),
    ],
)
def test_values_are_told_as_they_are_read(details, said):
    assert log.descriptions.describe(Action.DOCTOR_CHANGE, details) == said


def test_the_hash_of_an_address_is_not_called_an_address():
    details = {"method": "code", "address": "5b3c"}

    for action in (Action.CODE_REQUEST, Action.SESSION_START):
        sentence = log.descriptions.describe(action, details)
        assert sentence == "method: code; hash of the address: 5b3c"
    # Of a patient's own values, only that they changed is shown.
    changed = {"changed": {"address": ["", ""]}}
    assert (
        log.descriptions.describe(Action.PATIENT_CHANGE, changed) == "changed address"
    )


def test_what_an_app_opened_is_told_apart_from_what_its_patient_did(
    session, rosa, ada, paper, accesses
):
    look(session, ada, paper)
    with audit.with_origin(audit.Origin(app="MyHealth")):
        look(session, ada, paper)

    assert accesses(ada)[:2] == [
        ("The app MyHealth", "viewed version 1"),
        ("You", "viewed version 1"),
    ]
    assert accesses(rosa)[0] == (
        "The app MyHealth, for Ada Lovelace (patient)",
        "viewed version 1",
    )
