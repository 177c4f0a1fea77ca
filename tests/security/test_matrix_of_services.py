"""Every service call, as every role, is decided by the service and by PostgreSQL.

The calls run in the role's name under row-level security, so a permission that the
database does not know fails here just as one that the service grants to nobody.
"""

import importlib
import inspect
import pkgutil
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import services
from db.backups.recovery_kit import KeyFiles
from db.backups.repository import Repository
from db.cluster.statements import StatementReader
from db.cluster.vacuuming import VacuumReader
from db.endpoints import Endpoints
from db.models.booking import Appointment
from db.mongo.audit_store import AuditFilter
from db.postgres import ANONYMOUS, SYSTEM
from db.settings import Settings
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.cohorts.disclosure import UndisclosedAnswer
from services.analytics.count_alerts import CountAlertDraft
from services.analytics.dashboards import Card, DashboardDraft, DashboardFilter
from services.analytics.figures import Figure
from services.analytics.pseudonymised_lists import (
    DisclosedList,
    ListSize,
    UndisclosedList,
)
from services.analytics.queries import parse
from services.analytics.subscriptions import (
    Frequency,
    SendingPlan,
    Subscription,
    SubscriptionDraft,
)
from services.backups import BackupWindow, LogState
from services.backups.ledger import Since
from services.cluster.alerts import AlertKind, RuleDraft
from services.cluster.drill_kinds import DrillKind
from services.cluster.operations import OperationKind, OperationRequest
from services.cluster.sites import SitePromoted
from services.consultations import code_lists
from services.consultations.chart import LabelOrder
from services.consultations.notes import Notes, NotesDraft
from services.consultations.point_in_time import NotesCopy, VisitCopy
from services.consultations.prescriptions import (
    DraftPrescription,
    PrescriptionLine,
    PrescriptionOrder,
    SignedPaper,
    UnfinishedPrescription,
)
from services.core.actor_database import ActorDatabase
from services.core.actors import Permission, Role, Scope
from services.core.errors import NotAllowed, NotFound, ServiceError
from services.demo.importing.fhir import Bundles
from services.demo.importing.rejects import RejectsFile
from services.demo.importing.synthea import Folder
from services.documents import records
from services.documents.erasure import ErasureRule
from services.documents.fields import FieldDefinition, FieldKind
from services.documents.forms import Draft as AuthoringDraft
from services.documents.inbox import InboxView
from services.documents.point_in_time import DocumentCopy
from services.documents.records.drafts import ChangedDocument, DraftDocument
from services.documents.records.kinds import Classification
from services.documents.retention import RetentionPeriod
from services.documents.tags import TagColour
from services.documents.uploads import StoredPart
from services.fhir.bulk_exports.model import ExportRequest
from services.lists.criteria import Criteria, to_json
from services.patients import point_in_time
from services.patients.photos.images import PreparedPhoto
from services.patients.search.fields import PATIENTS
from services.people.accounts.managing import Particulars
from services.people.accounts.own_contact import OwnContact
from services.people.connected_systems import SystemKeysTyped
from services.people.sign_in.identities import IdentityClaims
from services.people.sign_in.passkey_answers import Answer, PasskeyRefused, RelyingParty
from services.visits.booking.bookings import AnyRequest, BookingRequest, SeriesRequest
from services.visits.booking.waitlist import WaitRequest
from services.visits.figures.statistics import Period
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitStatus
from services.visits.front_desk.appointments.records import CallOutcome
from services.visits.front_desk.appointments.streaming import VISIT_FIELDS
from services.visits.front_desk.notifications import SenderDetails
from services.visits.schedule.plans import (
    Calendar,
    ExceptionDraft,
    ExceptionKind,
    Hours,
)
from tests.kit import backup_reports, backup_sets, cast
from tests.security.services_matrix import (
    ALLOWED,
    AS_SYSTEM,
    AT_SIGN_IN,
    CONCEALED,
    TOOLS,
)
from tests.services.demo.importing.synthea_samples import write_folder
from tests.services.documents.records import samples as document_samples
from tests.services.visits import visit_samples

_TODAY = date(2026, 11, 20)
_NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
_RULE = RetentionPeriod(
    Classification.TEMPORARY, 30, 30, datetime(2026, 11, 20, tzinfo=UTC)
)
_SUBSCRIPTION = Subscription(
    id=uuid4(),
    content="visits",
    name="Visits and no-shows",
    is_deleted=False,
    owner="",
    recipients={},
    plan=SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7),
    next_at=None,
    stopped_because=None,
    ran_at=None,
    waiting=0,
    sent=0,
    failed=0,
)


class _Undone(Exception):
    """The call succeeded; whatever it did is rolled back."""


class _DraftStore:
    """A store of drafts that holds none."""

    def save(self, *_: object, **__: object) -> datetime:
        return datetime.now(UTC)

    def list_of(self, *_: object, **__: object) -> tuple[()]:
        return ()

    def delete(self, *_: object) -> None:
        """Do nothing: there are no drafts."""


def _read_nothing(_: object) -> list[Any]:
    return []


def _functions() -> dict[str, Any]:
    functions = {}
    for module in pkgutil.walk_packages(services.__path__, "services."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if (
                inspect.isfunction(value)
                and value.__module__ == module.name
                and not name.startswith("_")
                and "actor" in inspect.signature(value).parameters
            ):
                functions[f"{module.name.removeprefix('services.')}.{name}"] = value
    return functions


FUNCTIONS = _functions()


def test_every_call_that_takes_an_actor_has_its_line_in_the_matrix():
    assert FUNCTIONS.keys() == ALLOWED.keys() | TOOLS


@pytest.fixture(scope="module")
def synthea(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import from, in which rejects may be listed as well."""
    return write_folder(tmp_path_factory.mktemp("synthea"))


# One test per role: with one for each of 1,845 calls, setting up took longer than the
# calls. The failure still lists which of them are wrong.
@pytest.mark.parametrize("role", Role)
def test_asvs_8_3_1_a_call_is_for_these_roles_and_no_others(
    house, files, synthea, role
):
    wrong = {}

    for name, roles in ALLOWED.items():
        offer = _offer(house, files, synthea, role) | _exceptions(house, name, role)
        ended = _call(house, name, role, _arguments(FUNCTIONS[name], offer))
        if _is_refusal(ended, conceals=name in CONCEALED) == (role in roles):
            wrong[name] = ended

    assert wrong == {}


def _call(house, name: str, role: Role, arguments: dict[str, Any]) -> Exception:
    """Call a function as a role, roll it back, and return the exception at its end."""
    function = FUNCTIONS[name]

    def call(session):
        given = {"session": session, "actor": house.cast[role], **arguments}
        known = inspect.signature(function).parameters
        answer = function(**{k: v for k, v in given.items() if k in known})
        if inspect.isgenerator(answer):
            list(answer)
        raise _Undone

    write = ActorDatabase(house.database, house.cast[role]).write
    if name in AS_SYSTEM:
        write = partial(house.database.write, identity=SYSTEM)
    if name in AT_SIGN_IN:
        write = partial(house.database.write, identity=ANONYMOUS)
    try:
        write(call)
    except (_Undone, ServiceError) as ended:
        return ended
    except Exception as error:
        error.add_note(f"{name} was called.")
        raise
    raise AssertionError(f"{name} was not even called.")


def _is_refusal(error: Exception, *, conceals: bool) -> bool:
    """Return whether the role is refused.

    Patients are not told that others have records. A made-up answer of a passkey proves
    nothing, whatever the role.
    """
    if isinstance(error, NotFound):
        return conceals or error.patient_id is not None
    return isinstance(error, NotAllowed) and not isinstance(error, PasskeyRefused)


_GIVEN_ANYWAY = frozenset({"now", "session_id", "smallest_group"})


def _arguments(function, offer: dict[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    wanted = [
        p.name
        for p in parameters
        if p.name not in {"session", "actor"}
        and (p.default is p.empty or p.name in _GIVEN_ANYWAY)
    ]
    missing = set(wanted) - offer.keys()
    assert not missing, f"say what {missing} can be in this test"
    return {name: offer[name] for name in wanted}


def _offer(house, files, synthea: Path, role: Role) -> dict[str, Any]:
    """Return an argument for each name of a parameter; most ids are other people's."""
    return {
        "access_id": uuid4(),
        "tag_id": uuid4(),
        "field_id": uuid4(),
        "definition": FieldDefinition("Laboratory number"),
        "colour": TagColour.GRAY,
        "columns": None,
        "is_shown_to_patients": False,
        "answer": Answer({}, b"challenge", None),
        "appointment_id": uuid4(),
        "period": Period(date(2026, 3, 23), date(2026, 3, 29)),
        "first": date(2026, 3, 23),
        "since": datetime(2026, 11, 20, tzinfo=UTC),
        "until": datetime(2026, 11, 21, tzinfo=UTC),
        "reported": backup_reports.PERIOD,
        "sources": backup_reports.sources_of(Repository(synthea / "backups")),
        "last": date(2026, 3, 29),
        "zone": UTC,
        "beginning": "pen",
        "browser": "browser",
        "claimed": IdentityClaims(
            "https://id.example.org", uuid4().hex, cast.EMIL.name
        ),
        "repository": Repository(synthea / "backups"),
        "keys": files.keys,
        "settings": Settings(),
        "key_files": KeyFiles({}),
        "kit_text": "",
        "passphrase": "five words that nobody guesses",
        "repeated": "five words that nobody guesses",
        "data": synthea,
        "manifest": backup_sets.MANIFEST,
        "proof": backup_sets.PROOF,
        "preview_id": uuid4(),
        "look_id": uuid4(),
        "restored": _read_nothing,
        "live": _read_nothing,
        "to": backup_sets.AS_OF,
        "log": LogState((BackupWindow(backup_sets.AS_OF, backup_sets.AS_OF),)),
        "set_ids": (backup_sets.MANIFEST.set_id,),
        "clinician_id": house.cast[Role.CLINICIAN].id,
        "criteria": Criteria(),
        "list_criteria": Criteria(),
        "day": _TODAY,
        "first_day": _TODAY,
        "deceased_on": _TODAY,
        "outcome": CallOutcome.REACHED,
        "last_call_at": _NOON,
        "cohort": Cohort(entry=CohortEvent(kind=EventKind.VISIT)),
        "figure": Figure(
            cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)), by=(Dimension.SEX,)
        ),
        "kept": to_json(Criteria()),
        # The number of patients.
        "smallest_group": 2,
        "compared": [
            Cohort(entry=CohortEvent(kind=kind))
            for kind in (EventKind.VISIT, EventKind.DOCUMENT)
        ],
        "undisclosed": UndisclosedAnswer("Nothing?", {}, (), 0, 5),
        "undisclosed_list": UndisclosedList(
            DisclosedList(5),
            UndisclosedAnswer(
                "Nobody?", ListSize(0, _NOON), (), 0, 5, Permission.LIST_PATIENTS
            ),
        ),
        "read": lambda: True,
        "limit": 5,
        "with_unfiled": True,
        "order": "total",
        "shown_before": None,
        "resource_types": ["Practitioner"],
        "system_id": uuid4(),
        "system_keys": SystemKeysTyped("https://ehr.example.org/jwks"),
        "doctor_id": uuid4(),
        "doctor_ids": [uuid4()],
        "document_id": uuid4(),
        "user_ids": [uuid4()],
        "patient_ids": [uuid4()],
        "template_of": lambda _: ("{}",),
        "none_known": "None",
        "revision": 1,
        "draft": cast.invent_patient(),
        "draft_id": uuid4(),
        "email": cast.EMIL.email,
        "event_id": uuid4(),
        "file_key": 7,
        "files": files,
        "file_count": 2,
        "finding": "All was as it should be.",
        "folder": Folder.find(synthea),
        "bundles": Bundles(()),
        "from_at": datetime(2026, 11, 20, tzinfo=UTC),
        "grant_id": uuid4(),
        "sender": SenderDetails(),
        "is_wanted": True,
        "is_whole": True,
        "issuer": "https://id.example.org",
        "keep_days": 60,
        "kept_id": house.patient.id,
        "kept_version": house.patient.version,
        "key": uuid4().hex,
        "kind": "allergies",
        "lifetime": timedelta(days=1),
        "lost": ("0" * 16,),
        "merged_id": house.other.id,
        "merged_version": house.other.version,
        "minutes": 5,
        "name": cast.EMIL.name,
        "now": _NOON,
        "number": 1,
        "page": 1,
        "party": RelyingParty("127.0.0.1", "http://127.0.0.1:8501"),
        "passkey_id": uuid4(),
        "patient_id": house.patient.id,
        "per_page": 10,
        "photo": PreparedPhoto(b"full", b"thumbnail"),
        "reason": "Covering for a colleague tonight",
        "rejects": RejectsFile(synthea / "rejects.csv"),
        "restore_days": 30,
        "role": Role.STAFF,
        "language": "en",
        "display": "name_order",
        "chosen": "given-family",
        "scopes": {Scope.READ_DOCTORS},
        "seed_number": 1,
        "seen": _RULE,
        "sentence": "The log is whole.",
        "draft_store": _DraftStore(),
        "unfinished": AuthoringDraft(uuid4(), "sick_note", None, None, {}),
        "session_id": house.sign_ins[role],
        "share_id": uuid4(),
        "record_number": "000000",
        "source": "fhir",
        "source_id": "nobody",
        "size": 10,
        "step": "added",
        "statements": StatementReader(lambda: Endpoints("postgresql:///", {}, "", {})),
        "node": "nobody",
        "reader": VacuumReader(lambda: Endpoints("postgresql:///", {}, "", {})),
        "primary": "nobody",
        "drug": "Amoxicillin 500 mg capsules",
        "days": 30,
        "objective": 0.999,
        "store": house.audit_store,
        "subject": PATIENTS,
        "thumbnail": True,
        "today": _TODAY,
        "token_id": uuid4(),
        "typed": Particulars(cast.EMIL.name, cast.EMIL.email),
        "until_at": datetime(2026, 11, 21, tzinfo=UTC),
        "upto": 1,
        "user_id": house.cast[_other(role)].id,
        "version": house.patient.version,
        "view_id": uuid4(),
        "wanted": AuditFilter(),
        "written": {"complaint": "Headache"},
    }


def _exceptions(house, name: str, role: Role) -> dict[str, Any]:
    """Return the arguments that apply to some functions only."""
    of_package = {
        "people.sessions": lambda: {"session_id": house.sign_ins[_other(role)]},
        "visits.figures.statistics": lambda: {
            "period": Period(date(2026, 11, 20), date(2026, 11, 20)),
            "zone": UTC,
        },
        "fhir.bulk_exports": lambda: {
            "request": ExportRequest("/fhir/$export", ("Patient",), "A new system"),
            "subject": PATIENTS.name,
            "group_id": uuid4(),
            "system_id": uuid4(),
            "owner_id": uuid4(),
            "export_id": uuid4(),
        },
        "visits.front_desk.appointments.streaming": lambda: {
            "fields": tuple(VISIT_FIELDS.values())
        },
        "analytics.figures": lambda: {"kind": EventKind.VISIT, "undisclosed": ()},
        "analytics.queries": lambda: {"query": parse("SELECT count(*) FROM visits")},
        "analytics.dashboards": lambda: {
            "draft": DashboardDraft(name="Visits"),
            "card": Card(
                id=uuid4(),
                title="By sex",
                figure=Figure(
                    cohort=Cohort(entry=CohortEvent(kind=EventKind.VISIT)),
                    by=(Dimension.SEX,),
                ),
            ),
            "card_id": uuid4(),
            "dashboard_id": uuid4(),
            "people": (),
            "with_everybody": True,
        },
        "analytics.analysts": lambda: {"people": ()},
        "analytics.shared_questions": lambda: {"with_everybody": True},
        "analytics.subscriptions": lambda: {
            "content": "visits",
            "draft": SubscriptionDraft(
                content="visits",
                filter=DashboardFilter(),
                recipients=(house.cast[Role.ANALYST].id,),
                plan=SendingPlan(frequency=Frequency.WEEKLY, day=0, hour=7),
            ),
            "subscription_id": uuid4(),
            "seen": _SUBSCRIPTION,
            "recipients": (),
            "plan": _SUBSCRIPTION.plan,
            "most": 20,
        },
        "analytics.count_alerts": lambda: {
            "draft": CountAlertDraft(
                name="Visits",
                question=Cohort(entry=CohortEvent(kind=EventKind.VISIT)),
                is_above=True,
                line=100,
            ),
            "alert_id": uuid4(),
            "is_above": True,
            "line": 100,
            "most": 20,
        },
        "people.patient_apps": lambda: {
            "app_id": uuid4(),
            "redirect_uris": ["https://diary.example/callback"],
            "redirect_uri": "https://diary.example/callback",
            "code": "c" * 48,
            "code_challenge": "h" * 43,
            "scopes": ("patient/Patient.rs",),
        },
        "documents.inbox": lambda: {"view": InboxView.EVERYBODY},
        "documents.fields": lambda: {"kind": FieldKind.TEXT},
        "documents.uploads": lambda: {
            "upload_id": uuid4(),
            "length": 4,
            "parts": (StoredPart(0, 4, "a part"),),
        },
        "documents.search": lambda: {"typed": "letter"},
        "people.accounts.own_contact": lambda: {
            "wanted": OwnContact(None, "+441632960999", None),
            "email": "somebody@mail.example",
            "code": "271828",
            "key": "k" * 32,
        },
        "consultations.chart.labels": lambda: {"order": LabelOrder()},
        "consultations.prescriptions.scans": lambda: {
            "content": document_samples.content(),
            "draft": DraftDocument(),
            "prescription_id": uuid4(),
            "prescription_ids": [uuid4()],
        },
        "patients.search": lambda: {
            "typed": f"{cast.ADA.last_name} {cast.ADA.date_of_birth}"
        },
        "patients.point_in_time": lambda: {
            "typed": cast.ADA.last_name,
            "node": "node-04",
            "seconds": 60.0,
            "copy": point_in_time.RecordCopy(
                house.patient.id,
                house.patient.draft(),
                house.patient.version,
                None,
                "Archived the wrong one",
            ),
        },
        "cluster.alerts": lambda: {
            "alert_id": uuid4(),
            "kind": AlertKind.LAG,
            "change": RuleDraft(True, 20, 30, 2, 30),
            "revision": 1,
        },
        "cluster.operations": lambda: {
            "operation_id": uuid4(),
            "request": OperationRequest(
                OperationKind.RESTART, "Kernel update on db-01", "db-02"
            ),
            "session_id": house.sign_ins[role],
        },
        "cluster.drills": lambda: {
            "kind": DrillKind.CRASH,
            "drill_id": uuid4(),
            "every_days": 30,
            "next_on": datetime.now(UTC).date(),
        },
        "backups.going_back": lambda: {
            "typed": "The Clinic",
            "clinic_name": "The Clinic",
            "before": None,
        },
        "backups.ledger": lambda: {
            "since": Since(),
            "set_id": backup_sets.MANIFEST.set_id,
            "is_complete": True,
        },
        "cluster.sites": lambda: {
            "site": "north",
            "promoted": SitePromoted("north", "It has burnt", "No power", None, None),
        },
        "cluster.monitoring": lambda: {
            "operation_id": uuid4(),
            "since": datetime(2026, 11, 20, tzinfo=UTC),
            "until": datetime(2026, 11, 21, tzinfo=UTC),
        },
        "documents.erasure": lambda: {
            "seen": ErasureRule(None, datetime(2026, 11, 20, tzinfo=UTC)),
            "years": 10,
            "until": date(2027, 11, 20),
        },
        "consultations.notes": lambda: {
            "typed": "headache",
            "unfinished": NotesDraft(uuid4(), uuid4(), 0, {}),
            "notes": Notes("Headache"),
            "as_of": datetime(2026, 11, 20, tzinfo=UTC),
        },
        "consultations.code_lists": lambda: {
            "file": code_lists.parse(code_lists.ListKind.DRUGS, b"name\nMetformin\n"),
            "kind": code_lists.ListKind.DRUGS,
            "source": code_lists.ListSource.OWN,
            "version": uuid4(),
        },
        "visits.newcomers": lambda: (
            _with_doctor(house)
            | {"newcomer_id": uuid4(), "patient_id": house.patient.id, "limit": 5}
        ),
        "visits.front_desk.appointments": lambda: _with_visit(house, name),
        "documents.records": lambda: _with_documents(house, name, role),
        "documents.point_in_time": lambda: _with_document_then(house, name, role),
        **dict.fromkeys(
            (
                "visits.schedule.doctors",
                "visits.schedule.plans",
                "visits.schedule.slots",
            ),
            lambda: _with_doctor(house),
        ),
        "consultations.point_in_time": lambda: _with_visit_then(house, name),
        "consultations.prescriptions": lambda: _with_prescriptions(house),
        **dict.fromkeys(
            ("visits.booking.bookings", "visits.booking.waitlist"),
            lambda: _with_bookings(house, name, role),
        ),
    }
    if name.startswith("people.sessions.") and name != "people.sessions.ending.end":
        return {}
    for package, build in of_package.items():
        if name.startswith(f"{package}."):
            return build()
    return {}


def _with_doctor(house) -> dict[str, Any]:
    """Return the arguments for a doctor to plan and edit, and for visits of an hour."""
    draft = cast.DOCTOR_DORA
    doctor_id = house.database.write(
        lambda session: cast.add_doctor(session, draft).id, identity=SYSTEM
    ).value
    begins = datetime.now(UTC) + timedelta(days=1)
    times = {"starts_at": begins, "ends_at": begins + timedelta(hours=1)}
    blocked = ExceptionDraft(ExceptionKind.BLOCKED, doctor_id=doctor_id, **times)
    return {
        **times,
        "calendar": Calendar("Europe/Berlin", 7),
        "doctor_id": doctor_id,
        "draft": draft,
        "exception": blocked,
        "exception_id": uuid4(),
        "from_at": begins,
        "hours": [Hours(day, time(9), time(10)) for day in range(1, 8)],
        "photo_file_id": None,
        "reason": "A patient in great need",
        "revision": 1,
        "slot_id": uuid4(),
        "slot_ids": [uuid4()],
        "until_at": times["ends_at"],
    }


def _with_bookings(house, name: str, role: Role) -> dict[str, Any]:
    """Return ids of a slot, a booking and a place in line that do not exist.

    For patients they are the patient's own.
    """
    patient_id = house.cast[role].patient_id or house.patient.id
    soon = datetime.now(UTC) + timedelta(days=1)
    requests = {
        "visits.booking.bookings.any_doctor.hold_any": AnyRequest(
            "None", soon, patient_id, uuid4()
        ),
        "visits.booking.bookings.series.hold_series": SeriesRequest(
            (uuid4(),), patient_id, uuid4()
        ),
        "visits.booking.waitlist.joining.join": WaitRequest(
            patient_id, soon, soon + timedelta(days=1), doctor_id=uuid4()
        ),
    }
    held = BookingRequest(uuid4(), patient_id, uuid4())
    return {
        "attempt": uuid4(),
        "booking_id": uuid4(),
        "patient_id": patient_id,
        "entry_id": uuid4(),
        "request": requests.get(name, held),
        "series_id": uuid4(),
        "slot_id": uuid4(),
        "times": 2,
        "zone": UTC,
    }


def _with_prescriptions(house) -> dict[str, Any]:
    """Return the arguments for a prescription of the patient's that does not exist."""
    line = PrescriptionLine("Paracetamol 500 mg", "1", "3 times a day", "5 days")
    return {
        "draft": DraftPrescription((line,)),
        "unfinished": UnfinishedPrescription(
            uuid4(), uuid4(), DraftPrescription((line,))
        ),
        "order": PrescriptionOrder(
            id=uuid4(),
            appointment_id=uuid4(),
            number=1,
            patient_id=house.patient.id,
            patient_name="Ada Lovelace",
            record_number="47TXZF",
            date_of_birth=_TODAY,
            allergies=(),
            no_known_allergies=True,
            doctor_id=uuid4(),
            license_number=None,
            lines=(line,),
            note="",
            author_name=cast.DORA.name,
        ),
        "paper": SignedPaper(uuid4().hex, "x.pdf", 1, bytes(32), bytes(32)),
        "prescription_id": uuid4(),
        "sha256_of_file": bytes(32),
        "visit_id": uuid4(),
    }


def _with_visit(house, name: str) -> dict[str, Any]:
    """Return a visit of the patient's, in the state that the function expects."""

    def prepare(session):
        doctor_id = cast.add_doctor(session).id
        given = session, doctor_id, house.patient.id, visit_samples.soon(-5)
        came = {"status": "checked-in"} if name.endswith(".complete") else {}
        visit_id = visit_samples.visit(*given, **came)
        return visit_id, session.get_one(Appointment, visit_id).code

    visit_id, code = house.database.write(prepare, identity=SYSTEM).value
    return {
        "day": datetime.now(UTC).date(),
        "typed": code,
        "visit_id": visit_id,
        "zone": UTC,
    }


def _with_visit_then(house, name: str) -> dict[str, Any]:
    """Return a visit of the patient's that was checked in at the earlier time."""
    offer, clerk = _with_visit(house, name), house.cast[Role.STAFF]
    visit = house.database.write(
        lambda session: appointments.get(session, clerk, offer["visit_id"]),
        identity=SYSTEM,
    ).value
    then = replace(visit, status=VisitStatus.CHECKED_IN)
    reason = "Checked in the wrong one"
    copy = VisitCopy(then, visit.revision, None, reason, uuid4())
    if name.endswith(".bring_notes_back"):
        copy = NotesCopy(visit.id, Notes("Headache"), 0, None, reason)
    return {"of_then": [], "patient_id": house.patient.id, "copy": copy}


def _with_documents(house, name: str, role: Role) -> dict[str, Any]:
    """Return a document of the patient's, in the state that the function expects."""
    clerk = house.cast[Role.STAFF]
    owner = house.cast[role] if role is Role.PATIENT else clerk

    def prepare(session):
        filed = document_samples.file(session, owner)
        if name.endswith(".restore"):
            records.delete(session, owner, filed.id, revision=1)
        if name.endswith(".release"):
            records.hold(session, clerk, filed.id, reason="A court asked for it.")
        return filed

    filed = house.database.write(prepare, identity=SYSTEM).value
    return {
        "changes": ChangedDocument.of(filed),
        "content": document_samples.content(),
        "document_id": filed.id,
        "draft": DraftDocument(),
        "patient_id": None,
        "purpose": "view",
        "revision": 2 if name.endswith(".restore") else 1,
        "sha256": bytes(32),
    }


def _with_document_then(house, name: str, role: Role) -> dict[str, Any]:
    """Return a document that had another title at the earlier time."""
    offer = _with_documents(house, name, role)
    clerk, document_id = house.cast[Role.STAFF], offer["document_id"]
    filed = house.database.write(
        lambda session: records.get(session, clerk, document_id), identity=SYSTEM
    ).value
    then = replace(filed, title="As it was")
    reason = "Renamed the wrong one"
    return offer | {
        "copy": DocumentCopy(then, filed.revision, None, reason),
        "documents": [then],
        "patient_id": house.patient.id,
    }


def _other(role: Role) -> Role:
    return Role.STAFF if role is not Role.STAFF else Role.ANALYST
