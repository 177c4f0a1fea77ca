"""PostgreSQL's log between two backup sets: received, sealed, and replayed."""
