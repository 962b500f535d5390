# ruff: noqa: S603 - every command stands in this file or in the Dockerfile
"""Takes the steps of the Dockerfile without a container engine, and runs what comes of them.

It reads the Dockerfile itself: what is copied (less what .dockerignore leaves out), what is
installed, the settings, the health check and the command. The server then runs as a user that owns
nothing but the volume, in a tree where nothing can be written.
`--installed` takes the packages of the running Python instead of fetching them anew.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


def steps(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile, continued lines joined."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE))
    return [
        (word, rest.strip())
        for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())
    ]


def copied(found: list[tuple[str, str]]) -> list[str]:
    """What comes from the project's folder."""
    sources = [rest.split() for word, rest in found if word == "COPY" and "--from" not in rest]
    return [source.rstrip("/") for parts in sources for source in parts[:-1]]


def settings(found: list[tuple[str, str]]) -> dict[str, str]:
    pairs = [pair for word, rest in found if word == "ENV" for pair in rest.split()]
    return dict(pair.split("=", 1) for pair in pairs)


def command(found: list[tuple[str, str]], word: str) -> list[str]:
    """The last CMD, or that of the HEALTHCHECK."""
    rest = [rest for name, rest in found if name == word][-1]
    made: list[str] = json.loads(rest[rest.index("[") :])
    return made


def allowed(name: str, rules: list[str]) -> bool:
    """Whether .dockerignore lets a file of the project's root folder into the build."""
    kept = True
    for rule in rules:
        if fnmatch.fnmatch(name, rule.lstrip("!")):
            kept = rule.startswith("!")
    return kept


def lay_out(place: Path, found: list[tuple[str, str]]) -> None:
    """The image's /srv: owned by us, writable for nobody."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith(("#", "**"))]
    for name in copied(found):
        if not allowed(name, rules):
            raise SystemExit(f"{name} is copied, but .dockerignore leaves it out.")
        source = ROOT / name
        if source.is_dir():
            leave = shutil.ignore_patterns("__pycache__", "*.pyc")
            shutil.copytree(source, place / name, ignore=leave)
        else:
            shutil.copy(source, place / name)
    for path in [place, *place.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)


def install(place: Path) -> Path:
    """The image's /venv."""
    base = os.environ.get("PYTHON") or sys.executable
    subprocess.run([base, "-m", "venv", place], check=True)
    python = place / "bin/python"
    pip = [python, "-m", "pip", "install", "-q", "--no-cache-dir", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", "requirements.txt"], check=True, cwd=ROOT)
    return python


#: Root without its rights: bound by the modes of files as everybody is.
POWERLESS = ["setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]


def stranger(python: Path) -> tuple[dict[str, Any], list[str]]:
    """A user that owns nothing, and what commands are started through; only root can become one.
    Where the interpreter lies in root's own home, root without its rights has to do."""
    if os.geteuid() != 0:
        return {}, []
    entry = pwd.getpwnam("nobody")
    nobody = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": ()}
    try:
        subprocess.run([python, "-c", ""], **nobody, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return {}, POWERLESS
    return nobody, []


def run(place: Path, python: Path, found: list[tuple[str, str]]) -> None:
    data = place / "data"
    data.mkdir(mode=0o700)
    who, through = stranger(python)
    if who:
        os.chown(data, who["user"], who["group"])
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    env = settings(found) | {"PORT": str(port), "HOST": "127.0.0.1", "INSTANCE_PATH": str(data)}
    env |= {"PATH": f"{python.parent}:/usr/bin:/bin", "TMPDIR": str(data)}
    serve = [*through, str(python), *command(found, "CMD")[1:]]
    check = [*through, str(python), *command(found, "HEALTHCHECK")[1:]]
    known: dict[str, Any] = {"cwd": place / "srv", "env": env, **who}
    if subprocess.run(check, **known, check=False).returncode != 1:
        raise SystemExit("The health check passed before anything ran.")
    server = subprocess.Popen(serve, **known, start_new_session=True)
    try:
        deadline = time.monotonic() + 60
        while subprocess.run(check, **known, check=False).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("The server did not become healthy.")
            time.sleep(0.2)
        server.send_signal(signal.SIGTERM)
        if server.wait(15) != 0:
            raise SystemExit(f"The server stopped with {server.returncode}.")
    finally:
        if server.poll() is None:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()
    if made := [path for path in (place / "srv").rglob("*") if path.stat().st_mode & 0o222]:
        raise SystemExit(f"Written outside the volume: {made[:3]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--installed", action="store_true")
    options = parser.parse_args()
    found = steps((ROOT / "Dockerfile").read_text())
    with tempfile.TemporaryDirectory(prefix="inventory-image-") as directory:
        place = Path(directory)
        place.chmod(0o755)
        srv = place / "srv"
        srv.mkdir()
        lay_out(srv, found)
        python = Path(sys.executable) if options.installed else install(place / "venv")
        run(place, python, found)
        for path in [srv, *srv.rglob("*")]:
            path.chmod(0o755 if path.is_dir() else 0o644)
    print("The image's steps work: installed, healthy as a stranger, stopped cleanly.")


if __name__ == "__main__":
    main()
