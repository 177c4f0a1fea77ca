"""Records taken over from other systems' files."""

from services.demo.importing.csv_lines import CannotImport as CannotImport
from services.demo.importing.rejects import Reject as Reject, RejectsFile as RejectsFile
from services.demo.importing.synthea import (
    FileSummary as FileSummary,
    Folder as Folder,
    import_synthea as import_synthea,
)
