"""The rules of each command; they read and change only the unit of work."""
