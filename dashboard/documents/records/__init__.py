"""One document on the screen: details, preview, versions, actions."""
