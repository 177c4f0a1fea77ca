"""The invented patients as people: families with names, sexes, births and addresses."""

from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from services.demo.seeding.pools import Pools, Words

# Births are counted back from this day, so that the same seed number gives the same
# people in every year.
AS_OF: Final = date(2025, 6, 30)
_HOUSEHOLD_SIZES: Final = (1, 2, 3, 4, 5)
_SIZE_SHARES: Final = (0.42, 0.28, 0.13, 0.12, 0.05)
_ADULT_AGES: Final = (18, 30, 45, 60, 75, 97)
_ADULTS_YOUNGER: Final = (0.0, 0.22, 0.46, 0.70, 0.90, 1.0)
_FIRST_CHILD: Final = 2
_GIRLS: Final = 0.49
_WOMEN: Final = 0.52
_OPPOSITE: Final = 0.95
_KEEPS_OWN_NAME: Final = 0.25
_DAYS_A_YEAR: Final = 365.25

Numbers: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class People:
    """A block of people as columns; members of a household are adjacent."""

    first_names: Words
    last_names: Words
    is_female: Flags
    ages: NDArray[np.float64]
    births: Words
    addresses: Words
    households: Numbers
    places: Numbers  # 0 and 1 are the adults, from 2 on their children


def people(rng: np.random.Generator, pools: Pools, count: int) -> People:
    """Invent `count` people."""
    households, places = _households(rng, count)
    ages = _ages(rng, households, places)
    is_female = _sexes(rng, households, places)
    first_names, last_names = _names(rng, pools, households, places, is_female)
    days = (ages * _DAYS_A_YEAR).astype("timedelta64[D]")
    births = np.datetime_as_string(np.datetime64(AS_OF, "D") - days)
    return People(
        first_names=first_names,
        last_names=last_names,
        is_female=is_female,
        ages=ages,
        births=births.astype(object),
        addresses=_addresses(rng, pools, int(households[-1]) + 1)[households],
        households=households,
        places=places,
    )


def _households(rng: np.random.Generator, count: int) -> tuple[Numbers, Numbers]:
    sizes = rng.choice(_HOUSEHOLD_SIZES, size=count, p=_SIZE_SHARES)
    ends = np.cumsum(sizes)
    households = np.repeat(np.arange(count), sizes)[:count]
    places = np.arange(count) - (ends - sizes)[households]
    return households, places


def _ages(
    rng: np.random.Generator, households: Numbers, places: Numbers
) -> NDArray[np.float64]:
    """Draw ages: similar ones for partners, and children that can be theirs."""
    count = len(households)
    heads = np.interp(rng.random(count), _ADULTS_YOUNGER, _ADULT_AGES)
    # The head of a household with children is of an age to have them at home.
    has_children = np.zeros(count, dtype=bool)
    has_children[households[places >= _FIRST_CHILD]] = True
    heads[has_children] = 24 + (heads[has_children] - 18) * 0.38
    head_ages = heads[households]
    partners = np.clip(head_ages + rng.normal(0, 4, count), 18, 99)
    children = rng.random(count) * np.minimum(head_ages - 19, 24)
    return np.select([places == 0, places == 1], [head_ages, partners], children)


def _sexes(rng: np.random.Generator, households: Numbers, places: Numbers) -> Flags:
    count = len(households)
    own = rng.random(count) < _GIRLS
    heads = rng.random(count) < _WOMEN
    opposite = rng.random(count) < _OPPOSITE
    partners = heads[households] ^ opposite
    return np.select([places == 0, places == 1], [heads[households], partners], own)


def _names(
    rng: np.random.Generator,
    pools: Pools,
    households: Numbers,
    places: Numbers,
    is_female: Flags,
) -> tuple[Words, Words]:
    count = len(households)
    origins = rng.choice(len(pools.names), size=count, p=pools.shares)[households]
    keeps_own_name = (places == 1) & (rng.random(count) < _KEEPS_OWN_NAME)
    family_draws = rng.random(count)[households]
    last_draws = np.where(keeps_own_name, rng.random(count), family_draws)
    first_draws = rng.random(count)
    first_names = np.empty(count, dtype=object)
    last_names = np.empty(count, dtype=object)
    for number, names in enumerate(pools.names):
        here = origins == number
        last_names[here] = _pick(names.last, last_draws[here])
        first_names[here] = np.where(
            is_female[here],
            _pick(names.female, first_draws[here]),
            _pick(names.male, first_draws[here]),
        )
    return first_names, last_names


def _addresses(rng: np.random.Generator, pools: Pools, count: int) -> Words:
    streets = _pick(pools.streets, rng.random(count))
    towns = _pick(pools.towns, rng.random(count) ** 2)
    postcodes = _pick(pools.postcodes, rng.random(count))
    numbers = rng.integers(1, 120, count).astype(str).astype(object)
    written: Words = numbers + " " + streets + ", " + towns + ", " + postcodes
    return written


def _pick(words: Words, draws: NDArray[np.float64]) -> Words:
    return words[(draws * len(words)).astype(np.int64)]
