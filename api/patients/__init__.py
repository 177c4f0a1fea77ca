"""The register of patients and its exports, for programs."""
