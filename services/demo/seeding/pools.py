"""The pools from which people are invented: names, streets and towns by Faker."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, TypeAlias

import numpy as np
from faker import Faker
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.object_]

# A practice in a town: most people's names are British, the other families came from
# elsewhere. Accents and letters such as "ł" matter, because searching folds them.
_ORIGINS: Final = (
    ("en_GB", 0.70),
    ("pl_PL", 0.07),
    ("en_IN", 0.06),
    ("de_DE", 0.05),
    ("es_ES", 0.05),
    ("fr_FR", 0.04),
    ("tr_TR", 0.03),
)
# Letters that Unicode does not decompose into a base and an accent.
_PLAIN: Final = str.maketrans({"ł": "l", "ß": "ss", "ø": "o", "æ": "ae", "ı": "i"})
_LONGEST_NAME: Final = 50


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one origin; frequent ones occur more than once."""

    female: Words
    male: Words
    last: Words


@dataclass(frozen=True, slots=True)
class Pools:
    """Everything that people are drawn from, the same for the same seed number."""

    shares: NDArray[np.float64]
    names: tuple[Names, ...]
    streets: Words
    towns: Words
    postcodes: Words


@cache
def pools(seed_number: int) -> Pools:
    """Draw the pools once: Faker takes 20 µs a word, picking from a pool 20 ns."""
    shares = np.array([share for _, share in _ORIGINS])
    names = tuple(_names(locale, seed_number) for locale, _ in _ORIGINS)
    british = _faker("en_GB", seed_number)
    return Pools(
        shares=shares / shares.sum(),
        names=names,
        streets=_words(british.street_name, 900),
        towns=_words(british.city, 24),
        postcodes=_words(british.postcode, 400),
    )


@cache
def plain(name: str) -> str:
    """Return a name in the spelling of an e-mail address."""
    decomposed = unicodedata.normalize("NFKD", name.lower().translate(_PLAIN))
    return "".join(
        letter for letter in decomposed if letter.isascii() and letter.isalnum()
    )


def _names(locale: str, seed_number: int) -> Names:
    faker = _faker(locale, seed_number)
    return Names(
        female=_words(faker.first_name_female, 300),
        male=_words(faker.first_name_male, 300),
        last=_words(faker.last_name, 1_000),
    )


def _faker(locale: str, seed_number: int) -> Faker:
    faker = Faker(locale)
    faker.seed_instance(seed_number)
    return faker


def _words(draw: Callable[[], str], count: int) -> Words:
    drawn = (" ".join(draw().split()) for _ in range(count))
    fitting = [word for word in drawn if len(word) <= _LONGEST_NAME]
    return np.array(fitting, dtype=object)
