"""Takes the clinic back in time: that of then takes the place of that of now."""
