"""A client of the inventory in one file: copy it and make it yours. It needs httpx.

    with Inventory("http://127.0.0.1:8000", token) as inventory:
        inventory.receive("BOLT-M8", "L-001", "100", reference="PO-1001")
        promised = inventory.reserve("BOLT-M8", "30", "JOB-4711")
        inventory.issue(reservation=promised["id"], qty="12")

Each write carries a key. When an answer is lost, or the inventory is busy, the same write is sent
again with the same key, and is done once all the same. Give `key` yourself where it must be the
same after your program was started anew: the number of your own document, for example.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

import httpx

Json = dict[str, Any]

ATTEMPTS = 8


class Refused(Exception):
    """The inventory says no. `code` tells why, `problem` has the numbers behind it."""

    def __init__(self, problem: Json) -> None:
        super().__init__(f"{problem['code']}: {problem['detail']}")
        self.code: str = problem["code"]
        self.problem = problem


class Unreachable(Exception):
    """No answer after several tries. Whether the write was done is not known: send it again,
    later, with the same key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The inventory does not answer. The key of the write: {key}")
        self.key = key


class Inventory:
    """What a program does with stock."""

    def __init__(
        self, url: str, token: str, *, timeout: float = 20.0, **httpx_options: Any
    ) -> None:
        self._http = httpx.Client(
            base_url=f"{url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            **httpx_options,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._http.close()

    def receive(self, item: str, lot_code: str, qty: str, **more: Any) -> Json:
        return self.write("/receipts", {"item": item, "lotCode": lot_code, "qty": qty}, **more)

    def reserve(self, item: str, qty: str, reference: str, **more: Any) -> Json:
        return self.write(
            "/reservations", {"item": item, "qty": qty, "reference": reference}, **more
        )

    def issue(self, **more: Any) -> Json:
        """Against a `reservation`, or of an `item`'s free stock."""
        return self.write("/issues", {}, **more)

    def batch(self, operations: list[Json], **more: Any) -> list[Json]:
        """All of them or none."""
        return list(self.write("/batch", {"operations": operations}, **more)["results"])

    def stock(self, item: str) -> Json:
        return self.read(f"/items/{item}/stock")

    def entries(self, **filters: str) -> Iterator[Json]:
        """Ledger entries, newest first, page by page."""
        cursor: str | None = None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = self.read("/ledger", **filters, **more)
            yield from page["data"]
            cursor = page["nextCursor"]
            if cursor is None:
                return

    def read(self, path: str, **query: str) -> Json:
        return self._send("GET", path, params=query, headers={})

    def write(
        self, path: str, body: Json, *, key: str | None = None, dry_run: bool = False, **more: Any
    ) -> Json:
        """Any POST: `more` are further fields of the body."""
        return self._send(
            "POST",
            path,
            json={**body, **more},
            params={"dryRun": "true"} if dry_run else {},
            headers={"Idempotency-Key": key or str(uuid.uuid4())},
        )

    def _send(self, method: str, path: str, **request: Any) -> Json:
        for attempt in range(ATTEMPTS):
            try:
                response = self._http.request(method, path, **request)
            except httpx.TransportError:
                wait = min(0.1 * 2**attempt, 5)
            else:
                if response.is_success:
                    return dict(response.json())
                problem = _problem_of(response)
                if response.status_code < 500 and problem["code"] != "IDEMPOTENCY_IN_PROGRESS":
                    raise Refused(problem)
                wait = float(response.headers.get("Retry-After", 1))
            time.sleep(wait * random.uniform(0.5, 1.0))
        raise Unreachable(request["headers"].get("Idempotency-Key", ""))


def _problem_of(response: httpx.Response) -> Json:
    """What the inventory said, or what something on the way to it did."""
    if response.headers.get("Content-Type") == "application/problem+json":
        return dict(response.json())
    return {"code": f"HTTP_{response.status_code}", "detail": response.reason_phrase}
