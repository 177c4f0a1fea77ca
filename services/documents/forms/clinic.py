"""The clinic whose papers are made here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clinic:
    """The clinic as the letterhead of every document names it."""

    name: str
    address: str = ""
    phone: str = ""
