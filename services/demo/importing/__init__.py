"""Records imported from other systems' files."""

from services.demo.importing.csv_lines import CannotImport as CannotImport
from services.demo.importing.fhir import (
    Bundles as Bundles,
    TypeSummary as TypeSummary,
    import_fhir as import_fhir,
)
from services.demo.importing.rejects import (
    OF_RESOURCES as OF_RESOURCES,
    Reject as Reject,
    RejectsFile as RejectsFile,
)
from services.demo.importing.synthea import (
    FileSummary as FileSummary,
    Folder as Folder,
    import_synthea as import_synthea,
)
