"""One patient's record on the screen: header, details, form."""
