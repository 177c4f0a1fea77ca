"""The notes of a visit: form, drafts, measurements, earlier ones."""
