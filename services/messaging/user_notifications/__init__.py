"""Notifications in a list of one's own: the bell at the top of each page."""

from services.messaging.user_notifications.reading import (
    MOST_LISTED as MOST_LISTED,
    count_unread_of as count_unread_of,
    list_own as list_own,
    mark_read as mark_read,
)
from services.messaging.user_notifications.records import (
    NotificationTopic as NotificationTopic,
    UserNotificationRecord as UserNotificationRecord,
)
from services.messaging.user_notifications.writing import (
    ADMINISTRATORS as ADMINISTRATORS,
    KEPT as KEPT,
    forget as forget,
    take_back as take_back,
    take_due_to_mail as take_due_to_mail,
    tell as tell,
)
