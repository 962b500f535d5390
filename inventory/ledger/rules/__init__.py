"""The rules of each command. They read and change the unit of work alone."""
