"""Documents of a patient at an earlier time, and how they are brought back."""

from services.documents.point_in_time.comparing import (
    DocumentChange as DocumentChange,
    DocumentComparison as DocumentComparison,
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
)
from services.documents.point_in_time.files import EarlierFiles as EarlierFiles
from services.documents.point_in_time.reading import (
    DocumentsSnapshot as DocumentsSnapshot,
    list_documents as list_documents,
    open_version as open_version,
)
