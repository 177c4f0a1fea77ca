"""The copy of a repository in a store that speaks S3: sealed, and elsewhere."""
