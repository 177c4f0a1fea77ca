"""Archived patients are erased by the worker, cut off at every step and doubled."""

from sqlalchemy import func, select, update

from db.files.gridfs import Bucket
from db.models.booking import Appointment
from db.models.consultation import Prescription
from db.models.patient import Patient
from jobs.documents import purge
from jobs.patients import erasure as job
from services.core.audit import Action
from tests.jobs.conftest import killed_at_each_step
from tests.services.documents.erasure.samples import YEARS, let_erase


def test_an_erasure_killed_anywhere_is_done_by_the_next_with_all_files(house):
    house.picture()
    house.prescribe()
    house.write(let_erase)
    house.write(lambda s: s.execute(update(Appointment).values(status="completed")))
    long_ago = func.now() - func.make_interval(YEARS)
    house.write(lambda s: s.execute(update(Patient).values(deleted_at=long_ago)))
    ids = set(house.write(lambda s: s.scalars(select(Patient.id)).all()))

    for _ in killed_at_each_step(house, lambda database, _: job.erase(database)):
        pass
    purge.purge(house.database, house.files)

    erased = house.events(Action.PATIENT_ERASE)
    assert {event.patient_id for event in erased} == ids
    assert len(erased) == len(ids) == 2
    assert house.stored(Bucket.PATIENT_PHOTOS) == set()
    assert house.stored(Bucket.PRESCRIPTION_FILES) == set()
    left = house.write(lambda s: s.scalar(select(func.count(Prescription.id))))
    assert left == 0
