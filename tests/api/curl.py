"""A stand-in for `curl` where the system has none: the options that docs/api.md uses, no more.

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
    given = parser.parse_args()
    headers = (
        {"Content-Type": "application/json", "Accept": "application/json"} if given.data else {}
    )
    for header in given.headers:
        name, _, value = header.partition(":")
        headers |= {name.strip().title(): value.strip()}
    method = "GET" if given.data is None else "POST"
    answer = httpx.request(method, given.url, headers=headers, content=given.data, timeout=30)
    sys.stdout.write(answer.text)
    sys.stdout.write(given.w.replace(r"\n", "\n").replace("%{http_code}", str(answer.status_code)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
