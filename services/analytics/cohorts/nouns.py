"""The nouns for events, as they are used in a sentence about a cohort.

Each form is a phrase of its own, since languages inflect an event differently.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.analytics.cohorts.model import EventKind
from services.core.sentences import Sentence


@dataclass(frozen=True, slots=True)
class Nouns:
    """An event alone, as the first, with the indefinite article, none, and several."""

    alone: Sentence
    first: Sentence
    indefinite: Sentence
    none: Sentence
    several: Sentence


NOUNS: Final[Mapping[EventKind, Nouns]] = MappingProxyType(
    {
        EventKind.DIAGNOSIS: Nouns(
            Sentence("diagnosis"),
            Sentence("a first diagnosis"),
            Sentence("a diagnosis"),
            Sentence("no diagnosis"),
            Sentence("diagnoses"),
        ),
        EventKind.MEDICATION: Nouns(
            Sentence("medication"),
            Sentence("a first medication"),
            Sentence("a medication"),
            Sentence("no medication"),
            Sentence("medications"),
        ),
        EventKind.ALLERGY: Nouns(
            Sentence("allergy"),
            Sentence("a first allergy"),
            Sentence("an allergy"),
            Sentence("no allergy"),
            Sentence("allergies"),
        ),
        EventKind.PROCEDURE: Nouns(
            Sentence("procedure"),
            Sentence("a first procedure"),
            Sentence("a procedure"),
            Sentence("no procedure"),
            Sentence("procedures"),
        ),
        EventKind.VITAL: Nouns(
            Sentence("vital sign"),
            Sentence("a first vital sign"),
            Sentence("a vital sign"),
            Sentence("no vital sign"),
            Sentence("vital signs"),
        ),
        EventKind.VISIT: Nouns(
            Sentence("visit"),
            Sentence("a first visit"),
            Sentence("a visit"),
            Sentence("no visit"),
            Sentence("visits"),
        ),
        EventKind.NO_SHOW: Nouns(
            Sentence("no-show"),
            Sentence("a first no-show"),
            Sentence("a no-show"),
            Sentence("no no-show"),
            Sentence("no-shows"),
        ),
        EventKind.CANCELLATION: Nouns(
            Sentence("cancelled visit"),
            Sentence("a first cancelled visit"),
            Sentence("a cancelled visit"),
            Sentence("no cancelled visit"),
            Sentence("cancelled visits"),
        ),
        EventKind.KEPT_OR_MISSED: Nouns(
            Sentence("kept or missed visit"),
            Sentence("a first kept or missed visit"),
            Sentence("a kept or missed visit"),
            Sentence("no kept or missed visit"),
            Sentence("kept or missed visits"),
        ),
        EventKind.BOOKED_VISIT: Nouns(
            Sentence("booked visit"),
            Sentence("a first booked visit"),
            Sentence("a booked visit"),
            Sentence("no booked visit"),
            Sentence("booked visits"),
        ),
        EventKind.PRESCRIPTION: Nouns(
            Sentence("prescription"),
            Sentence("a first prescription"),
            Sentence("a prescription"),
            Sentence("no prescription"),
            Sentence("prescriptions"),
        ),
        EventKind.DOCUMENT: Nouns(
            Sentence("document"),
            Sentence("a first document"),
            Sentence("a document"),
            Sentence("no document"),
            Sentence("documents"),
        ),
        EventKind.ENCOUNTER: Nouns(
            Sentence("encounter elsewhere"),
            Sentence("a first encounter elsewhere"),
            Sentence("an encounter elsewhere"),
            Sentence("no encounter elsewhere"),
            Sentence("encounters elsewhere"),
        ),
        # Each patient has exactly one.
        EventKind.REGISTRATION: Nouns(
            Sentence("registration"),
            Sentence("a registration here"),
            Sentence("a registration"),
            Sentence("no registration"),
            Sentence("registrations"),
        ),
    }
)
