"""An invented clinic, and Synthea's: what fills an empty Chartroom."""
