"""Patients as they were, for the pages that look there."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import date

from db.postgres import Database, DelayedStandbys
from services.patients.records import patients
from services.patients.records.model import PatientRecord
from tests.conftest import Databases
from tests.kit.replicas import write_everywhere
from tests.pages.conftest import Clinic

_TODAY = date(2026, 11, 20)


@contextmanager
def standing_by(
    clinic: Clinic, patient: PatientRecord, databases: Databases, template: str
) -> Iterator[None]:
    """Give the clinic a standby of the past, on which the patient is as registered."""
    with databases.fresh(template) as endpoints, closing(Database(endpoints)) as before:
        write_everywhere(
            before,
            lambda s: patients.register(
                s, clinic.clerk, patient.draft(), today=_TODAY, patient_id=patient.id
            ),
        )
        standby = replace(endpoints, delayed_urls={"node-04": endpoints.database_url})
        usual = clinic.wiring.delayed_standbys
        with closing(DelayedStandbys(lambda: standby)) as standbys:
            object.__setattr__(clinic.wiring, "delayed_standbys", standbys)
            yield
        object.__setattr__(clinic.wiring, "delayed_standbys", usual)
