"""The space that backups take on their folder's disk and elsewhere, now and before."""
