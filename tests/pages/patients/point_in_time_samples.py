"""Patients as they were, for the pages about earlier times."""

import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextArea

from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database, DelayedStandbys
from services.backups import BackupWindow, LogState, looks
from services.backups.looks import RestoreLook
from services.core.actors import Role
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.conftest import Databases
from tests.kit.replicas import write_everywhere
from tests.pages.conftest import Clinic

_TODAY = date(2026, 11, 20)
LOOKED_AT = datetime(2026, 11, 19, 14, 3, 7, tzinfo=UTC)


def reason_field(app: AppTest, form: str) -> TextArea:
    """Return the form's one field for a reason."""
    name = re.compile(rf"{form}_[0-9a-f]{{32}}_reason")
    [field] = [each for each in app.text_area if name.fullmatch(each.key or "")]
    return field


def bring_back(app: AppTest, form: str, reason: str) -> None:
    """Type a reason, and press the form's button."""
    field = reason_field(app, form).set_value(reason)
    assert field.key is not None
    app.button(key=field.key.replace("_reason", "_copy")).click().run()


@contextmanager
def _as_registered(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[Endpoints]:
    """Make another database, in which the patient is as registered."""
    with databases.fresh(template) as endpoints, closing(Database(endpoints)) as before:
        write_everywhere(
            before,
            lambda s: patients.register(
                s, clinic.clerk, patient.draft(), today=_TODAY, patient_id=patient.id
            ),
        )
        yield endpoints


@contextmanager
def standing_by(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[None]:
    """Give the clinic a delayed standby with the patient as registered."""
    with _as_registered(clinic, patient, databases, template) as endpoints:
        standby = replace(endpoints, delayed_urls={"node-04": endpoints.database_url})
        usual = clinic.wiring.delayed_standbys
        with closing(DelayedStandbys(lambda: standby)) as standbys:
            object.__setattr__(clinic.wiring, "delayed_standbys", standbys)
            yield
        object.__setattr__(clinic.wiring, "delayed_standbys", usual)


@contextmanager
def kept_open(
    clinic: Clinic,
    patient: PatientRecord,
    databases: Databases,
    template: str,
    *happened: Callable[[Session], object],
) -> Iterator[RestoreLook]:
    """Open the clinic of an earlier time from backups, the patient as registered.

    Whatever else has `happened` until then is in it as well. Code that looks around
    takes it for the server that the worker opened.
    """
    ours = clinic.wiring.settings
    with (
        _as_registered(clinic, patient, databases, template) as endpoints,
        closing(Database(endpoints)) as before,
        pytest.MonkeyPatch.context() as patch,
    ):
        for each in happened:
            write_everywhere(before, each)
        restored = SimpleNamespace(database=lambda _port: before)
        patch.setattr(
            clinic.wiring, "settings", ours.model_copy(update={"database_url": None})
        )
        patch.setitem(vars(clinic.wiring), "restored_clinic", restored)
        patch.setattr(looks, "require_same", lambda *_: None)
        yield _open(clinic)
        clinic.wiring.database.write(_end, identity=SYSTEM)


def _open(clinic: Clinic) -> RestoreLook:
    def open_one(session: Session) -> RestoreLook:
        log = LogState((BackupWindow(LOOKED_AT, LOOKED_AT),))
        look = looks.request_look(session, clinic.cast[Role.ADMIN], LOOKED_AT, log)
        assert looks.note_open(session, look.id, 5433)
        return look

    return clinic.wiring.database.write(open_one, identity=SYSTEM).value


def _end(session: Session) -> None:
    if (look := looks.unended_look(session)) is not None:
        looks.end_look(session, look.id)
