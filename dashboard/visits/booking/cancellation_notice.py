"""How long before a visit patients may still cancel it."""

from dashboard import wiring


def notice_hours() -> float:
    """Return the notice that the clinic asks for; it does not bind the front desk."""
    return wiring.current().settings.cancellation_hours
