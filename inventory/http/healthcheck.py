"""`python -m inventory.http.healthcheck`: ask this machine's server if it works.

The exit code is 0 if the server is ready, else 1, for the health check of a container. The request
has a host name that the server answers to.
"""

from __future__ import annotations

import http.client
import os
import sys


def main() -> int:
    """Return 0 if /health/ready answers 200, else 1."""
    port = int(os.environ.get("PORT") or 8000)
    names = os.environ.get("TRUSTED_HOSTS", "").split(",")
    host = names[0].strip().lstrip(".") or "127.0.0.1"
    prefix = os.environ.get("URL_PREFIX", "").rstrip("/")
    address = os.environ.get("HOST") or "127.0.0.1"
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - it is asked
    connection = http.client.HTTPConnection(here, port, timeout=4)
    try:
        connection.request("GET", f"{prefix}/health/ready", headers={"Host": host})
        return 0 if connection.getresponse().status == http.client.OK else 1
    except (OSError, http.client.HTTPException):
        return 1
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
