"""Records taken over from other systems' files."""

from services.importing.csv_lines import CannotImport
from services.importing.rejects import Reject, RejectsFile
from services.importing.synthea import FileSummary, Folder, import_synthea

__all__ = [
    "CannotImport",
    "FileSummary",
    "Folder",
    "Reject",
    "RejectsFile",
    "import_synthea",
]
