"""People with a sign-in, on the screen: invitations, rights, passkeys, tokens."""
