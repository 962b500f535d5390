"""Lists and tables as CSV, XLSX and JSON Lines. Imports `queries` and below."""
