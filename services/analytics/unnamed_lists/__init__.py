"""Lists of patients as they are disclosed to analysts: no few, alone or together."""

from services.analytics.unnamed_lists.figures import (
    ALL as ALL,
    describe as describe,
)
from services.analytics.unnamed_lists.sizes import (
    ChangedByFew as ChangedByFew,
    DisclosedList as DisclosedList,
    KeptBack as KeptBack,
    ListSize as ListSize,
    keep_back as keep_back,
    tell_list as tell_list,
)
