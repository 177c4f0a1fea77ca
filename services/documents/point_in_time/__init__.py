"""Documents of a patient at an earlier time, and how they are brought back."""

from services.documents.point_in_time.comparing import (
    DocumentChange as DocumentChange,
    DocumentThen as DocumentThen,
    compare_today as compare_today,
)
from services.documents.point_in_time.copying import (
    DocumentCopy as DocumentCopy,
    bring_back as bring_back,
    needs_content as needs_content,
)
from services.documents.point_in_time.definitions import (
    NOTHING_DEFINED as NOTHING_DEFINED,
    Definitions as Definitions,
    OwnFacts as OwnFacts,
)
from services.documents.point_in_time.files import FilesThen as FilesThen
from services.documents.point_in_time.looking import (
    DocumentsThen as DocumentsThen,
    list_then as list_then,
    open_then as open_then,
)
