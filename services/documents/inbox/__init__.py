"""The inbox: new documents, and who is to look at each until it is done."""

from services.documents.inbox.assigning import (
    assign as assign,
    finish as finish,
    list_colleagues as list_colleagues,
    reopen as reopen,
)
from services.documents.inbox.reading import (
    MOST_LISTED as MOST_LISTED,
    Colleague as Colleague,
    InboxCounts as InboxCounts,
    InboxItem as InboxItem,
    InboxPage as InboxPage,
    InboxView as InboxView,
    count_inbox as count_inbox,
    find_item as find_item,
    list_inbox as list_inbox,
)
