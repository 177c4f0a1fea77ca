"""A patient's record: its rules, its rows, its versions."""
