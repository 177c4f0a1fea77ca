"""An invented clinic, and Synthea's data, to fill an empty Chartroom."""
