"""PostgreSQL's log between two backup sets: received, sealed, and gone along again."""
