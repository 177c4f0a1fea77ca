"""Warnings about a drug: an allergy matches it, or its name is not recognised.

A name that is not recognised could be of any class, so it is a warning itself.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from string import Formatter
from typing import Final

from services.consultations.drugs import (
    BUILT_IN,
    CLASSES,
    KNOWN_WORDS,
    RELATED,
    DrugList,
    classes_named_in,
    plain,
)
from services.core.sentences import Sentence

NOT_RECOGNISED: Final = (
    "This name is not recognised, so allergies cannot be checked. Look at the spelling."
)
_SAME_CLASS: Final = (
    "The patient is allergic to {allergy}, and this belongs to the same class: {group}."
)
_RELATED_CLASS: Final = (
    "The patient is allergic to {allergy}, and those who are sometimes are to this as "
    "well."
)
_SUBSTANCE: Final = "The patient is allergic to {allergy}."
_PERHAPS: Final = "{unknown} If it is {name}: {match}"
# The forms of a warning, the most specific first.
_WARNINGS: Final = (_PERHAPS, _SAME_CLASS, _RELATED_CLASS, _SUBSTANCE)


def find_warning(
    drug: str, allergies: Iterable[str], drugs: DrugList = BUILT_IN
) -> str:
    """Return the warning about the drug as a sentence; "" if there is none."""
    known = tuple(allergies)
    if match := find_match(drug, known, drugs):
        return match
    recognition = drugs.recognise(drug)
    if recognition.is_known:
        return ""
    for _, name in recognition.likely:
        if match := find_match(name, known, drugs):
            return Sentence(
                _PERHAPS, unknown=Sentence(NOT_RECOGNISED), name=name, match=match
            )
    return NOT_RECOGNISED


def find_match(
    drug: str, allergies: Sequence[str], drugs: DrugList = BUILT_IN
) -> str | None:
    """Return a sentence about the first allergy that the drug matches, if any."""
    wanted = drugs.substances_in(drug)
    groups = _classes(drug, wanted, drugs)
    related = frozenset().union(*(RELATED.get(group, ()) for group in groups))
    for allergy in allergies:
        words = _meant(drugs.substances_in(allergy), drugs)
        known = _classes(allergy, words, drugs)
        if wanted & words:
            return Sentence(_SUBSTANCE, allergy=allergy)
        if shared := sorted(groups & known):
            return Sentence(_SAME_CLASS, allergy=allergy, group=Sentence(shared[0]))
        if related & known:
            return Sentence(_RELATED_CLASS, allergy=allergy)
    return None


def find_unrecognised(
    allergies: Iterable[str], drugs: DrugList = BUILT_IN
) -> tuple[str, ...]:
    """Return the allergies that name no substance and no class of drugs.

    A drug with the same name still gets a warning, but none of the related drugs does:
    whoever prescribes has to think of those.
    """
    return tuple(
        allergy for allergy in allergies if not _is_recognised(allergy.strip(), drugs)
    )


def _is_recognised(allergy: str, drugs: DrugList) -> bool:
    words = _meant(drugs.substances_in(allergy), drugs)
    is_known = not words.isdisjoint(drugs.names) or not words.isdisjoint(KNOWN_WORDS)
    return is_known or bool(_classes(allergy, words, drugs))


def as_sentence(warning: str) -> str:
    """Return a warning that was stored as text as the sentence it was made from.

    A stored text of another form stays as it is.
    """
    for message in _WARNINGS:
        if kept := _pattern(message).fullmatch(warning):
            values: dict[str, str] = kept.groupdict()
            if message == _PERHAPS:
                match = as_sentence(values.pop("match"))
                values |= {"match": match, "unknown": Sentence(NOT_RECOGNISED)}
            elif message == _SAME_CLASS and (group := values["group"]) in CLASSES:
                values |= {"group": Sentence(group)}
            return Sentence(message, **values)
    return warning


@cache
def _pattern(message: str) -> re.Pattern[str]:
    known = {"unknown": re.escape(NOT_RECOGNISED)}
    parts = (
        re.escape(literal) + (f"(?P<{name}>{known.get(name, '.+?')})" if name else "")
        for literal, name, _, _ in Formatter().parse(message)
    )
    return re.compile("".join(parts), re.DOTALL)


def _meant(words: frozenset[str], drugs: DrugList) -> frozenset[str]:
    """Return the words, and what misspelt ones may mean.

    Allergies are typed as freely as drugs, and "Penicilin" must cause a warning as
    well.
    """
    likely = (name for word in words for name in drugs.likely_names(word))
    return words.union(*map(drugs.substances_in, likely))


def _classes(text: str, words: frozenset[str], drugs: DrugList) -> frozenset[str]:
    """Return the classes that the text names, or that have members among its words."""
    of_members = (name for name, members in CLASSES.items() if words & members)
    named = classes_named_in(plain(text))
    return drugs.classes_in(text) | named | frozenset(of_members)
