"""The sender of the clinic's e-mails about visits."""

from dashboard.web.public_address import public_address
from db.settings import Settings
from services.visits.front_desk.notifications import SenderDetails


def sender_of(settings: Settings) -> SenderDetails:
    """Return the sender's details for e-mails about visits."""
    return SenderDetails(
        settings.clinic_name,
        public_address(settings),
        settings.timezone,
        language=settings.language,
    )
