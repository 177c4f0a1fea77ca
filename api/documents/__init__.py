"""Documents, their files, versions and links, for programs."""
