"""Clients that write at random and retry with the same key until they have an answer."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from tests.stress.chaos.history import GRANTED, History, LotRead

ITEMS = ("BOLT", "GLUE", "PIPE")
RETRYABLE = {"BUSY", "IDEMPOTENCY_IN_PROGRESS", "NOT_READY"}

Json = dict[str, Any]


class SharedLots:
    """The lots that all clients use; few, so that the clients conflict."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lots: list[tuple[str, int, str]] = []  # item, number, code

    def add(self, item: str, lot_id: int, code: str) -> None:
        with self._lock:
            if len(self.lots) < 30:
                self.lots.append((item, lot_id, code))


class Client(threading.Thread):
    """Receives, reserves, issues and counts at random until `ended` is set."""

    def __init__(
        self,
        url: str,
        token: str,
        seed: int,
        *,
        history: History,
        shared: SharedLots,
        ended: threading.Event,
    ) -> None:
        super().__init__(name=f"client-{seed}", daemon=True)
        self.history, self.shared, self.ended = history, shared, ended
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        # Without verify=False loading the certificates would take longer than the request.
        self.http = httpx.Client(
            base_url=f"{url}/api/v1/", headers=headers, timeout=30, verify=False, trust_env=False
        )
        self.random = random.Random(seed)
        self.reservations: list[int] = []
        self.operations: list[int] = []

    def run(self) -> None:
        kinds: list[tuple[Callable[[], None], int]] = [
            (self.receive, 3), (self.add, 3), (self.reserve, 6), (self.reserve_in_lot, 4),
            (self.issue_reserved, 6), (self.issue, 4), (self.unreserve, 3), (self.scrap, 1),
            (self.count, 2), (self.split, 1), (self.decide, 1), (self.reverse, 2), (self.read, 5),
        ]  # fmt: skip
        verbs, weights = zip(*kinds, strict=True)
        try:
            self.receive()
            while not self.ended.is_set():
                self.random.choices(verbs, weights)[0]()
        except Exception as error:
            self.history.unexpected.append(f"{self.name} ended: {error!r}")
        finally:
            self.http.close()

    # --- operations -------------------------------------------------------------------------------

    def receive(self) -> None:
        item, code = self.random.choice(ITEMS), f"L-{uuid.uuid4().hex[:8]}"
        posted = self.write("receipts", {"item": item, "lotCode": code, "qty": self.quantity(60)})
        if posted:
            self.shared.add(item, posted["entries"][0]["lotId"], code)

    def add(self) -> None:
        item, _, code = self.lot()
        body = {"item": item, "lotCode": code, "qty": self.quantity(9), "addToLot": True}
        self.write("receipts", body)

    def reserve(self) -> None:
        item = self.random.choice(ITEMS)
        self._remember_reservation(
            self.write("reservations", {"item": item, "qty": self.quantity(8)})
        )

    def reserve_in_lot(self) -> None:
        item, lot_id, _ = self.lot()
        lots = [{"lotId": lot_id, "qty": self.quantity(4)}]
        self._remember_reservation(self.write("reservations", {"item": item, "lots": lots}))

    def _remember_reservation(self, posted: Json | None) -> None:
        if posted:
            self.reservations.append(posted["id"])

    def issue_reserved(self) -> None:
        if self.reservations:
            body = {"reservation": self.random.choice(self.reservations[-5:])}
            if self.random.random() < 0.5:
                body |= {"qty": self.quantity(2), "closeRemainder": self.random.random() < 0.3}
            self._remember_operation(self.write("issues", body))

    def issue(self) -> None:
        item, lot_id, _ = self.lot()
        by_lot = {"lots": [{"lotId": lot_id, "qty": self.quantity(3)}]}
        body = by_lot if self.random.random() < 0.5 else {"qty": self.quantity(3)}
        self._remember_operation(self.write("issues", {"item": item, **body}))

    def _remember_operation(self, posted: Json | None) -> None:
        if posted:
            self.operations.append(posted["id"])

    def unreserve(self) -> None:
        if self.reservations:
            number = self.random.choice(self.reservations[-5:])
            body = {} if self.random.random() < 0.5 else {"qty": self.quantity(2)}
            self.write(f"reservations/{number}/unreserve", body)

    def scrap(self) -> None:
        body = {"lotId": self.lot()[1], "qty": self.quantity(2), "reason": "bent"}
        self._remember_operation(self.write("scraps", body))

    def count(self) -> None:
        _, lot_id, _ = self.lot()
        if lot := self.read_lot(lot_id):
            counted = max(0, int(lot["onHand"]) + self.random.randint(-2, 2))
            body = {"counted": str(counted), "lotSeq": lot["lotSeq"]}
            self.write(f"lots/{lot_id}/count", body | {"resolution": "keep_difference"})

    def split(self) -> None:
        _, lot_id, _ = self.lot()
        code = f"S-{uuid.uuid4().hex[:8]}"
        self.write(f"lots/{lot_id}/split", {"qty": "1", "lotCode": code})

    def decide(self) -> None:
        _, lot_id, _ = self.lot()
        for status in ("QUARANTINE", "APPROVED"):
            self.write(f"lots/{lot_id}/qc", {"status": status, "reason": "inspection"})

    def reverse(self) -> None:
        if self.operations:
            self.write(f"operations/{self.operations.pop()}/reversal", {})

    def read(self) -> None:
        self.read_lot(self.lot()[1])

    # --- requests ---------------------------------------------------------------------------------

    def quantity(self, maximum: int) -> str:
        return str(self.random.randint(1, maximum))

    def lot(self) -> tuple[str, int, str]:
        while not self.shared.lots:
            time.sleep(0.05)
        return self.random.choice(self.shared.lots)

    def write(self, path: str, body: Json) -> Json | None:
        """Post and return the response if it was granted, or None if it was refused."""
        key = uuid.uuid4().hex
        write = self.history.begin(key, path)
        # The row contains its key, so that the checker can assign it to the request.
        body = {**body, ("reason" if path.endswith("/reversal") else "note"): key}
        if path == "reservations":
            body["reference"] = f"JOB-{self.random.randint(1, 9)}"
        response = self.send("POST", path, write=write, json=body, headers={"Idempotency-Key": key})
        write.ended = time.monotonic()
        content = response.json()
        if response.is_success:
            write.result = GRANTED
            return content
        write.result = content["code"]
        if response.status_code != 409:
            self.history.unexpected.append(f"{path}: {response.status_code} {response.text[:300]}")
        return None

    def read_lot(self, lot_id: int) -> Json | None:
        while True:
            began = time.monotonic()
            response = self.send("GET", f"lots/{lot_id}", once=True)
            if response is not None:
                break
            if self.ended.is_set():
                return None
        lot: Json = response.json()
        self.history.reads.append(LotRead(lot_id, lot["lotSeq"], began, time.monotonic()))
        return lot

    def send(
        self, method: str, path: str, *, write: Any = None, once: bool = False, **options: Any
    ) -> Any:
        while True:
            if write is not None:
                write.attempts += 1
            try:
                response = self.http.request(method, path, **options)
            except httpx.HTTPError as error:
                self.history.record_error(type(error).__name__)
            else:
                if not self._is_outage(path, response):
                    return response
            if once:
                return None
            if self.history.abandoned:
                raise ConnectionError("there will be no answer")
            time.sleep(self.random.uniform(0.01, 0.1))

    def _is_outage(self, path: str, response: httpx.Response) -> bool:
        """Return whether to retry with the same key; outages must be reported correctly."""
        code = response.json().get("code") if response.status_code >= 400 else None
        if code in RETRYABLE:
            if "Retry-After" not in response.headers:
                self.history.unexpected.append(f"{path}: {code} without Retry-After")
            self.history.record_error(code)
            return True
        if response.status_code >= 500:
            self.history.unexpected.append(f"{path}: {response.status_code} {response.text[:300]}")
            return True
        return False
