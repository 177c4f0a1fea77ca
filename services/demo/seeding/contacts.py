"""Contact data of the invented patients, none of which reaches anybody real."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from db.postgres.copying import NULL
from services.demo.seeding.people import Numbers, People
from services.demo.seeding.pools import Words, plain

# example.* is reserved by RFC 2606, and no town has the British area code 01632: mail
# or a text message that is sent by mistake arrives nowhere.
_DOMAINS: Final = np.array(["example.com", "example.org", "example.net"], dtype=object)
_AREA: Final = "1632"
_SUBSCRIBERS: Final = 1_000_000
_STEP: Final = 611_953  # shares no factor with _SUBSCRIBERS: no number comes up twice
_HAS_EMAIL: Final = 0.78
_HAS_PHONE: Final = 0.92
_DIALS_FROM_ABROAD: Final = 0.3
_NAMES_SOMEBODY: Final = 0.55
_LONGEST_CONTACT: Final = 50
_FROM_THIS_AGE: Final = 16


@dataclass(frozen=True, slots=True)
class Contacts:
    """The contact columns of a block, as COPY reads them."""

    emails: Words
    phones: Words
    emergency_contacts: Words


def contacts(rng: np.random.Generator, people: People, numbers: Numbers) -> Contacts:
    """Give everybody e-mail or phone; children have the number of the family."""
    count = len(numbers)
    phones = _phones(rng, people, numbers)
    has_phone = rng.random(count) < _HAS_PHONE
    has_email = (rng.random(count) < _HAS_EMAIL) & (people.ages >= _FROM_THIS_AGE)
    emails = _emails(rng, people, numbers)
    return Contacts(
        emails=np.where(has_email, emails, NULL),
        phones=np.where(has_phone | ~has_email, phones, NULL),
        emergency_contacts=_emergency_contacts(rng, people, phones),
    )


def _phones(rng: np.random.Generator, people: People, numbers: Numbers) -> Words:
    families = numbers - people.places
    own = np.where(people.ages >= _FROM_THIS_AGE, numbers, families)
    subscribers = own * _STEP % _SUBSCRIBERS
    national = np.char.add(f"0{_AREA}", np.char.zfill(subscribers.astype(str), 6))
    abroad = np.char.add("+44", np.char.lstrip(national, "0"))
    return np.where(
        rng.random(len(numbers)) < _DIALS_FROM_ABROAD, abroad, national
    ).astype(object)


def _emails(rng: np.random.Generator, people: People, numbers: Numbers) -> Words:
    domains = _DOMAINS[rng.integers(0, len(_DOMAINS), len(numbers))]
    return np.array(
        [
            f"{plain(first)}.{plain(last)}{number}@{domain}"
            for first, last, number, domain in zip(
                people.first_names, people.last_names, numbers, domains, strict=True
            )
        ],
        dtype=object,
    )


def _emergency_contacts(
    rng: np.random.Generator, people: People, phones: Words
) -> Words:
    """Name the other adult of the household if there is one."""
    heads = np.arange(len(phones)) - people.places
    partners = np.minimum(heads + 1, len(phones) - 1)
    others = np.where(
        people.places == 1, heads, np.where(people.places > 1, heads, partners)
    )
    has_other = people.households[others] == people.households
    named = has_other & (others != np.arange(len(phones)))
    named &= rng.random(len(phones)) < _NAMES_SOMEBODY
    first_names, last_names = people.first_names[others], people.last_names[others]
    written: Words = first_names + " " + last_names + ", " + phones[others]
    fits = np.array([len(text) <= _LONGEST_CONTACT for text in written])
    return np.where(named & fits, written, NULL)
