"""Users, sign-in, sessions, two-factor authentication and API tokens."""
