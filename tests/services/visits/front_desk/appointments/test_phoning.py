"""Two people go through one list of patients to phone, and phone nobody twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.core.errors import NotAllowed
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import NoSuchVisit, WrongStatus, phoning
from services.visits.front_desk.appointments.phoning import PhonedMeanwhile
from services.visits.front_desk.appointments.records import CallOutcome

REACHED, NO_ANSWER = CallOutcome.REACHED, CallOutcome.NO_ANSWER


def note(visits, outcome, last=None, *, actor=None):
    return visits.write(
        actor or visits.clinic.cleo,
        lambda s, a: phoning.note_call(
            s, a, visits.graces, outcome, last_call_at=last and last.call.at
        ),
    )


def undo(visits, last):
    return visits.write(
        visits.clinic.cleo,
        lambda s, a: phoning.undo_call(s, a, visits.graces, last_call_at=last.call.at),
    )


def test_a_call_says_what_became_of_it_and_who_made_it(visits):
    first = note(visits, NO_ANSWER)
    second = note(visits, REACHED, first)

    assert (first.call.outcome, second.call.outcome) == (NO_ANSWER, REACHED)
    assert second.call.by == visits.clinic.cleo.name
    assert second.call.at > first.call.at


def test_what_another_desk_noted_meanwhile_is_refused_with_what_it_was(visits):
    note(visits, NO_ANSWER)
    with pytest.raises(PhonedMeanwhile, match="nobody answered"):
        note(visits, NO_ANSWER)


def test_of_two_who_note_a_call_at_once_one_is_told_of_the_other(visits):
    def note_call(_):
        try:
            return note(visits, REACHED)
        except PhonedMeanwhile as refusal:
            return refusal

    with ThreadPoolExecutor(2) as desks:
        said = list(desks.map(note_call, range(2)))

    refused = [each for each in said if isinstance(each, PhonedMeanwhile)]
    assert len(refused) == 1
    assert "has reached the patient" in str(refused[0])


def test_it_is_taken_back_once_and_noted_anew(visits):
    noted = note(visits, REACHED)

    assert undo(visits, noted).call is None
    with pytest.raises(PhonedMeanwhile, match="undone"):
        undo(visits, noted)
    assert note(visits, NO_ANSWER).call.outcome is NO_ANSWER


def test_a_call_refuses_no_check_in_on_another_screen(visits):
    before = visits.read(
        visits.clinic.cleo, lambda s, a: appointments.get(s, a, visits.graces)
    )
    noted = note(visits, REACHED)

    checked_in = visits.write(
        visits.clinic.cleo,
        lambda s, a: appointments.check_in(
            s, a, visits.graces, revision=before.revision
        ),
    )

    assert checked_in.call == noted.call
    # A patient who has arrived needs no reminder.
    with pytest.raises(WrongStatus):
        note(visits, REACHED, noted)


def test_a_clinician_notes_calls_to_their_own_patients_alone(visits):
    assert note(visits, REACHED, actor=visits.clinic.dora).call.outcome is REACHED
    with pytest.raises(NoSuchVisit):
        note(visits, REACHED, actor=visits.clinic.emil)


def test_patients_note_no_calls(visits):
    with pytest.raises(NotAllowed):
        note(visits, REACHED, actor=visits.clinic.invite(visits.clinic.grace))
