"""Every text that anybody is shown is in the German catalogues."""

from collections.abc import Iterator
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from dashboard import navigation
from dashboard.ui.lists.criteria_editor.rows import SPAN_UNITS
from services.analytics.cohorts import Dimension, EventKind
from services.audit.log import descriptions, sentences
from services.cluster.alerts import RuleDraft
from services.cluster.drill_kinds import PROMISES, SCENARIOS
from services.cluster.operations import PHASES, SETTINGS, TITLES
from services.consultations.chart import label_paper
from services.consultations.drugs import ROUTES
from services.consultations.notes import VITALS
from services.consultations.prescriptions import paper as prescription_paper
from services.consultations.summaries import paper as summary_paper
from services.core.actors import Permission, Role
from services.core.weekdays import WEEKDAYS
from services.documents.forms import TEMPLATES, Template, generating
from services.documents.records import errors
from services.documents.records.kinds import CLASS_LABELS, STATED, TYPE_LABELS
from services.documents.search.fields import OWN_FIELDS
from services.lists.criteria import OPERATORS, operator_label
from services.messaging.user_notifications import records as notifications
from services.patients.duplicates.moved_entries import WORDS
from services.patients.records.model import FIELDS as PATIENT_FIELDS, SEX_LABELS, Sex
from services.patients.records.rules import LABELS
from services.patients.search.fields import FIELDS
from services.pdf import inspecting
from services.pdf.signing.checking import SignatureState
from services.visits.calendar import day_list
from services.visits.front_desk.appointments import errors as visit_errors, transitions
from services.visits.schedule.doctors import changing as doctors
from services.visits.schedule.doctors.rules import SEXES as DOCTORS_SEXES
from tests.kit.sentences import (
    ROOT,
    catalogues_of,
    known,
    lacking,
    missing,
    missing_of_script,
    names_of_details,
    refusals,
    sayable,
    texts_of_script,
    texts_of_template,
    unasked,
    unwrapped,
    unwrapped_of_script,
)

#: What no page shows: commands, and what stands between a page and the browser.
NOT_SHOWN: Final = (
    "dashboard.__main__",
    "dashboard.cli",
    "dashboard.web.",
    "dashboard.wiring",
    # Read by the restore command alone; a page prints the paper and does not read it.
    "services.backups.kits.paper",
    # Mistakes in our own code; the log's descriptions of actions are in services.audit.
    "services.core.audit",
    # Pages say of a damaged file what a refusal of its own says.
    "services.fhir.bulk_exports.packing",
    "services.demo.",
)
#: What of that is said on a page all the same.
DASHBOARD: Final = (
    "dashboard/context.py",
    "dashboard/patients/point_in_time/standby_reading.py",
    "dashboard/patients/records/patient_form.py",
    "dashboard/ui/lists/list_addresses.py",
    "dashboard/web/page_context/page_actor.py",
    "dashboard/web/page_context/page_reads.py",
    "dashboard/web/uploads/upload_gate.py",
    "dashboard/web/uploads/upload_quota.py",
)
SCRIPTS: Final = (
    "dashboard/web/sessions/session_watch",
    "dashboard/ui",
    "dashboard/documents/records/page_preview",
    "dashboard/patients/search/patient_choice",
    "dashboard/visits/booking/slot_calendar",
    "dashboard/visits/calendar/time_grid",
)


@cache
def _modules() -> dict[str, Path]:
    rooms = ("dashboard", "pages", "services")
    files = (file for room in rooms for file in (ROOT / room).rglob("*.py"))
    return {_module_of(file): file for file in files}


def _module_of(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def _desk_transitions() -> list[transitions._Transition]:
    values = vars(transitions).values()
    return [each for each in values if isinstance(each, transitions._Transition)]


def _said_by(template: Template) -> Iterator[str]:
    """Yield the texts of a form that is being filled in."""
    yield from (template.title, template.summary)
    for field in template.fields:
        yield from filter(None, (field.label, field.help, *field.columns))


def _following() -> Iterator[str]:
    """Yield the names, one and several, of what a merge moves between records."""
    for words_of_table in WORDS.values():
        yield from words_of_table or ()


def _shown(*rooms: str) -> list[str]:
    """Return the modules of these packages whose texts are shown on a page."""
    return sorted(
        module
        for module in _modules()
        if module.startswith(rooms) and not module.startswith(NOT_SHOWN)
    )


#: Modules whose every sentence is in the catalogues.
TRANSLATED: Final = _shown("dashboard", "pages")
#: Services whose refusals are.
REFUSED: Final = _shown("services")


def test_the_modules_of_pages_are_found() -> None:
    assert "pages.visits.book" in TRANSLATED
    assert "dashboard.sign_in.codes.asking" in TRANSLATED
    assert "dashboard.ui.record_table" in TRANSLATED
    assert "dashboard.cli.commands" not in TRANSLATED


@pytest.mark.parametrize("module", TRANSLATED)
def test_every_sentence_is_wrapped_and_german(module: str) -> None:
    file = _modules()[module]

    assert unwrapped(file.read_text("utf-8")) == []
    assert missing(file) == []
    assert unasked(file.read_text("utf-8")) == []


@pytest.mark.parametrize(
    "template", sorted((ROOT / "dashboard/sign_in/templates").glob("*.html")), ids=str
)
def test_pages_of_sign_in_are_german(template: Path) -> None:
    assert lacking(texts_of_template(template)) == []


@pytest.mark.parametrize("folder", SCRIPTS)
def test_what_scripts_say_is_german(folder: str) -> None:
    files = sorted((ROOT / folder).rglob("*.js"))

    assert files
    assert {file.name: unwrapped_of_script(file) for file in files} == {
        file.name: [] for file in files
    }
    assert {file.name: missing_of_script(file) for file in files} == {
        file.name: [] for file in files
    }


@pytest.mark.parametrize(
    "file",
    [
        *(_modules()[each] for each in REFUSED),
        *(ROOT / each for each in DASHBOARD),
    ],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_what_people_are_refused_with_is_german(file: Path) -> None:
    assert lacking(refusals(file.read_text("utf-8"))) == []
    assert missing(file) == []


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param([place.title for place in navigation._PLACES], id="pages"),
        pytest.param([*navigation._MENUS.values()], id="menus"),
        pytest.param([title for title, _ in navigation._ACTS], id="acts"),
        pytest.param([role.value for role in Role], id="roles"),
        pytest.param([each.value for each in Permission], id="permissions"),
        pytest.param([*TYPE_LABELS.values(), STATED], id="types of documents"),
        pytest.param([*errors._ACTIVE.values()], id="active content"),
        pytest.param([*notifications._SENTENCES.values()], id="notifications"),
        pytest.param([*inspecting._SENTENCES.values()], id="files that are not read"),
        *(
            pytest.param([*_said_by(template)], id=template.name)
            for template in TEMPLATES.values()
        ),
        pytest.param([*ROUTES], id="routes of drugs"),
        pytest.param([vital.label for vital in VITALS], id="vital signs"),
        pytest.param(
            [
                *(prescription_paper.TITLE, prescription_paper._SIGNED),
                *prescription_paper._COLUMNS,
            ],
            id="prescriptions on paper",
        ),
        pytest.param(
            [
                *(summary_paper.TITLE, summary_paper._NOTHING),
                *summary_paper._STATES.values(),
            ],
            id="chart summary",
        ),
        pytest.param([day_list._TITLE, *day_list._COLUMNS], id="list of the day"),
        pytest.param(
            [generating._NOT_THE_CLINICS, label_paper._TITLE], id="other papers"
        ),
        pytest.param([*CLASS_LABELS.values()], id="retention classes"),
        pytest.param([field.label for field in OWN_FIELDS.values()], id="fields"),
        pytest.param(
            [label for field in OWN_FIELDS.values() for label in field.choice_labels],
            id="choices",
        ),
        pytest.param([*LABELS.values()], id="fields of a patient"),
        pytest.param(
            [field.help for field in PATIENT_FIELDS.values() if field.help],
            id="help with a patient's fields",
        ),
        pytest.param([*SEX_LABELS.values(), *Sex], id="sexes"),
        pytest.param([field.label for field in FIELDS.values()], id="patients' fields"),
        pytest.param([*_following()], id="what follows a merge"),
        pytest.param([name.replace("_", " ") for name in LABELS], id="changed fields"),
        pytest.param(
            [
                said
                for each in SCENARIOS.values()
                for said in (each.title, each.what_happens)
            ],
            id="drills",
        ),
        pytest.param(
            [getattr(each.words, "message", each.words) for each in PROMISES.values()],
            id="promises of drills",
        ),
        pytest.param([*TITLES.values(), *PHASES.values()], id="operations"),
        pytest.param(
            [
                said
                for each in SETTINGS.values()
                for said in (each.title, each.effect, *(each.choices or {}).values())
            ],
            id="settings of the cluster",
        ),
        pytest.param([*EventKind, *Dimension], id="what cohorts are made of"),
        pytest.param([*sentences._PHRASES.values()], id="actions of the audit log"),
        pytest.param(
            [*descriptions._TO_PATIENTS.values(), descriptions._SOMETHING],
            id="accesses",
        ),
        pytest.param(
            [*descriptions._OF_DOCUMENT.values(), descriptions._SOMETHING_ELSE],
            id="accesses to documents",
        ),
        pytest.param([state.sentence for state in SignatureState], id="signatures"),
        pytest.param(SPAN_UNITS, id="spans of time"),
        pytest.param(WEEKDAYS, id="weekdays"),
        pytest.param([sex.capitalize() for sex in DOCTORS_SEXES], id="sexes"),
        pytest.param([said for _, said in doctors._TAKEN.values()], id="taken"),
        pytest.param(
            [
                *visit_errors._NOW.values(),
                *(each.wanted for each in _desk_transitions()),
                *(each.otherwise for each in _desk_transitions()),
            ],
            id="what the desk does",
        ),
        pytest.param(
            [
                operator_label(operator, kind)
                for kind, operators in OPERATORS.items()
                for operator in operators
            ],
            id="comparisons",
        ),
    ],
)
def test_labels_of_services_are_german(labels: list[str]) -> None:
    assert lacking(labels) == []


def test_a_text_is_translated_in_one_catalogue() -> None:
    repeated = {text: each for text, each in catalogues_of().items() if len(each) > 1}

    assert repeated == {}


def test_only_what_is_said_is_translated() -> None:
    rooms = ("dashboard", "pages", "services", "api", "jobs", "db")
    files = (file for room in rooms for file in (ROOT / room).rglob("*.py"))
    said = {text for file in files for text in sayable(file.read_text("utf-8"))}
    dashboard = ROOT / "dashboard"
    said |= {each for file in dashboard.rglob("*.js") for each in texts_of_script(file)}
    said |= {
        each for file in dashboard.rglob("*.html") for each in texts_of_template(file)
    }

    assert known() - said == set()


def test_details_of_the_audit_log_have_german_names() -> None:
    written = {
        name
        for file in _audited()
        for name in names_of_details(file.read_text("utf-8"))
        # A sentence is shown as such, criteria as the names of their fields.
        if name not in {"criteria", "sentence"}
    }

    # The fields of a rule are recorded by the name of each that was changed.
    written |= {each.name.replace("_", " ") for each in fields(RuleDraft)}
    assert "because" in written
    assert lacking(sorted(written)) == []


def _audited() -> Iterator[Path]:
    files = (ROOT / "services").rglob("*.py")
    return (file for file in files if "services/demo" not in str(file))
