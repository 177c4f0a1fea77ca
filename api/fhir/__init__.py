"""FHIR R4: what other systems may read here, by the standard's own names."""
