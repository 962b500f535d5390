"""Reports on many items: analytics, overview and tables.

May import `exports`, `demo` and `doctor` and the layers below.
"""
