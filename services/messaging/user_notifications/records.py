"""Notifications as people read them: what there is, never what is in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

from services.core.sentences import Sentence


class NotificationTopic(StrEnum):
    """What a notification is about."""

    DOCUMENT = "document"
    SHARED = "shared"
    OFFER = "offer"
    ALERT = "alert"
    DRILL = "drill"
    EMERGENCY = "emergency"
    UNSENT = "unsent"
    COUNT = "count"


# Others may see the screen: no title, no type, no patient's name. The details are about
# colleagues and servers.
_SENTENCES: Final[Mapping[NotificationTopic, str]] = MappingProxyType(
    {
        NotificationTopic.DOCUMENT: "Your clinic filed a document for you.",
        NotificationTopic.SHARED: "{name} lets you open a confidential document.",
        NotificationTopic.OFFER: (
            "A time that you are waiting for is free. It is held for you for 15 "
            "minutes."
        ),
        NotificationTopic.ALERT: "Alert: {what}",
        NotificationTopic.DRILL: "A failover drill has ended: {what}",
        NotificationTopic.EMERGENCY: (
            "A record was opened through emergency access and is waiting for review."
        ),
        NotificationTopic.UNSENT: "A dashboard or a list is no longer sent by e-mail.",
        NotificationTopic.COUNT: "A count that you watch has crossed its threshold.",
    }
)


@dataclass(frozen=True, slots=True)
class UserNotificationRecord:
    """One notification; `subject_id` is what it leads to, depending on the topic."""

    id: UUID
    topic: NotificationTopic
    subject_id: UUID | None
    detail: str
    created_at: datetime
    read_at: datetime | None

    @property
    def is_read(self) -> bool:
        """Whether the person has opened it or marked it as read."""
        return self.read_at is not None

    @property
    def sentence(self) -> str:
        """The text of the notification."""
        return Sentence(_SENTENCES[self.topic], name=self.detail, what=self.detail)
