"""The front desk's day and the clinician's: who is expected, who waits, who is seen."""
