"""Lists of patients as they are disclosed to analysts: no few, alone or together."""

from services.analytics.pseudonymised_lists.figures import (
    ALL as ALL,
    count_bars as count_bars,
)
from services.analytics.pseudonymised_lists.sizes import (
    ChangedByFew as ChangedByFew,
    DisclosedList as DisclosedList,
    ListSize as ListSize,
    UndisclosedList as UndisclosedList,
    disclose_list as disclose_list,
    read_undisclosed as read_undisclosed,
)
