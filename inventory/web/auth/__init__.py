"""Sign-in, account, two-factor authentication and permissions."""
