"""Records imported from Bundles of FHIR R4."""

from services.demo.importing.fhir.bundles import Bundles as Bundles
from services.demo.importing.fhir.importing import (
    TypeSummary as TypeSummary,
    import_fhir as import_fhir,
)
