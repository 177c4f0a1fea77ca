"""What other systems request by FHIR and no domain of the clinic has by itself."""
