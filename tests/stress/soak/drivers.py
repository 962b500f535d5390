"""Firefox and WebKitGTK by remote control: their own protocols, without anything in between."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

PATIENCE_S = 60
_PREFS = """
user_pref("marionette.port", {port});
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
"""
_ASYNC = """
const done = arguments[arguments.length - 1];
Promise.resolve().then(() => (%s)(...arguments)).then(
  (value) => done({ value: value ?? null }), (error) => done({ error: String(error) }));
"""


class Failed(Exception):
    """The browser says no."""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _until(ready: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            return ready()
        except (OSError, Failed):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


class Driver:
    """`driver.goto(url); driver.run("(a) => a + 1", 41)`"""

    process: subprocess.Popen[bytes]

    def goto(self, url: str) -> None:
        raise NotImplementedError

    def execute(self, script: str, args: list[Any]) -> Any:
        raise NotImplementedError

    def crash(self) -> None:
        """The tablet dies in the middle: another page, or another process, comes after."""
        raise NotImplementedError

    def run(self, function: str, *args: Any) -> Any:
        answer = self.execute(_ASYNC % function, list(args))
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["value"]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class Firefox(Driver):
    """Marionette: JSON with its length in front."""

    binary = "firefox-esr"

    def __init__(self, place: Path) -> None:
        self.profile = place / "firefox"
        self.profile.mkdir()
        self.start()

    def start(self) -> None:
        port = free_port()
        (self.profile / "user.js").write_text(_PREFS.format(port=port))
        command = [self.binary, "--headless", "--marionette", "--profile", str(self.profile)]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(
            [*command, "--no-remote"],
            stdout=quiet,
            stderr=quiet,
            env=os.environ | {"MOZ_HEADLESS": "1", "HOME": str(self.profile)},
        )
        self.numbers = itertools.count(1)
        self.wire = _until(lambda: socket.create_connection(("127.0.0.1", port), PATIENCE_S))
        self._read()
        self.say("WebDriver:NewSession", {})
        self.say("WebDriver:SetTimeouts", {"script": 30_000, "pageLoad": 60_000})

    def _read(self) -> Any:
        head = b""
        while not head.endswith(b":"):
            head += self._some(1)
        body = b""
        while len(body) < int(head[:-1]):
            body += self._some(int(head[:-1]) - len(body))
        return json.loads(body)

    def _some(self, most: int) -> bytes:
        part = self.wire.recv(most)
        if not part:
            raise ConnectionError("the browser went away")
        return bytes(part)

    def say(self, command: str, values: dict[str, Any]) -> Any:
        text = json.dumps([0, next(self.numbers), command, values]).encode()
        self.wire.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self._read()
        if error:
            raise Failed(error["message"])
        return result

    def goto(self, url: str) -> None:
        self.say("WebDriver:Navigate", {"url": url})

    def execute(self, script: str, args: list[Any]) -> Any:
        return self.say("WebDriver:ExecuteAsyncScript", {"script": script, "args": args})["value"]

    def crash(self) -> None:
        self.close()
        self.start()

    def close(self) -> None:
        self.wire.close()
        super().close()


class WebKit(Driver):
    """WebKitWebDriver and the small browser beside it, on a screen that nobody sees."""

    binary = "WebKitWebDriver"

    def __init__(self, place: Path) -> None:
        port = free_port()
        home = place / "webkit"
        home.mkdir()
        self.url = f"http://127.0.0.1:{port}"
        env = os.environ | {"HOME": str(home), "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
                            "LIBGL_ALWAYS_SOFTWARE": "1"}  # fmt: skip
        quiet = subprocess.DEVNULL
        screen = ["xvfb-run", "--auto-servernum"]
        self.process = subprocess.Popen(
            [*screen, self.binary, f"--port={port}"], stdout=quiet, stderr=quiet, env=env,
            start_new_session=True,
        )  # fmt: skip
        small = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
        options = {"binary": str(small), "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        made = _until(lambda: self._ask("POST", "/session", {"capabilities": wanted}))
        self.url += f"/session/{made['sessionId']}"
        self._ask("POST", "/timeouts", {"script": 30_000, "pageLoad": 60_000})

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.url + path, data, method=method)
        try:
            with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise Failed(error.read().decode()) from None

    def goto(self, url: str) -> None:
        self._ask("POST", "/url", {"url": url})

    def execute(self, script: str, args: list[Any]) -> Any:
        return self._ask("POST", "/execute/async", {"script": script, "args": args})

    def crash(self) -> None:
        old = self._ask("GET", "/window")
        new = self._ask("POST", "/window/new", {"type": "tab"})["handle"]
        self._ask("POST", "/window", {"handle": old})
        self._ask("DELETE", "/window")
        self._ask("POST", "/window", {"handle": new})

    def close(self) -> None:
        self._ask("DELETE", "")
        os.killpg(self.process.pid, 15)
        self.process.wait()


DRIVERS = [one for one in (Firefox, WebKit) if shutil.which(one.binary)]
