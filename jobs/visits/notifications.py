"""Jobs for notifications by e-mail: write reminders and others, send what waits."""

from functools import partial
from typing import Final

from db.postgres import SYSTEM, Database
from jobs.worker.mail_sending import send_waiting
from jobs.worker.tasks import Stores, every
from services.messaging.mail import Mailer
from services.visits.front_desk import notifications
from services.visits.front_desk.notifications import SenderDetails

# The worker does one thing at a time: what is left is done a minute later.
_SECONDS: Final = 20.0


@every("* * * * *", is_alone=True, name="send_letters")
def send_notifications(stores: Stores) -> None:
    """Write to people with a visit within a day or unread documents; send what waits.

    Without a mail server they wait in the outbox, where people can see them.
    """
    stores.database.write(notifications.write_reminders, identity=SYSTEM)
    write_of_documents = partial(
        notifications.write_document_emails, is_wanted=stores.mails_about_documents
    )
    stores.database.write(write_of_documents, identity=SYSTEM)
    if stores.mailer is not None:
        send(stores.database, stores.mailer, stores.sender)


def send(
    database: Database,
    mailer: Mailer,
    sender: SenderDetails,
) -> int:
    """Send until none is due, time is up or too many failed; return how many."""
    database.write(notifications.give_up_stale, identity=SYSTEM)
    claim = partial(notifications.claim_next, sender=sender)
    return send_waiting(database, mailer, claim, notifications.settle, seconds=_SECONDS)
