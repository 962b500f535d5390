"""What stands between the WSGI server and the pages and the API. Imports no face."""
