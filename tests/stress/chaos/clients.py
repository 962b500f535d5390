"""People and programs at work: each asks again with the same key until it has an answer."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx

from tests.stress.chaos.history import GRANTED, History, Look

ITEMS = ("BOLT", "GLUE", "PIPE")
AGAIN = {"BUSY", "IDEMPOTENCY_IN_PROGRESS", "NOT_READY"}

Json = dict[str, Any]


class Floor:
    """What all clients know of the warehouse: a few lots, so that they get in one another's way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.lots: list[tuple[str, int, str]] = []  # item, number, code

    def add(self, item: str, lot_id: int, code: str) -> None:
        with self._lock:
            if len(self.lots) < 30:
                self.lots.append((item, lot_id, code))


class Client(threading.Thread):
    """Receives, reserves, issues, counts … at random, until `ended` is set."""

    def __init__(
        self,
        url: str,
        token: str,
        seed: int,
        *,
        history: History,
        floor: Floor,
        ended: threading.Event,
    ) -> None:
        super().__init__(name=f"client-{seed}", daemon=True)
        self.history, self.floor, self.ended = history, floor, ended
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        # verify: reading all certificates for each request took more time than the product does.
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
            (self.count, 2), (self.split, 1), (self.decide, 1), (self.reverse, 2), (self.look, 5),
        ]  # fmt: skip
        verbs, weights = zip(*kinds, strict=True)
        try:
            self.receive()
            while not self.ended.is_set():
                self.random.choices(verbs, weights)[0]()
        except Exception as error:
            self.history.strange.append(f"{self.name} ended: {error!r}")
        finally:
            self.http.close()

    # --- what they do -----------------------------------------------------------------------------

    def receive(self) -> None:
        item, code = self.random.choice(ITEMS), f"L-{uuid.uuid4().hex[:8]}"
        made = self.write("receipts", {"item": item, "lotCode": code, "qty": self.some(60)})
        if made:
            self.floor.add(item, made["entries"][0]["lotId"], code)

    def add(self) -> None:
        item, _, code = self.lot()
        body = {"item": item, "lotCode": code, "qty": self.some(9), "addToLot": True}
        self.write("receipts", body)

    def reserve(self) -> None:
        item = self.random.choice(ITEMS)
        self._reserved(self.write("reservations", {"item": item, "qty": self.some(8)}))

    def reserve_in_lot(self) -> None:
        item, lot_id, _ = self.lot()
        lots = [{"lotId": lot_id, "qty": self.some(4)}]
        self._reserved(self.write("reservations", {"item": item, "lots": lots}))

    def _reserved(self, made: Json | None) -> None:
        if made:
            self.reservations.append(made["id"])

    def issue_reserved(self) -> None:
        if self.reservations:
            body = {"reservation": self.random.choice(self.reservations[-5:])}
            if self.random.random() < 0.5:
                body |= {"qty": self.some(2), "closeRemainder": self.random.random() < 0.3}
            self._operated(self.write("issues", body))

    def issue(self) -> None:
        item, lot_id, _ = self.lot()
        by_lot = {"lots": [{"lotId": lot_id, "qty": self.some(3)}]}
        body = by_lot if self.random.random() < 0.5 else {"qty": self.some(3)}
        self._operated(self.write("issues", {"item": item, **body}))

    def _operated(self, made: Json | None) -> None:
        if made:
            self.operations.append(made["id"])

    def unreserve(self) -> None:
        if self.reservations:
            number = self.random.choice(self.reservations[-5:])
            body = {} if self.random.random() < 0.5 else {"qty": self.some(2)}
            self.write(f"reservations/{number}/unreserve", body)

    def scrap(self) -> None:
        body = {"lotId": self.lot()[1], "qty": self.some(2), "reason": "bent"}
        self._operated(self.write("scraps", body))

    def count(self) -> None:
        _, lot_id, _ = self.lot()
        if seen := self.see(lot_id):
            counted = max(0, int(seen["onHand"]) + self.random.randint(-2, 2))
            body = {"counted": str(counted), "lotSeq": seen["lotSeq"]}
            self.write(f"lots/{lot_id}/count", body | {"resolution": "keep_difference"})

    def split(self) -> None:
        _, lot_id, _ = self.lot()
        code = f"S-{uuid.uuid4().hex[:8]}"
        self.write(f"lots/{lot_id}/split", {"qty": "1", "lotCode": code})

    def decide(self) -> None:
        _, lot_id, _ = self.lot()
        for status in ("QUARANTINE", "APPROVED"):
            self.write(f"lots/{lot_id}/qc", {"status": status, "reason": "a look at it"})

    def reverse(self) -> None:
        if self.operations:
            self.write(f"operations/{self.operations.pop()}/reversal", {})

    def look(self) -> None:
        self.see(self.lot()[1])

    # --- how they ask -----------------------------------------------------------------------------

    def some(self, most: int) -> str:
        return str(self.random.randint(1, most))

    def lot(self) -> tuple[str, int, str]:
        while not self.floor.lots:
            time.sleep(0.05)
        return self.random.choice(self.floor.lots)

    def write(self, path: str, body: Json) -> Json | None:
        """The answer when it was granted; None when it was refused."""
        key = uuid.uuid4().hex
        write = self.history.begin(key, path)
        # The row carries its key, so that rows can be counted by what they came from.
        body = {**body, ("reason" if path.endswith("/reversal") else "note"): key}
        if path == "reservations":
            body["reference"] = f"JOB-{self.random.randint(1, 9)}"
        response = self.ask("POST", path, write=write, json=body, headers={"Idempotency-Key": key})
        write.ended = time.monotonic()
        content = response.json()
        if response.is_success:
            write.told = GRANTED
            return content
        write.told = content["code"]
        if response.status_code != 409:
            self.history.strange.append(f"{path}: {response.status_code} {response.text[:300]}")
        return None

    def see(self, lot_id: int) -> Json | None:
        while True:
            began = time.monotonic()
            response = self.ask("GET", f"lots/{lot_id}", once=True)
            if response is not None:
                break
            if self.ended.is_set():
                return None
        seen: Json = response.json()
        self.history.looks.append(Look(lot_id, seen["lotSeq"], began, time.monotonic()))
        return seen

    def ask(
        self, method: str, path: str, *, write: Any = None, once: bool = False, **sent: Any
    ) -> Any:
        while True:
            if write is not None:
                write.tries += 1
            try:
                response = self.http.request(method, path, **sent)
            except httpx.HTTPError as error:
                self.history.trouble(type(error).__name__)
            else:
                if not self._is_trouble(path, response):
                    return response
            if once:
                return None
            if self.history.abandoned:
                raise ConnectionError("nobody will answer any more")
            time.sleep(self.random.uniform(0.01, 0.1))

    def _is_trouble(self, path: str, response: httpx.Response) -> bool:
        """Whether to ask again, with the same key: an outage, which must be told as one."""
        code = response.json().get("code") if response.status_code >= 400 else None
        if code in AGAIN:
            if "Retry-After" not in response.headers:
                self.history.strange.append(f"{path}: {code} without Retry-After")
            self.history.trouble(code)
            return True
        if response.status_code >= 500:
            self.history.strange.append(f"{path}: {response.status_code} {response.text[:300]}")
            return True
        return False
