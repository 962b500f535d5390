"""Users, sign-in, sessions, two-factor authentication and API tokens. Imports `audit` and below."""
