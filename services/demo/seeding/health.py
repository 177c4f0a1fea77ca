"""Illnesses, medications and allergies of the invented patients."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.demo.seeding.illnesses import ALLERGIES, ILLNESSES, INSTEAD, Illness
from services.demo.seeding.people import Flags, People
from services.demo.seeding.pools import Words

_MOST_LIKELY: Final = 0.95
_SAYS_NO_ALLERGIES: Final = 0.7


@dataclass(frozen=True, slots=True)
class Health:
    """The clinical columns of a block; the lists are PostgreSQL array literals."""

    allergies: Words
    no_known_allergies: Flags
    medical_history: Words
    current_medications: Words


def health(rng: np.random.Generator, people: People) -> Health:
    """Draw everybody's illnesses, then what follows from them."""
    count = len(people.ages)
    allergic = {
        allergy.name: rng.random(count) < allergy.chances(people.ages)
        for allergy in ALLERGIES
    }
    ill = _illnesses(rng, people)
    taking = _medications(rng, ill, count)
    for allergy, replacements in INSTEAD.items():
        _replace(taking, allergic[allergy], replacements)
    has_none = ~np.any(list(allergic.values()), axis=0)
    return Health(
        allergies=_literals(allergic, count),
        no_known_allergies=has_none & (rng.random(count) < _SAYS_NO_ALLERGIES),
        medical_history=_literals(ill, count),
        current_medications=_literals(taking, count),
    )


def _illnesses(rng: np.random.Generator, people: People) -> dict[str, Flags]:
    ill: dict[str, Flags] = {}
    for illness in ILLNESSES:
        chances = _chances(illness, people, ill)
        ill[illness.name] = rng.random(len(chances)) < chances
    return ill


def _chances(
    illness: Illness, people: People, ill: dict[str, Flags]
) -> NDArray[np.float64]:
    chances = illness.chances(people.ages)
    if illness.raising:
        has_a_cause = np.any([ill[cause] for cause in illness.raising], axis=0)
        chances = np.where(has_a_cause, chances * illness.raised_by, chances * 0.8)
    if illness.sex is not None:
        chances = np.where(people.is_female == (illness.sex == "female"), chances, 0)
    return np.minimum(chances, _MOST_LIKELY)


def _medications(
    rng: np.random.Generator, ill: dict[str, Flags], count: int
) -> dict[str, Flags]:
    taking: dict[str, Flags] = {}
    for illness in ILLNESSES:
        if not illness.medications:
            continue
        treated = ill[illness.name] & (rng.random(count) < illness.treated)
        choices = rng.integers(0, len(illness.medications), count)
        for number, medication in enumerate(illness.medications):
            chosen = treated & (choices == number)
            taking[medication] = taking.get(medication, False) | chosen
    return taking


def _replace(
    taking: dict[str, Flags], allergic: Flags, replacements: dict[str, str]
) -> None:
    for medication, replacement in replacements.items():
        changed = taking[medication] & allergic
        taking[medication] = taking[medication] & ~allergic
        taking[replacement] = taking.get(replacement, False) | changed


def _literals(having: dict[str, Flags], count: int) -> Words:
    """Write each person's terms as a PostgreSQL array; no term needs escaping."""
    joined = np.full(count, "", dtype=object)
    for term, flags in having.items():
        joined[flags] += f',"{term}"'
    return np.array(["{" + terms[1:] + "}" for terms in joined], dtype=object)
