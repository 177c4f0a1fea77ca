"""Making documents from forms on a page: begun, drafted, made, looked at, filed."""
