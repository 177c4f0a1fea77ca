"""The slots by which a clinic's servers keep the log for another site."""

from typing import Final

_SLOT: Final = "site_"


def slot_of(site: str) -> str:
    """Return the slot that keeps the main site's log for a site."""
    return f"{_SLOT}{site}"


def site_of(slot: str | None) -> str | None:
    """Return the site that a slot keeps the log for; None for any other slot."""
    if slot is None or not slot.startswith(_SLOT):
        return None
    return slot.removeprefix(_SLOT)
