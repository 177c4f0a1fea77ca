"""Lists of patients on the screen: search, table, charts, exports."""
