"""Documents: records, search, forms, sharing, retention, integrity."""
