"""An administrator who has chosen German reads and verifies the log in German."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.orm import Session

from dashboard import wiring
from db.postgres import SYSTEM
from db.settings import Settings
from services.audit import chain
from services.audit.log import from_query
from services.core import audit
from services.core.actors import Permission, Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed
from tests.kit.german_pages import english, texts_of
from tests.pages.conftest import Clinic, rows_of


def ship(clinic: Clinic) -> None:
    def shipped(session: Session) -> int:
        return chain.ship(session, clinic.wiring.audit)

    while clinic.wiring.database.write(shipped, identity=SYSTEM).value:
        pass


def test_entries_are_read_in_german(german: Clinic) -> None:
    patient = german.edit(german.register(), allergies=("Latex",))
    german.write(
        lambda session: audit.record(
            session,
            german.clerk,
            Action.DOCUMENT_DOWNLOAD,
            patient_id=patient.id,
            outcome="refused",
            reason="Nicht zuständig",
        )
    )
    ship(german)

    app = german.open("audit", Role.ADMIN, patient=patient.id)

    assert english(texts_of(app)) == set()
    desk = f"{german.clerk.name} (Empfang)"
    assert [row[1] for row in rows_of(app, "audit_table")] == [
        f"{desk}: ein Dokument heruntergeladen – abgelehnt",
        f"{desk}: die Akte eines Patienten geändert",
        f"{desk}: einen Patienten aufgenommen",
    ]
    assert "geändert: Allergien; Version: 2" in set(texts_of(app))
    assert "„Nicht zuständig“" in " ".join(texts_of(app))


def test_details_and_what_they_are_of_are_named_in_german(german: Clinic) -> None:
    admin = german.cast[Role.ADMIN]
    german.write(
        lambda session: audit.record(
            session,
            admin,
            Action.USER_CHANGE_ROLE,
            subject=("session", admin.id),
            details={"changed": {"role": ["analyst", "staff"]}, "with_everybody": True},
        )
    )
    ship(german)

    app = german.open("audit", Role.ADMIN, subject=admin.id)

    said = set(texts_of(app))
    assert f"Anmeldung {admin.id}" in said
    assert "Rolle: Analyse → Empfang; mit allen geteilt: ja" in said


def test_a_refusal_that_the_log_keeps_is_in_german(german: Clinic) -> None:
    with pytest.raises(NotAllowed) as refused:
        german.clerk.require(Permission.VIEW_AUDIT)
    subject = ("doctor", uuid4())
    german.write(
        lambda s: audit.record(
            s,
            german.clerk,
            Action.ACCESS_REFUSE,
            subject=subject,
            details={"sentence": str(refused.value)},
        )
    )
    ship(german)

    app = german.open("audit", Role.ADMIN, subject=subject[1])

    said = " ".join(texts_of(app))
    assert "Das ist Ihnen nicht erlaubt: " in said
    assert "Ihre Rolle ist Empfang." in said
    assert "You may not" not in said


def test_days_times_and_hours_in_details_are_written_as_german_readers_do(
    german: Clinic,
) -> None:
    doctor = uuid4()
    week = [["Mon 08:00-12:00 work"], ["Mon 08:00-11:00 work", "Tue 09:30-09:45 break"]]
    details = {
        Action.BACKUP_PREVIEW: {"to": datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)},
        Action.BACKUP_REPORT: {"first": date(2026, 6, 1), "last": date(2026, 6, 30)},
        Action.ALERT_CHANGE_RULE: {"changed": {"for_seconds": [30.0, 45.5]}},
        Action.TAG_ADD: {"name": "2026-06-01"},
        Action.FIELD_CHANGE: {
            "changed": {"document_types": [["other"], ["correspondence", "imaging"]]}
        },
        Action.FIELD_ADD: {"choices": ["Other", "Imaging"]},
        Action.AUDIT_EXPORT: {"actions": ["photo:read", "tag:add"]},
        Action.SCHEDULE_CHANGE: {"week": week},
        Action.AUDIT_VERIFY: {"sentence": "Entry 7 was changed."},
    }

    def record_all(session: Session) -> None:
        for action, recorded in details.items():
            subject = ("doctor", doctor)
            audit.record(
                session, german.clerk, action, subject=subject, details=recorded
            )

    german.write(record_all)
    ship(german)

    app = german.open("audit", Role.ADMIN, subject=doctor)

    said = set(texts_of(app))
    zone = ZoneInfo(german.wiring.settings.timezone)
    local = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC).astimezone(zone)
    day = f"{local.day}.\N{NO-BREAK SPACE}Juli 2026"
    assert f"bis: {day}, {local:%H:%M:%S}" in said
    assert (
        "letzter Tag: 30.\N{NO-BREAK SPACE}Juni 2026; "
        "erster Tag: 1.\N{NO-BREAK SPACE}Juni 2026"
    ) in said
    assert "Sekunden bis zur Warnung: 30,0 → 45,5" in said
    assert "Eintrag 7 wurde geändert." in said
    # A name is what somebody typed, as are choices.
    assert "Name: 2026-06-01" in said
    assert "Auswahl: Other, Imaging" in said
    assert "Arten von Dokumenten: Sonstiges → Schriftverkehr, Bildgebung" in said
    assert (
        "Aktionen: das Foto eines Patienten angesehen, ein Schlagwort für Dokumente "
        "hinzugefügt"
    ) in said
    assert (
        "Woche: Montag 08:00-12:00 Sprechzeit → Montag 08:00-11:00 Sprechzeit, "
        "Dienstag 09:30-09:45 Pause"
    ) in said


def test_the_log_is_verified_in_german_on_the_clinics_clock(
    german: Clinic, tmp_path
) -> None:
    """On the page at once, and in the log, which keeps the sentence in UTC."""
    settings = Settings(data=tmp_path, timezone="Pacific/Kiritimati")
    own = replace(german.wiring, settings=settings)
    keys = own.seal_keys.read_or_make()
    ship(german)
    sealed_at = chain.seal(own.database, own.audit, keys).sealed_at
    local = sealed_at.astimezone(ZoneInfo("Pacific/Kiritimati"))
    wiring.use(own)
    try:
        app = german.open("audit", Role.ADMIN)
        app.button(key="audit_verify").click().run()
        ship(german)
        log = german.open("audit", Role.ADMIN, actions="audit:verify")
    finally:
        wiring.use(german.wiring)

    assert english(texts_of(app)) == set()
    for said in (app.success[0].value, " ".join(texts_of(log))):
        assert "Das Zugriffsprotokoll ist bis Eintrag" in said
        assert f", {local:%H:%M}; noch hinzuzufügende Ereignisse" in said
        assert "UTC" not in said


def test_an_incomplete_id_is_refused_in_german(german: Clinic) -> None:
    app = german.open("audit", Role.ADMIN)
    app.text_input(key="audit_patient").set_value("1234")
    app.button(key="audit_apply").click().run()

    with pytest.raises(InvalidInput, match="copy all 36 characters"):
        from_query({"patient": "1234"})
    assert "kopieren Sie alle 36 Zeichen" in app.error[0].value


def test_what_changed_in_a_record_is_read_in_german(german: Clinic) -> None:
    patient = german.edit(german.register(), no_known_allergies=True)
    ship(german)

    app = german.open("patient", patient=patient.id, part="details")
    app.button(key="patient_changes").click().run()

    rows = rows_of(app, "patient_changes_table")
    assert [row[2:] for row in rows] == [
        ["Keine bekannten Allergien", "Nein", "Ja"],
        ["Aufgenommen", "", ""],
    ]
