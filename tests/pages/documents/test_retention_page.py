"""Retention on screen: rules changed, holds released, damage shown, nobody named."""

import re
from functools import partial

import pytest
from sqlalchemy import func, select, update

from db.files.gridfs import Bucket
from db.models.document import Document, DocumentVersion, RetentionRule
from db.models.integrity import IntegrityRun
from services.core.actors import Role
from services.documents import erasure, records, retention
from services.documents.integrity import runs, sweeping
from services.documents.integrity.runs import Job
from services.documents.integrity.sweeping import SweepResult
from services.documents.records.kinds import Classification
from services.documents.retention import holds
from services.patients.records.record_numbers import formatted
from tests.pages.conftest import forgetting, rows_of
from tests.services.documents.erasure import samples as erasure_samples
from tests.services.documents.records.samples import file

REASON = "Claim 2026-17 against the clinic"


@pytest.fixture(autouse=True)
def runs_of_one_test(kept):
    """Keep only the runs of jobs that a test adds."""
    with forgetting(kept, IntegrityRun):
        yield


@pytest.fixture
def confirmed(at_desk):
    """Open the page as an administrator who has just used a passkey."""
    return partial(at_desk, "retention", Role.ADMIN)


@pytest.fixture
def held(clinic):
    def prepare(session):
        document = file(session, clinic.clerk, title="Letter about Ada")
        records.hold(session, clinic.clerk, document.id, reason=REASON)
        return document

    document = clinic.write(prepare)
    yield document
    free = {"held_at": None, "held_by": None, "held_because": None}
    row = update(Document).where(Document.id == document.id)
    clinic.write(lambda session: session.execute(row.values(free)))


def rule_of(clinic, classification):
    rules = clinic.write(retention.list_rules)
    return next(rule for rule in rules if rule.classification is classification)


def let_be_kept(clinic, days):
    """Change at another desk how long clinical documents are kept."""
    row = update(RetentionRule).where(RetentionRule.classification == "clinical")
    changed = {"keep_days": days, "updated_at": func.clock_timestamp()}
    clinic.write(lambda session: session.execute(row.values(changed)))
    return rule_of(clinic, Classification.CLINICAL)


@pytest.fixture
def clinical_rule(clinic):
    """The rule of clinical documents, restored afterwards."""
    rule = rule_of(clinic, Classification.CLINICAL)
    yield rule
    let_be_kept(clinic, rule.keep_days)


def key_of(rule, field):
    return f"retention_{field}_{rule.classification}_{rule.updated_at.timestamp():.6f}"


def words_on(app):
    return [text.value for text in (*app.markdown, *app.warning, *app.caption)]


def test_rules_are_shown_in_years_where_they_are_years(confirmed, clinic):
    app = confirmed()

    rule = rule_of(clinic, Classification.CLINICAL)
    assert app.number_input(key=key_of(rule, "keep")).value == 10
    assert app.selectbox(key=key_of(rule, "unit")).value == "years"
    assert app.number_input(key=key_of(rule, "restore")).value == 30


def test_a_rule_is_changed_and_the_page_says_from_when_on(confirmed, clinic):
    app = confirmed()
    rule = rule_of(clinic, Classification.TEMPORARY)
    app.number_input(key=key_of(rule, "keep")).set_value(2)
    app.selectbox(key=key_of(rule, "unit")).set_value("years")

    app.button(key="retention_save_temporary").click().run()

    assert rule_of(clinic, Classification.TEMPORARY).keep_days == 731
    assert any("starting in a week" in element.value for element in app.toast)
    assert not app.error


@pytest.mark.parametrize("button", ["retention_save_administrative", "erasure_save"])
def test_a_rule_that_stays_the_same_is_not_said_to_start_in_a_week(confirmed, button):
    app = confirmed()

    app.button(key=button).click().run()

    [said] = [element.value for element in app.toast]
    assert "the rule is the same" in said


def test_without_a_passkey_nothing_is_changed_and_what_was_typed_stays(
    confirmed, clinic
):
    app = confirmed(method="code")
    assert app.button(key="confirming_leave")
    rule = rule_of(clinic, Classification.ADMINISTRATIVE)
    typed = app.number_input(key=key_of(rule, "keep"))

    typed.set_value(99)
    app.button(key="retention_save_administrative").click().run()

    assert "from the last 5 minutes" in app.error[0].value
    assert app.number_input(key=key_of(rule, "keep")).value == 99
    assert rule_of(clinic, Classification.ADMINISTRATIVE) == rule


def test_a_time_that_cannot_be_is_explained_beside_the_rule(confirmed, clinic):
    app = confirmed()
    rule = rule_of(clinic, Classification.CLINICAL)
    typed = app.number_input(key=key_of(rule, "keep"))
    # With bounds Streamlit would send nothing, and the button would seem dead.
    assert typed.min is None or typed.min <= -9_007_199_254_740_991

    typed.set_value(0)
    app.button(key="retention_save_clinical").click().run()

    (said,) = app.error
    assert (
        said.value
        == "Documents can be kept for 1 to 36,525 days; enter a number in this range."
    )
    assert app.number_input(key=key_of(rule, "keep")).value == 0
    # The rest of the page follows below.
    assert "Legal holds" in [element.value for element in app.subheader]
    assert rule_of(clinic, Classification.CLINICAL) == rule


@pytest.mark.parametrize(
    ("field", "label"),
    [("keep", "Kept for"), ("restore", "Deleted documents can be restored for (days)")],
)
def test_a_time_that_was_emptied_is_asked_for_and_nothing_is_changed(
    confirmed, clinic, field, label
):
    app = confirmed()
    rule = rule_of(clinic, Classification.CLINICAL)
    app.number_input(key=key_of(rule, field)).set_value(None)

    app.button(key="retention_save_clinical").click().run()

    said = f"{label} is empty. Type a number."
    assert [each.value for each in app.error] == [said]
    assert app.number_input(key=key_of(rule, field)).value is None
    assert rule_of(clinic, Classification.CLINICAL) == rule


def test_what_was_compared_before_there_were_files_says_when(confirmed, clinic):
    none = {bucket.value: SweepResult(0, (), ()).as_details() for bucket in Bucket}
    clinic.write(lambda s: runs.note(s, Job.SWEEP, none))

    said = "\n".join(words_on(confirmed()))

    assert re.search(
        r"files and rows, \d+ \w{3} \d{4}, \d\d:\d\d, there were no files yet", said
    )
    assert "**0** rows" not in said


def test_a_kind_of_file_of_which_there_is_none_is_not_named(confirmed, clinic):
    sweeps = {
        bucket.value: SweepResult(int(bucket is Bucket.DOCUMENTS), (), ()).as_details()
        for bucket in Bucket
    }
    clinic.write(lambda s: runs.note(s, Job.SWEEP, sweeps))

    said = "\n".join(words_on(confirmed()))

    assert "- Documents: **1** rows name a file" in said
    assert "Prescriptions" not in said


def test_every_kind_of_file_has_a_name_that_people_use(confirmed, clinic):
    sweeps = {bucket.value: SweepResult(1, (), ()).as_details() for bucket in Bucket}
    clinic.write(lambda s: runs.note(s, Job.SWEEP, sweeps))

    app = confirmed()

    said = "\n".join(words_on(app))
    assert "Prescriptions: **1**" in said
    assert "prescription_files" not in said


def test_a_rule_that_a_colleague_changed_meanwhile_is_not_overwritten(
    confirmed, clinic, clinical_rule
):
    app = confirmed()
    app.number_input(key=key_of(clinical_rule, "keep")).set_value(1)
    theirs = let_be_kept(clinic, 3700)

    app.button(key="retention_save_clinical").click().run()

    assert "Somebody else changed this rule" in app.error[0].value
    assert rule_of(clinic, Classification.CLINICAL).keep_days == 3700
    # What the page keeps for a few seconds is not the rule.
    app.run()
    assert app.number_input(key=key_of(theirs, "keep")).value == 3700


def test_what_a_colleague_changed_is_not_said_to_be_what_was_typed(
    confirmed, clinic, clinical_rule
):
    app = confirmed()
    app.number_input(key=key_of(clinical_rule, "keep")).set_value(1)
    clinical_rule = let_be_kept(clinic, 3700)
    clinic.catch_up(app)

    app.button(key="retention_save_clinical").click().run()

    assert "Somebody else changed this rule" in app.error[0].value
    assert not app.toast
    assert rule_of(clinic, Classification.CLINICAL) == clinical_rule
    app.run()
    assert app.number_input(key=key_of(clinical_rule, "keep")).value == 3700
    assert app.selectbox(key=key_of(clinical_rule, "unit")).value == "days"


def test_a_hold_is_shown_by_id_and_reason_and_never_by_title(confirmed, held):
    app = confirmed()

    (row,) = rows_of(app, "retention_holds")
    assert row[0] == str(held.id)
    assert REASON in row
    assert not any("Ada" in cell for cell in row)


def test_that_not_all_holds_are_listed_is_said(confirmed, held, clinic, monkeypatch):
    def hold_another(session):
        document = file(session, clinic.clerk)
        records.hold(session, clinic.clerk, document.id, reason=REASON)
        return document.id

    sentence = "The 1 longest held of 2 are listed."
    assert not any(sentence in each.value for each in confirmed().caption)
    other = clinic.write(hold_another)
    monkeypatch.setattr(holds, "MOST_LISTED", 1)

    app = confirmed()

    assert len(rows_of(app, "retention_holds")) == 1
    assert any(sentence in each.value for each in app.caption)
    free = {"held_at": None, "held_by": None, "held_because": None}
    row = update(Document).where(Document.id == other).values(free)
    clinic.write(lambda session: session.execute(row))


def test_what_is_due_is_counted_by_class(confirmed, held):
    app = confirmed()

    rows = {row[0]: row[1:] for row in rows_of(app, "retention_dues")}
    assert set(rows) == {"Clinical", "Administrative", "Temporary"}
    assert rows["Clinical"][2] == "1"


def test_where_nothing_has_run_yet_the_page_says_never(confirmed):
    app = confirmed()

    assert any("Last purge: never" in text for text in words_on(app))


def test_damage_and_missing_files_are_alarms_with_ids(confirmed, clinic, held):
    row = update(DocumentVersion).where(DocumentVersion.document_id == held.id)

    def break_it(session):
        session.execute(row.values(damaged_at=func.now()))
        missing = sweeping.list_versions(
            session,
            sweeping.versions().where(DocumentVersion.document_id == held.id),
        )
        sweeps = {"documents": SweepResult(1, (), missing).as_details()}
        runs.note(session, Job.SWEEP, sweeps)

    clinic.write(break_it)
    app = confirmed()

    alarms = [element.value for element in app.warning]
    assert any("restore them from a backup" in text for text in alarms)
    assert any(f"document {held.id}, version 1" in text for text in alarms)
    assert rows_of(app, "retention_damaged")[0][:2] == [str(held.id), "1"]
    assert not any("Ada" in text for text in (*alarms, *words_on(app)))


def test_jobs_that_stopped_and_sweeps_that_held_back_are_alarms(confirmed, clinic):
    few = tuple(str(number) for number in range(200))

    def prepare(session):
        runs.note(session, Job.CHECK, {"checked": 0, "stopped": "No file verifies."})
        sweeps = {"patient_photos": SweepResult(1, few, ()).as_details()}
        runs.note(session, Job.SWEEP, sweeps)
        runs.note(session, Job.PURGE, {"purged": 2, "removed": 0, "in_backups": 2})
        long_ago = func.now() - func.make_interval(0, 0, 0, 1)
        for run in session.scalars(select(runs.IntegrityRun)):
            run.ended_at = long_ago

    clinic.write(prepare)
    app = confirmed()

    alarms = " ".join(element.value for element in app.warning)
    assert "No file verifies." in alarms
    assert "2 purged files are still in the backups" in alarms
    assert "too many files have no row, so none is removed" in alarms
    assert "check that the worker is running" in alarms


def test_looking_is_written_down(confirmed, clinic):
    confirmed()

    assert clinic.audit("retention:read")


def test_a_hold_is_released_after_a_question(confirmed, clinic, held, monkeypatch):
    # AppTest cannot click into a table that draws itself.
    chosen = clinic.write(lambda s: retention.list_holds(s, clinic.cast[Role.ADMIN]))
    monkeypatch.setattr(
        "dashboard.documents.retention.retention_tables.holds_table",
        lambda *_, **__: chosen[0],
    )
    app = confirmed()

    assert any("cannot be undone" in text for text in words_on(app))
    app.button(key="retention_release_confirm").click().run()

    held_at = select(Document.held_at).where(Document.id == held.id)
    assert clinic.write(lambda s: s.scalars(held_at).one()) is None


@pytest.fixture
def archived(clinic):
    """Grace, archived long ago in a clinic that erases after ten years."""
    grace = clinic.register(first_name="Quendelin")

    def prepare(session):
        erasure_samples.let_erase(session)
        erasure_samples.archive_long_ago(session, clinic.clerk, grace)

    clinic.write(prepare)
    yield grace
    clinic.write(lambda session: erasure_samples.let_erase(session, years=None))


def test_who_is_to_be_erased_stands_there_without_a_name_and_is_postponed(
    confirmed, clinic, archived, monkeypatch
):
    app = confirmed()
    (row,) = rows_of(app, "erasure_dues")
    assert row[0] == formatted(archived.record_number)
    assert row[3] == "Will be erased"
    assert "Quendelin" not in str([words_on(app), row])

    # AppTest cannot click into a table that draws itself.
    status = clinic.write(
        lambda s: erasure.read_due_erasures(s, clinic.cast[Role.ADMIN])
    )
    with monkeypatch.context() as patch:
        patch.setattr(
            "dashboard.documents.retention.erasures.erasures_table",
            lambda *_: status.dues[0],
        )
        app = confirmed()
        _postpone(app, archived)

    (row,) = rows_of(confirmed(), "erasure_dues")
    assert row[3].startswith("Postponed until")
    assert row[3].endswith(REASON)


def _postpone(app, archived):
    reason = f"erasure_postpone_{archived.id}_reason"
    app.text_area(key=reason).set_value("Why")
    app.button(key="erasure_postpone_confirm").click().run()
    assert "at least 10 characters" in app.error[0].value
    assert app.text_area(key=reason).value == "Why"

    app.text_area(key=reason).set_value(REASON)
    app.button(key="erasure_postpone_confirm").click().run()
    assert not app.error


def test_an_emptied_field_does_not_mean_that_nobody_is_erased(confirmed, clinic):
    app = confirmed()
    rule = clinic.write(erasure.find_rule)
    years = app.number_input(key=f"erasure_years_{rule.updated_at.timestamp():.6f}")

    years.set_value(None)
    app.button(key="erasure_save").click().run()

    (said,) = app.error
    assert "(years) is empty. Type a number." in said.value
    assert clinic.write(erasure.find_rule) == rule


def test_after_how_many_years_patients_are_erased_is_changed(confirmed, clinic):
    app = confirmed()
    rule = clinic.write(erasure.find_rule)
    years = app.number_input(key=f"erasure_years_{rule.updated_at.timestamp():.6f}")

    years.set_value(500)
    app.button(key="erasure_save").click().run()
    assert "1 to 100 years" in app.error[0].value
    app.number_input(key=years.key).set_value(12)
    app.button(key="erasure_save").click().run()

    assert clinic.write(erasure.find_rule).years == 12
    assert any("after 12 years" in element.value for element in app.toast)
