"""A merge while others work, with real transactions."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from services.patients.care import break_glass
from services.patients.records import patients
from services.people.accounts import invitations
from tests.kit import cast
from tests.kit.waiting import await_blocked
from tests.services.patients.duplicates.merge_samples import merge, register_pair


def test_of_two_merges_at_once_one_wins_whichever_way_they_go(committing, clerk, today):
    ready = Barrier(2)
    with Session(committing) as session, session.begin():
        pair = register_pair(session, clerk, today)

    def attempt(order):
        ready.wait(timeout=10)
        try:
            with Session(committing) as session, session.begin():
                return merge(session, clerk, order, today)
        except (patients.PatientArchived, patients.StaleVersion) as refusal:
            return refusal

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(attempt, [pair, pair[::-1]]))

    assert sum(isinstance(outcome, Exception) for outcome in outcomes) == 1


@pytest.mark.parametrize("filed_under", [0, 1], ids=["kept", "merged"])
def test_nothing_is_filed_under_either_record_while_they_merge(
    committing, clerk, today, filed_under
):
    with Session(committing) as session, session.begin():
        pair = register_pair(session, clerk, today)

    with Session(committing) as merging_session, Session(committing) as filing_session:
        merge(merging_session, clerk, pair, today)
        filing_session.execute(text("SET lock_timeout = '100ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            cast.add_patient_actor(filing_session, pair[filed_under])


def test_a_patient_who_is_merged_while_invited_gets_no_sign_in(
    committing, clerk, today
):
    """It would show the merged record, which nobody uses any more."""
    with Session(committing) as session, session.begin():
        pair = register_pair(session, clerk, today)

    def invite():
        with Session(committing) as session, session.begin():
            return invitations.invite_patient(session, clerk, pair[1].id)

    with ThreadPoolExecutor(1) as threads, Session(committing) as merging_session:
        merge(merging_session, clerk, pair, today)
        inviting = threads.submit(invite)
        await_blocked(merging_session, inviting)
        merging_session.commit()

        with pytest.raises(patients.PatientArchived, match="merged into another"):
            inviting.result(timeout=60)


def test_whoever_opens_a_record_in_an_emergency_during_its_merge_opens_the_kept_one(
    committing, clerk, today
):
    """The merged record shows nothing, and the kept one would stay closed."""
    with Session(committing) as session, session.begin():
        pair = register_pair(session, clerk, today)
        emil = cast.add_actor(session, cast.EMIL)

    def open_record():
        with Session(committing) as session, session.begin():
            return break_glass.open_record(
                session, emil, pair[1].id, "Unconscious in the waiting room"
            )

    with ThreadPoolExecutor(1) as threads, Session(committing) as merging_session:
        merge(merging_session, clerk, pair, today)
        opening = threads.submit(open_record)
        await_blocked(merging_session, opening)
        merging_session.commit()

        assert opening.result(timeout=60).patient_id == pair[0].id
