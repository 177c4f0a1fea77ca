"""A patient's chart on the screen: health at a glance, and the time line."""
