"""Replacement for `curl` with only the options that docs/api.md uses.

curl -s [-w FORMAT] [-H HEADER ...] [--json DATA] URL
"""

from __future__ import annotations

import argparse
import sys

import httpx


def main() -> int:
    parser = argparse.ArgumentParser(prog="curl", allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true", required=True)
    parser.add_argument("-w", default="")
    parser.add_argument("-H", action="append", default=[], dest="headers")
    parser.add_argument("--json", dest="data")
    options = parser.parse_args()
    headers = (
        {"Content-Type": "application/json", "Accept": "application/json"} if options.data else {}
    )
    for header in options.headers:
        name, _, value = header.partition(":")
        headers |= {name.strip().title(): value.strip()}
    method = "GET" if options.data is None else "POST"
    answer = httpx.request(method, options.url, headers=headers, content=options.data, timeout=30)
    sys.stdout.write(answer.text)
    sys.stdout.write(
        options.w.replace(r"\n", "\n").replace("%{http_code}", str(answer.status_code))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
