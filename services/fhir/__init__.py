"""What other systems ask for by FHIR that no domain of the clinic has by itself."""
