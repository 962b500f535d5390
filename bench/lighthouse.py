"""Run Lighthouse (mobile, default settings) on the main screens of the demo data.

    python -m bench.lighthouse [--only /items/1/] [--keep DIRECTORY]

Needs Chromium and Node 18.20 or newer; npx downloads Lighthouse.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import BROWSERS
from tests.support.servers import ROOT, LiveServer
from tests.support.users import form_fields

LIGHTHOUSE = "lighthouse@12.8.2"
NAME, PASSWORD = "bench", "a quiet warehouse"
SCREENS = (
    "/login/", "/", "/items/", "/items/1/", "/lots/1/", "/reservations/", "/ledger/", "/analysis/",
    "/floor/",
)  # fmt: skip
KINDS = ("performance", "accessibility", "best-practices", "seo")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=SCREENS)
    parser.add_argument("--keep", type=Path, help="folder for the full reports")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        environ = {"INSTANCE_PATH": directory, "LOG_LEVEL": "WARNING"}
        fill(environ)
        server = LiveServer(environ, Path(directory, "server.log")).start()
        try:
            cookie = _log_in(server.url)
            print(f"| screen | {' | '.join(KINDS)} | LCP | CLS | sent |\n|---|{'---|' * 7}")
            for screen in options.only:
                report = _run_lighthouse(server.url + screen, "" if screen == "/login/" else cookie)
                print(_row(screen, report), flush=True)
                if options.keep:
                    name = screen.strip("/").replace("/", "-") or "dashboard"
                    options.keep.mkdir(parents=True, exist_ok=True)
                    (options.keep / f"{name}.json").write_text(json.dumps(report))
        finally:
            server.stop()


def fill(environ: dict[str, str], name: str = NAME) -> None:
    flask = [sys.executable, "-m", "flask", "--app", "app"]
    flask_environ = {"PATH": os.environ["PATH"], **environ}
    create_user = ["users", "create", name, "--role", "admin", "--password-stdin"]
    for command in (["db", "upgrade"], ["demo", "load"], create_user):
        subprocess.run(
            [*flask, *command], cwd=ROOT, env=flask_environ, input=PASSWORD.encode(), check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip


def _log_in(url: str) -> str:
    with httpx.Client(base_url=url) as client:
        form = form_fields(client.get("/login/").text)
        client.post("/login/", data=form | {"name": NAME, "password": PASSWORD})
        return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


def _run_lighthouse(url: str, cookie: str) -> dict[str, Any]:
    chromium = next(path for name in BROWSERS if (path := shutil.which(name)))
    with tempfile.TemporaryDirectory() as directory:
        headers = Path(directory, "headers.json")
        headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}))
        output = Path(directory, "report.json")
        command = [
            "npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json",
            f"--output-path={output}", f"--extra-headers={headers}",
            f"--only-categories={','.join(KINDS)}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        ]  # fmt: skip
        environ = os.environ | {"CHROME_PATH": chromium}
        for is_last in (False, True):  # one retry, because a trace is sometimes not recorded
            process = subprocess.run(command, env=environ, check=is_last, stdout=subprocess.DEVNULL)
            if process.returncode == 0:
                break
        report: dict[str, Any] = json.loads(output.read_text())
        return report


def _row(screen: str, report: dict[str, Any]) -> str:
    scores = [f"{report['categories'][kind]['score']:.2f}" for kind in KINDS]
    audits = report["audits"]
    lcp = audits["largest-contentful-paint"]["numericValue"] / 1000
    cls = audits["cumulative-layout-shift"]["numericValue"]
    sent = audits["total-byte-weight"]["numericValue"] / 1024
    failed_audits = [
        name
        for kind in KINDS
        for name in (auditref["id"] for auditref in report["categories"][kind]["auditRefs"])
        if kind != "performance" and (audits[name]["score"] or 0) < 1
        and audits[name]["scoreDisplayMode"] == "binary"
    ]  # fmt: skip
    note = f" {', '.join(failed_audits)}" if failed_audits else ""
    return f"| `{screen}` | {' | '.join(scores)} | {lcp:.1f} s | {cls:.3f} | {sent:.0f} KB |{note}"


if __name__ == "__main__":
    main()
