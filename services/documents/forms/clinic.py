"""Whose papers are made here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clinic:
    """Who writes; it stands at the head of every document."""

    name: str
    address: str = ""
    phone: str = ""
