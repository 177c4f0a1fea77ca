"""Two people at once, with real transactions."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from uuid import uuid4

from sqlalchemy.orm import Session

from services.patients.records import patients
from tests.kit.cast import ADA, ada


def test_of_two_edits_at_once_one_wins_and_the_other_sees_it(committing, clerk, today):
    with Session(committing) as session, session.begin():
        patient = patients.register(session, clerk, ADA, today=today)
    both_have_read = Barrier(2)

    def edit(address):
        with Session(committing) as session, session.begin():
            seen = patients.get_patient(session, clerk, patient.id)
            both_have_read.wait(timeout=10)
            draft, version = ada(address=address), seen.version
            try:
                return patients.edit(
                    session, clerk, patient.id, draft, version=version, today=today
                )
            except patients.StaleVersion as lost:
                return lost

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(edit, ["1 High Street", "2 Low Road"]))

    (lost,) = (o for o in outcomes if isinstance(o, patients.StaleVersion))
    (won,) = (o for o in outcomes if o is not lost)
    assert lost.current == won
    assert {lost.typed.address, won.address} == {"1 High Street", "2 Low Road"}


def test_one_registration_sent_twice_at_once_is_kept_once(committing, clerk, today):
    patient_id, ready = uuid4(), Barrier(2)

    def register(_):
        ready.wait(timeout=10)
        with Session(committing) as session, session.begin():
            return patients.register(
                session, clerk, ADA, today=today, patient_id=patient_id
            )

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(register, range(2))

    assert first == second
