"""Lists and tables as CSV, XLSX and JSON Lines.

May import `queries`, `labels` and `backups` and the layers below.
"""
