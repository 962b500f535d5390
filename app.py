"""The WSGI entry: for `flask` commands, and for any WSGI server (ours: `make run`)."""

from inventory import create_app

app = create_app()
