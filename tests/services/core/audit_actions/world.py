"""A clinic in one transaction, and the table of the actions in it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import Final

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.files.gridfs import FileStore
from db.models.care import BreakGlassAccess
from services.audit.log import AuditStore
from services.core.actors import Actor, Role
from services.core.audit import Action
from services.lists import views
from services.lists.criteria import Criteria
from services.patients.care import break_glass
from services.patients.photos import photos
from services.patients.records import patients
from services.patients.records.model import PatientDraft, PatientRecord
from services.patients.search.fields import PATIENTS
from tests.kit.cast import ADA, have_treated
from tests.services.people.people_samples import Desk, desk

TODAY = date(2026, 11, 20)
REASON = "Unconscious in the waiting room"


@dataclass
class World:
    """A clinic in one transaction, and where its actions leave files."""

    session: Session
    files: FileStore
    log: AuditStore
    folder: Path

    @cached_property
    def boss(self) -> Desk:
        return desk(self.session)

    @cached_property
    def clerk(self) -> Actor:
        return self.somebody(Role.STAFF).actor

    @cached_property
    def doctor(self) -> Actor:
        return self.somebody(Role.CLINICIAN).actor

    @cached_property
    def treating_doctor(self) -> Actor:
        """The doctor, who treats the patient."""
        have_treated(self.session, self.doctor, self.patient.id)
        return self.doctor

    @cached_property
    def patient(self) -> PatientRecord:
        return self.register(ADA)

    @cached_property
    def view(self) -> views.View:
        key = views.store_criteria(
            self.session, self.clerk, Criteria(search="Ada"), subject=PATIENTS
        )
        return views.save_view(self.session, self.clerk, "Ada", key, subject=PATIENTS)

    def somebody(self, role: Role) -> Desk:
        return desk(self.session, role)

    def register(self, draft: PatientDraft) -> PatientRecord:
        return patients.register(self.session, self.clerk, draft, today=TODAY)

    def attach(self, version: int) -> PatientRecord:
        written = BytesIO()
        Image.new("RGB", (40, 30), "red").save(written, "PNG")
        photo = photos.prepare(written.getvalue())
        given = (self.session, self.files, self.clerk, self.patient.id)
        return photos.attach(*given, photo, version=version)

    def open_record(self) -> BreakGlassAccess:
        break_glass.open_record(self.session, self.doctor, self.patient.id, REASON)
        return self.session.scalars(select(BreakGlassAccess)).one()


ActionCall = Callable[[], object]
Prepare = Callable[[World], ActionCall]

# Functions that prepare an action, and return the call that is recorded under it.
PREPARATIONS: Final[dict[Action, Prepare]] = {}


def prepares(action: Action) -> Callable[[Prepare], Prepare]:
    """Register the function that prepares an action."""

    def enter(prepare: Prepare) -> Prepare:
        assert action not in PREPARATIONS
        PREPARATIONS[action] = prepare
        return prepare

    return enter
