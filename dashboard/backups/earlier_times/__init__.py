"""Earlier times of the clinic: chosen, compared, looked around in, and gone back to."""
