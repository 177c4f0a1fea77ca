"""The inbox: what is in whose, and that assigning gives no access.

All of it through the app's login, under each role's identity.
"""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, text, update

from db.models.user import User
from db.postgres import SYSTEM
from services.core.actors import Role
from services.core.errors import InvalidInput, NotAllowed
from services.documents import inbox, records
from services.documents.inbox import InboxView
from services.documents.inbox.assigning import AssigneeMayNotOpen
from services.documents.records.errors import NoSuchDocument
from services.documents.records.kinds import DocumentType
from services.documents.sharing import readers
from services.patients.care import break_glass
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.documents.records.samples import content, file
from tests.services.patients.clinic_samples import REASON

MINE, UNASSIGNED, EVERYBODY = InboxView


def filed(clinic, actor, of="grace", **facts):
    patient = getattr(clinic, of) if of else None
    return clinic.write(
        actor, lambda s: file(s, actor, of=patient, holding=content(b"x"), **facts)
    )


def titles(clinic, actor, view=UNASSIGNED, *, later=timedelta()):
    now = datetime.now(UTC) + later
    listed = clinic.read(actor, lambda s: inbox.list_inbox(s, actor, view, now))
    return [item.title for item in listed.items]


def assign(clinic, actor, document, to):
    user_id = to.id if to else None
    return clinic.write(actor, lambda s: inbox.assign(s, actor, document.id, user_id))


def test_the_desk_finds_what_patients_sent_and_what_lacks_something(clinic, grace):
    lab = {"document_type": DocumentType.LAB_REPORT}
    filed(clinic, grace, title="Hers", **lab)
    filed(clinic, clinic.dora, title="Typed and filed", **lab)
    filed(clinic, clinic.dora, title="Of no type")
    filed(clinic, clinic.cleo, title="Own")

    listed = titles(clinic, clinic.cleo)

    assert {"Hers", "Of no type"} <= set(listed)
    assert not {"Typed and filed", "Own"} & set(listed)


def test_a_clinician_finds_what_others_filed_of_their_patients(clinic):
    filed(clinic, clinic.cleo, title="Of Grace", document_type=DocumentType.LAB_REPORT)
    filed(clinic, clinic.cleo, title="Of Ada", of="ada")
    filed(clinic, clinic.dora, title="My own")

    listed = titles(clinic, clinic.dora)

    assert "Of Grace" in listed
    assert not {"Of Ada", "My own"} & set(listed)
    assert "Of Grace" not in titles(clinic, clinic.emil)


def test_what_is_assigned_is_that_colleagues_until_it_is_done(clinic):
    paper = filed(clinic, clinic.cleo, title="For Dora")

    item = assign(clinic, clinic.cleo, paper, clinic.dora)

    assert item.assignee == inbox.Colleague(clinic.dora.id, clinic.dora.name)
    assert "For Dora" in titles(clinic, clinic.dora, MINE)
    assert "For Dora" not in titles(clinic, clinic.dora)
    assert "For Dora" in titles(clinic, clinic.cleo, EVERYBODY)
    clinic.write(clinic.dora, lambda s: inbox.finish(s, clinic.dora, paper.id))
    for view in InboxView:
        assert "For Dora" not in titles(clinic, clinic.dora, view)
    clinic.write(clinic.dora, lambda s: inbox.reopen(s, clinic.dora, paper.id))
    assert "For Dora" in titles(clinic, clinic.dora, MINE)


def test_what_nobody_was_assigned_to_goes_after_a_month_and_the_rest_stays(clinic):
    filed(clinic, clinic.cleo, title="Nobody's")
    kept = filed(clinic, clinic.cleo, title="Dora's")
    assign(clinic, clinic.cleo, kept, clinic.dora)
    month = timedelta(days=31)

    assert "Nobody's" not in titles(clinic, clinic.dora, EVERYBODY, later=month)
    assert "Dora's" in titles(clinic, clinic.dora, MINE, later=month)


@pytest.mark.parametrize(
    "loss",
    [
        pytest.param({"deactivated_at": func.now()}, id="deactivated"),
        pytest.param({"role": Role.ANALYST.value}, id="another role"),
    ],
)
def test_what_a_colleague_leaves_behind_is_unassigned_however_old(clinic, loss):
    def change(**values):
        changed = update(User).where(User.id == leaver.id).values(**values)
        clinic.database.write(lambda s: s.execute(changed), identity=SYSTEM)

    leaver = clinic.database.write(
        lambda s: cast.add_actor(s, Role.STAFF), identity=SYSTEM
    ).value
    title = f"Left behind {leaver.id}"
    paper = filed(clinic, clinic.cleo, title=title)
    assign(clinic, clinic.cleo, paper, leaver)
    month = timedelta(days=31)
    assert title not in titles(clinic, clinic.dora, later=month)

    change(**loss)

    assert title in titles(clinic, clinic.dora, later=month)
    assert title in titles(clinic, clinic.cleo, later=month)
    change(deactivated_at=None, role=Role.STAFF.value)
    assert title not in titles(clinic, clinic.dora, later=month)


def test_counts_are_what_is_listed_and_name_nobody(clinic):
    paper = filed(clinic, clinic.cleo, title="Counted")
    assign(clinic, clinic.cleo, paper, clinic.dora)
    now = datetime.now(UTC)

    counts = clinic.read(clinic.dora, lambda s: inbox.count_inbox(s, clinic.dora, now))

    assert counts.mine == len(titles(clinic, clinic.dora, MINE))
    assert counts.unassigned == len(titles(clinic, clinic.dora))


@pytest.mark.parametrize(
    ("of", "facts", "to"),
    [
        ("grace", {}, "emil"),
        (None, {}, "dora"),
        ("grace", {"confidential": True}, "cleo"),
    ],
    ids=["another's patient", "of nobody", "confidential"],
)
def test_nobody_is_assigned_to_what_they_may_not_open(clinic, of, facts, to):
    author = clinic.cleo if of is None else clinic.dora
    paper = filed(clinic, author, of, title="Closed", **facts)
    colleague = getattr(clinic, to)

    with pytest.raises(AssigneeMayNotOpen, match="assigning it does not give access"):
        assign(clinic, author, paper, colleague)

    assert "Closed" not in titles(clinic, colleague, MINE)


def test_who_is_named_for_a_confidential_document_can_be_assigned_to_it(clinic):
    paper = filed(clinic, clinic.dora, title="Sealed", confidential=True)
    clinic.write(
        clinic.dora,
        lambda s: readers.name_readers(
            s, clinic.dora, paper.id, [clinic.cleo.id], revision=paper.revision
        ),
    )

    assign(clinic, clinic.dora, paper, clinic.cleo)

    assert "Sealed" in titles(clinic, clinic.cleo, MINE)


def test_what_becomes_closed_leaves_the_inbox_of_who_had_it(clinic):
    paper = filed(clinic, clinic.dora, title="Opened once", confidential=True)
    for named in ([clinic.cleo.id], []):
        paper = clinic.write(
            clinic.dora,
            lambda s, named=named, paper=paper: readers.name_readers(
                s, clinic.dora, paper.id, named, revision=paper.revision
            ),
        )
        if named:
            assign(clinic, clinic.dora, paper, clinic.cleo)

    assert "Opened once" not in titles(clinic, clinic.cleo, EVERYBODY)
    with pytest.raises(NoSuchDocument):
        assign(clinic, clinic.cleo, paper, None)


def test_only_colleagues_are_assigned_to(clinic, grace):
    paper = filed(clinic, clinic.cleo, title="For a patient?")

    program = clinic.database.write(
        lambda s: cast.add_actor(s, Role.STAFF, email=None), identity=SYSTEM
    ).value
    for stranger in (grace, clinic.ana, program):
        with pytest.raises(InvalidInput, match="choose one of them"):
            assign(clinic, clinic.cleo, paper, stranger)
    people = clinic.read(clinic.cleo, lambda s: inbox.list_colleagues(s, clinic.cleo))
    ids = {person.id for person in people}
    assert {clinic.cleo.id, clinic.dora.id, clinic.emil.id} <= ids
    assert not {grace.id, clinic.ana.id, program.id} & ids


def test_patients_have_no_inbox(clinic, grace):
    now = datetime.now(UTC)

    with pytest.raises(NotAllowed):
        clinic.read(grace, lambda s: inbox.list_inbox(s, grace, EVERYBODY, now))


def test_who_was_shown_and_who_was_assigned_is_written_down(clinic):
    paper = filed(clinic, clinic.cleo, title="Written down")
    assign(clinic, clinic.cleo, paper, clinic.dora)
    titles(clinic, clinic.dora, MINE)

    events = clinic.database.read_latest(
        events_of,
        identity=SYSTEM,
    ).value

    (assigned,) = (
        e
        for e in events
        if e.action == "document:assign" and e.subject_id == str(paper.id)
    )
    assert assigned.details["assignee"] == str(clinic.dora.id)
    assert assigned.patient_id == clinic.grace.id
    assert events[-1].action == "document:list"
    assert str(paper.id) in events[-1].details["documents"]


def test_emergency_access_is_not_enough_to_be_assigned_to(clinic):
    paper = filed(clinic, clinic.dora, title="For a night")
    emil = clinic.emil
    clinic.write(
        emil, lambda s: break_glass.open_record(s, emil, clinic.grace.id, reason=REASON)
    )
    assert clinic.read(emil, lambda s: records.get(s, emil, paper.id))

    with pytest.raises(AssigneeMayNotOpen):
        assign(clinic, clinic.dora, paper, emil)

    clinic.database.write(
        lambda s: s.execute(text("DELETE FROM break_glass_accesses")) and None,
        identity=SYSTEM,
    )


def test_whoever_assigns_is_who_they_were_after_a_colleague_was_asked_about(clinic):
    paper = filed(clinic, clinic.dora, title="Still Dora", confidential=True)

    def look(session):
        with pytest.raises(AssigneeMayNotOpen):
            inbox.assign(session, clinic.dora, paper.id, clinic.cleo.id)
        return session.scalar(select(func.acting_user())), session.scalar(
            text("SELECT current_user")
        )

    assert clinic.write(clinic.dora, look) == (clinic.dora.id, "chartroom_clinician")
