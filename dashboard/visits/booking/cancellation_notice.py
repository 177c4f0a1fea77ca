"""How long before a visit patients may still give it back."""

from dashboard import wiring


def notice_hours() -> float:
    """Return it as the clinic has set it; the front desk is not bound by it."""
    return wiring.current().settings.cancellation_hours
