"""A list of drugs: the built-in one, a clinic's own, or both as one.

A list never changes, so results of look-ups are cached in it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property, lru_cache
from types import MappingProxyType
from typing import Final

from services.consultations.drugs.drug_classes import CLASSES, class_of_atc
from services.consultations.drugs.drug_contents import (
    ABBREVIATIONS,
    KNOWN_WORDS,
    with_substances,
)
from services.consultations.drugs.drug_names import (
    built_in_forms,
    is_no_substance,
    plain,
    route_by_form,
    sole_word_of,
    tokens_of,
    words_of,
)

# Shorter words are similar to too many others.
_SHORTEST_MISSPELT: Final = 6
# One letter left out of ten gives 0.95, two letters swapped 0.9; two drugs with similar
# names, prednisone and prednisolone, have 0.91.
_LIKENESS: Final = 0.85
_MOST_LIKELY: Final = 3
_KEPT_NAMES: Final = 2048


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whether a drug's name is known, and which names may be meant by it.

    `likely` pairs a misspelt word with a name, the likeliest first.
    """

    is_known: bool
    likely: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class ClinicDrug:
    """A drug of a clinic's own list, in one form; fields that were not given are empty.

    A retired one is no longer offered, but still known.
    """

    name: str
    form: str = ""
    strength: str = ""
    route: str = ""
    atc_code: str = ""
    ingredients: tuple[str, ...] = ()
    is_retired: bool = False

    @property
    def label(self) -> str:
        """Return the drug as it is prescribed: its name, strength and form."""
        return " ".join(filter(None, (self.name, self.strength, self.form)))


@cache
def _built_in_names() -> frozenset[str]:
    """Return every word that names a substance by itself, whatever a clinic lists."""
    return frozenset().union(*CLASSES.values(), *map(words_of, built_in_forms()))


@lru_cache(_KEPT_NAMES)
def _name_begun_by(word: str) -> str | None:
    """Return the known name with which a word begins, unless the word is one.

    Salts and allergies are one word in German: Tramadolhydrochlorid,
    Penicillinallergie; and names lack an e: Metamizol, Codeinphosphat.
    """
    known = _built_in_names()
    if word in known:
        return None
    starts = (word[:end] for end in range(len(word), _SHORTEST_MISSPELT - 1, -1))
    names = (name for start in starts for name in (start, f"{start}e"))
    return next((name for name in names if name in known), None)


class DrugList:
    """Drugs by name: which are known, which are offered, and what is in them."""

    def __init__(
        self, own: Iterable[ClinicDrug] = (), *, has_built_in: bool = True
    ) -> None:
        self._own = tuple(own)
        self._has_built_in = has_built_in
        # Every keystroke looks up much the same words.
        self._recognised = lru_cache(_KEPT_NAMES)(self._recognise)
        self._likely = lru_cache(_KEPT_NAMES)(self._likely_names)

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """What can be chosen: each drug's name, then its dispensed forms."""
        named = list(self._forms.values())
        if self._own:
            named.sort(key=lambda listed: plain(listed[0]))
        return tuple(
            dict.fromkeys(drug for name, forms in named for drug in (name, *forms))
        )

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Every word that names a substance by itself, and its spelling."""
        members = {word: word.title() for words in CLASSES.values() for word in words}
        listed = {
            word: word.title() for name in self._built_in for word in words_of(name)
        }
        own = {
            word: name if word == plain(name) else word.title()
            for drug in self._own
            for name in (drug.name, *drug.ingredients)
            if (word := sole_word_of(name))
        }
        return MappingProxyType({**own, **members, **listed})

    def recognise(self, drug: str) -> Recognition:
        """Look up a drug by the words of its name.

        A name with a misspelt substance is not recognised, whatever else is in it: of
        "Amoxicilin with clavulanic acid" only the second half could be checked.
        """
        return self._recognised(drug)

    def corrections_of(self, drug: str) -> tuple[str, ...]:
        """Return likely corrections of the drug, each of one misspelt word."""
        corrected = (
            re.sub(re.escape(word), name, drug, count=1, flags=re.IGNORECASE)
            for word, name in self.recognise(drug).likely
        )
        return tuple(text for text in corrected if text != drug)

    def likely_names(self, word: str) -> tuple[str, ...]:
        """Return the names that may be meant by a word in the form of `words_of`."""
        return self._likely(word)

    def forms_of(self, drug: str) -> tuple[str, ...]:
        """Return the forms and strengths of a drug that is named without any."""
        return self._forms.get(plain(drug.strip()), ("", ()))[1]

    def route_of(self, drug: str) -> str:
        """Return the route of a drug; "" if neither list nor form determines it."""
        stated = (own.route for own in self._own if own.route and own.label == drug)
        return next(stated, "") or route_by_form(drug)

    def substances_in(self, text: str) -> frozenset[str]:
        """Return words that may name a substance, in the text or in drugs it names.

        For a brand of the clinic's list these are its active ingredients; for a
        substance, all its names.
        """
        named, _ = self._own_in(text)
        ingredients = (name for drug in named for name in drug.ingredients)
        words = words_of(text).union(*map(words_of, ingredients))
        # "Amoxicillin-clavulanate" is one word, like "gastro-resistant".
        joined = words_of(text.replace("-", " ")) & self.names.keys()
        short = ABBREVIATIONS.intersection(tokens_of(text))
        begun = frozenset(filter(None, map(_name_begun_by, words)))
        return with_substances(words | joined | short | begun)

    def duplicates_of(self, drug: str, others: Iterable[str]) -> tuple[str, ...]:
        """Return those of the other drugs that share a known substance with this one.

        Nurofen is a duplicate of ibuprofen. A name that is not recognised has none.
        """
        # Words such as "retard" are part of many names.
        known = self.names.keys() | KNOWN_WORDS
        wanted = self.substances_in(drug) & known
        return tuple(other for other in others if wanted & self.substances_in(other))

    def classes_in(self, text: str) -> frozenset[str]:
        """Return the classes of the ATC codes of the clinic's drugs in the text."""
        named, _ = self._own_in(text)
        return frozenset(filter(None, (class_of_atc(drug.atc_code) for drug in named)))

    @property
    def _built_in(self) -> Mapping[str, tuple[str, ...]]:
        return built_in_forms() if self._has_built_in else {}

    @cached_property
    def _forms(self) -> Mapping[str, tuple[str, tuple[str, ...]]]:
        """By a drug's name in lower case: its spelling, and its forms."""
        own: dict[str, tuple[str, dict[str, None]]] = {}
        for drug in self._own:
            if not drug.is_retired:
                _, forms = own.setdefault(plain(drug.name), (drug.name, {}))
                if drug.label != drug.name:
                    forms[drug.label] = None
        listed = {plain(name): (name, forms) for name, forms in self._built_in.items()}
        return listed | {
            key: (name, tuple(dict.fromkeys((*forms, *listed.get(key, ("", ()))[1]))))
            for key, (name, forms) in own.items()
        }

    def _recognise(self, drug: str) -> Recognition:
        words = words_of(drug)
        _, covered = self._own_in(drug)
        known = words & self.names.keys() or self._salts_in(drug) or covered
        likely = tuple(
            (word, name)
            for word in sorted(words - covered)
            for name in self.likely_names(word)
        )
        return Recognition(bool(known) and not likely, likely)

    def _likely_names(self, word: str) -> tuple[str, ...]:
        if len(word) < _SHORTEST_MISSPELT or word in self.names:
            return ()
        near = get_close_matches(word, self.names, n=_MOST_LIKELY, cutoff=_LIKENESS)
        return tuple(self.names[name] for name in near)

    def _salts_in(self, drug: str) -> frozenset[str]:
        """Return listed names without a word for a substance: sodium chloride."""
        spelt = plain(drug)
        return frozenset(
            plain(name)
            for name in self._built_in
            if not words_of(name) and spelt.startswith(plain(name))
        )

    @cached_property
    def _phrases(self) -> Mapping[str, tuple[tuple[tuple[str, ...], ClinicDrug], ...]]:
        """The names in the clinic's list, and their content, by the first word."""
        phrases: dict[str, dict[tuple[tuple[str, ...], ClinicDrug], None]] = {}
        for drug in self._own:
            # The name of an ingredient does not imply the others in the drug.
            alone = (ClinicDrug(name, ingredients=(name,)) for name in drug.ingredients)
            for named in (drug, *alone):
                if tokens := tokens_of(named.name):
                    phrases.setdefault(tokens[0], {})[tokens, named] = None
        return {first: tuple(entries) for first, entries in phrases.items()}

    def _own_in(self, text: str) -> tuple[frozenset[ClinicDrug], frozenset[str]]:
        """Return the clinic's drugs in the text, and the words that name them.

        Only whole names match: "forte" is part of many, and names none.
        """
        if not self._own:
            return frozenset(), frozenset()
        matches = list(self._named_in(tokens_of(text)))
        drugs = frozenset(drug for _, drug in matches)
        return drugs, frozenset(token for tokens, _ in matches for token in tokens)

    def _named_in(
        self, tokens: tuple[str, ...]
    ) -> Iterator[tuple[tuple[str, ...], ClinicDrug]]:
        for place, token in enumerate(tokens):
            for phrase, drug in self._phrases.get(token, ()):
                # "Calcium" is a drug, and part of the names of many salts.
                may_stand_here = place == 0 or not all(map(is_no_substance, phrase))
                if tokens[place : place + len(phrase)] == phrase and may_stand_here:
                    yield phrase, drug


BUILT_IN: Final = DrugList()
