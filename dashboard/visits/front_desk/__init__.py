"""The day of the front desk and the clinicians: who is expected, waits, is seen."""
