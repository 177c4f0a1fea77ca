"""FHIR R4: the data that other systems may read, by the standard's own names."""
