"""Records taken over from other systems' files."""

from services.demo.importing.csv_lines import CannotImport
from services.demo.importing.rejects import Reject, RejectsFile
from services.demo.importing.synthea import FileSummary, Folder, import_synthea

__all__ = [
    "CannotImport",
    "FileSummary",
    "Folder",
    "Reject",
    "RejectsFile",
    "import_synthea",
]
