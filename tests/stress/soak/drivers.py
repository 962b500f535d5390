"""Remote control of Firefox (Marionette) and WebKitGTK (WebDriver), without a library."""

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

TIMEOUT_S = 60
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


class DriverError(Exception):
    """The browser reported an error."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _retry(ready: Callable[[], Any]) -> Any:
    end = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return ready()
        except (OSError, DriverError):
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
        """Kill the page or the browser process and start a new one."""
        raise NotImplementedError

    def run(self, function: str, *args: Any) -> Any:
        answer = self.execute(_ASYNC % function, list(args))
        if "error" in answer:
            raise DriverError(answer["error"])
        return answer["value"]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()


class Firefox(Driver):
    """Firefox by Marionette: JSON messages prefixed with their length."""

    binary = "firefox-esr"

    def __init__(self, directory: Path) -> None:
        self.profile = directory / "firefox"
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
        self.connection = _retry(lambda: socket.create_connection(("127.0.0.1", port), TIMEOUT_S))
        self._read()
        self.send_command("WebDriver:NewSession", {})
        self.send_command("WebDriver:SetTimeouts", {"script": 30_000, "pageLoad": 60_000})

    def _read(self) -> Any:
        head = b""
        while not head.endswith(b":"):
            head += self._receive(1)
        body = b""
        while len(body) < int(head[:-1]):
            body += self._receive(int(head[:-1]) - len(body))
        return json.loads(body)

    def _receive(self, max_bytes: int) -> bytes:
        part = self.connection.recv(max_bytes)
        if not part:
            raise ConnectionError("the browser closed the connection")
        return bytes(part)

    def send_command(self, command: str, values: dict[str, Any]) -> Any:
        text = json.dumps([0, next(self.numbers), command, values]).encode()
        self.connection.sendall(b"%d:%s" % (len(text), text))
        _, _, error, result = self._read()
        if error:
            raise DriverError(error["message"])
        return result

    def goto(self, url: str) -> None:
        self.send_command("WebDriver:Navigate", {"url": url})

    def execute(self, script: str, args: list[Any]) -> Any:
        return self.send_command("WebDriver:ExecuteAsyncScript", {"script": script, "args": args})[
            "value"
        ]

    def crash(self) -> None:
        self.close()
        self.start()

    def close(self) -> None:
        self.connection.close()
        super().close()


class WebKit(Driver):
    """WebKitGTK by WebKitWebDriver and its MiniBrowser, on a virtual screen."""

    binary = "WebKitWebDriver"

    def __init__(self, directory: Path) -> None:
        port = free_port()
        home = directory / "webkit"
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
        browser = next(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
        options = {"binary": str(browser), "args": ["--automation"]}
        capabilities = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        session = _retry(lambda: self._request("POST", "/session", {"capabilities": capabilities}))
        self.url += f"/session/{session['sessionId']}"
        self._request("POST", "/timeouts", {"script": 30_000, "pageLoad": 60_000})

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise DriverError(error.read().decode()) from None

    def goto(self, url: str) -> None:
        self._request("POST", "/url", {"url": url})

    def execute(self, script: str, args: list[Any]) -> Any:
        return self._request("POST", "/execute/async", {"script": script, "args": args})

    def crash(self) -> None:
        old = self._request("GET", "/window")
        new = self._request("POST", "/window/new", {"type": "tab"})["handle"]
        self._request("POST", "/window", {"handle": old})
        self._request("DELETE", "/window")
        self._request("POST", "/window", {"handle": new})

    def close(self) -> None:
        self._request("DELETE", "")
        os.killpg(self.process.pid, 15)
        self.process.wait()


DRIVERS = [driver for driver in (Firefox, WebKit) if shutil.which(driver.binary)]
