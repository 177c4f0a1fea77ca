"""The demo's papers are files like any other: whole, readable, signed where stated."""

from collections import Counter
from contextlib import closing
from datetime import timedelta
from hashlib import sha256

import pytest

from db.files.gridfs import Bucket
from db.files.signing_keys import SigningKeyFile
from db.postgres import SYSTEM
from jobs.documents import integrity
from services.consultations.prescriptions import PrescriptionIssuer
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.demo.history.papers import Papers
from services.demo.history.sheets import KINDS
from services.documents import inbox
from services.documents.forms import Clinic
from services.documents.inbox import InboxView
from services.documents.records.ingest import DocumentIngest
from services.pdf.inspecting import PdfInspector
from services.pdf.signing import Signer, check_apart
from services.people.accounts import demo_accounts
from tests.services.demo.history.conftest import ZONE

# Fewer than in the demo, since each takes a second.
DOCUMENTS = 40
PRESCRIPTIONS = 20


@pytest.fixture
def signing_keys(tmp_path):
    return SigningKeyFile(tmp_path / "signing.pem", "Your clinic", may_be_made=True)


@pytest.fixture
def papers(lived, files, signing_keys):
    """The means to file the clinic's papers."""
    with closing(PdfInspector()) as inspector:
        ingest = DocumentIngest(files, inspector, None, refuse_active=True)
        issuer = PrescriptionIssuer(files, Signer(signing_keys), Clinic("Your clinic"))
        yield Papers(lived.database, ingest, issuer, ZONE, DOCUMENTS, PRESCRIPTIONS)


def test_the_papers_are_filed_whole_and_once(lived, papers, files, signing_keys):
    stops = iter([False] * 5 + [True] * 2)
    assert papers.file_missing(lambda: next(stops)) == (5, 0)

    filed, prescribed = papers.file_missing()

    assert filed == DOCUMENTS - 5
    assert PRESCRIPTIONS // 2 <= prescribed <= PRESCRIPTIONS
    assert papers.file_missing()[0] == 0
    _are_of_ten_types_and_dated(lived)
    report = integrity.check_all(lived.database, files)
    assert report.is_good
    assert report.checked == DOCUMENTS + prescribed
    _are_signed(lived, files, signing_keys)
    _wait_in_inboxes(lived)


def _are_of_ten_types_and_dated(lived):
    kept = lived.rows(
        "SELECT document_type, documents.patient_id, documents.created_at, dated_on, "
        "pages, findings FROM documents "
        "JOIN document_versions ON document_id = documents.id"
    )
    types = Counter(row.document_type for row in kept)
    assert sorted(types.values()) == [2, 2, 2, 2, 2, 4, 4, 6, 8, 8]
    assert types["lab_report"] == types["visit_summary"] == 8
    assert sum(row.patient_id is None for row in kept) == 3
    assert all(row.pages and not row.findings for row in kept)
    assert all(row.dated_on == row.created_at.astimezone(ZONE).date() for row in kept)
    filled = "SELECT field, count(*) AS documents FROM document_field_values GROUP BY 1"
    counts = {row.field: row.documents for row in lived.rows(filled)}
    assert counts["laboratory_number"] == counts["date_of_sample"] == 8
    assert counts["reference_of_the_sender"] >= 4
    dates = sorted(row.created_at for row in kept)
    assert dates[-1] <= lived.now + timedelta(minutes=1)
    assert dates[0] < lived.now - timedelta(days=300)
    recent = lived.now - timedelta(days=7)
    assert sum(date > recent for date in dates) >= 5
    own = (
        "SELECT count(*) FROM documents JOIN patients ON patients.id = patient_id "
        "WHERE source = 'demo'"
    )
    assert lived.value(own) >= 3


def _wait_in_inboxes(lived):
    """Assert that whoever opens the demo finds work, assigned to them and to nobody."""
    people = lived.database.read_latest(demo_accounts.demo_people, identity=SYSTEM)
    by_role = {actor.role: actor for actor in people.value}

    def listed(role, view):
        looking = ActorDatabase(lived.database, by_role[role])
        page = looking.write(
            lambda s: inbox.list_inbox(s, looking.actor, view, lived.now)
        ).value
        return [item.created_by_name for item in page.items]

    names = {role: actor.name for role, actor in by_role.items()}
    desk = listed(Role.STAFF, InboxView.UNASSIGNED)
    assert Counter(desk) == {names[Role.PATIENT]: 2, names[Role.CLINICIAN]: 1}
    for role in (Role.STAFF, Role.CLINICIAN):
        assert listed(role, InboxView.MINE) == [names[Role.STAFF]]
    assert listed(Role.CLINICIAN, InboxView.UNASSIGNED)


def _are_signed(lived, files, signing_keys):
    versions = lived.rows("SELECT file_id, sha256, lines FROM prescription_versions")
    known = signing_keys.read_or_make().certificates
    assert versions
    for version in versions[:3]:
        paper = files.get(Bucket.PRESCRIPTION_FILES, version.file_id).data
        assert sha256(paper).digest() == bytes(version.sha256)
        assert check_apart(paper, known).is_valid
    assert all(not line.get("warning") for row in versions for line in row.lines)


def test_every_paper_says_whose_it_is():
    for kind in KINDS.values():
        fields = {field.name for field in kind.template.fields}
        assert {"name", "record_number", "date_of_birth"} <= fields, kind.template.name


def test_a_clinic_without_that_past_gets_no_papers(papers, lived):
    kept = lived.rows("SELECT id, created_by FROM bookings")
    lived.change("UPDATE bookings SET created_by = gen_random_uuid()")

    assert papers.file_missing() == (0, 0)

    again = "UPDATE bookings SET created_by = :created_by WHERE id = :id"
    lived.change(again, [dict(row._mapping) for row in kept])
