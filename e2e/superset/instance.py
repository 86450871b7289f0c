"""Superset with the bundle in it: made from nothing, and served.

make -C e2e/superset serve
"""

import argparse
import os
import secrets
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template

import requests

HERE = Path(__file__).resolve().parent
BUNDLE = HERE / "bundle"
PROGRAMS = HERE / ".venv" / "bin"
USER = "admin"
_UP_WITHIN_S = 180


@dataclass(frozen=True)
class Instance:
    """One Superset.

    Attributes:
        state: the folder of its metadata, its key and its log.
        marts: the published file that it reads.
        password: of its one user.
        port: on 127.0.0.1.
    """

    state: Path
    marts: Path
    password: str
    port: int

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.state / "superset.log"

    @property
    def environment(self) -> dict[str, str]:
        """What its programs are told."""
        return {
            **os.environ,
            "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
            "SUPERSET_HOME": str(self.state),
            "SUPERSET_METADATA": f"sqlite:///{self.state / 'metadata.db'}",
            "SUPERSET_SECRET_KEY": self._key(),
            "FLASK_APP": "superset.app:create_app()",
        }

    def _key(self) -> str:
        """The key under which it signs and encrypts, made once."""
        file = self.state / "secret_key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(secrets.token_urlsafe(42))
        return file.read_text()

    def call(self, *arguments: str) -> None:
        """Run `superset`.

        Raises:
            RuntimeError: it failed.
        """
        with self.log.open("a") as log:
            ended = subprocess.run(
                [str(PROGRAMS / "superset"), *arguments],
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        if ended.returncode:
            raise RuntimeError(f"superset {arguments[0]} failed: {self.log}")


def make(instance: Instance) -> None:
    """A fresh metadata database with one user and the bundle."""
    instance.state.mkdir(parents=True, exist_ok=True)
    instance.call("db", "upgrade")
    instance.call(
        *("fab", "create-admin", "--username", USER, "--password", instance.password),
        *("--firstname", "Tributary", "--lastname", "Admin", "--email", "admin@example.invalid"),
    )
    instance.call("init")
    bundle = instance.state / "bundle.zip"
    pack(bundle, instance.marts)
    instance.call("import-dashboards", "--path", str(bundle), "--username", USER)


def pack(file: Path, marts: Path) -> None:
    """The bundle as Superset imports it, with the path of the published file in its place."""
    with zipfile.ZipFile(file, "w") as packed:
        for path in sorted(BUNDLE.rglob("*.yaml")):
            text = path.read_text("utf-8")
            if path.parent.name == "databases":
                text = Template(text).substitute(MARTS=marts)
            packed.writestr(f"bundle/{path.relative_to(BUNDLE)}", text)


@contextmanager
def serving(instance: Instance) -> Iterator["subprocess.Popen[bytes]"]:
    """The server's process, from when it answers until the block ends.

    Raises:
        RuntimeError: it does not come up.
    """
    with instance.log.open("a") as log:
        server = subprocess.Popen(
            [
                *(str(PROGRAMS / "gunicorn"), "--workers", "1", "--worker-class", "gthread"),
                *("--threads", "8", "--timeout", "120", "--bind", f"127.0.0.1:{instance.port}"),
                "superset.app:create_app()",
            ],
            env=instance.environment,
            stdout=log,
            stderr=log,
        )
    try:
        _wait(instance, server)
        yield server
    finally:
        server.terminate()
        server.wait(60)


def _wait(instance: Instance, server: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _UP_WITHIN_S
    while time.monotonic() < until and server.poll() is None:
        try:
            if requests.get(f"{instance.address}/health", timeout=5).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.5)
    raise RuntimeError(f"Superset does not answer at {instance.address}: {instance.log}")


def main() -> None:
    """Serve until Ctrl-C; what is there already is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--warehouse", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    marts = given.warehouse.resolve() / "marts.duckdb"
    if not marts.exists():
        sys.exit(f"Nothing is published in {given.warehouse}: tributary run.")
    password = os.environ.get("SUPERSET_PASSWORD", "")
    is_new = not (given.state / "metadata.db").exists()
    if is_new and not password:
        sys.exit(f"Name a password for the user {USER}: SUPERSET_PASSWORD=….")
    instance = Instance(given.state.resolve(), marts, password, given.port)
    if is_new:
        make(instance)
    # Told to stop by whatever started it, it takes the server along, as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with serving(instance) as server:
            print(
                f"{instance.address}/superset/dashboard/tributary-revenue/ until Ctrl-C.",
                flush=True,
            )
            server.wait()
    except KeyboardInterrupt:
        print("Stopped.")
        return
    sys.exit(f"Superset ended: {instance.log}")


if __name__ == "__main__":
    main()
