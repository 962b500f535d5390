"""Lists and tables as CSV, XLSX and JSON Lines; imports `queries` and below."""
