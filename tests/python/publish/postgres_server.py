"""A PostgreSQL server of one's own: made in a new folder, heard on a socket in it, taken away."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OWNER, PASSWORD = "owner", "p%40 ss/w:rd"
"""What stands in the URL is another writing of it."""
_DEBIAN = Path("/usr/lib/postgresql")


def find_server() -> Path | None:
    """The folder of the server's programs, the newest there is; None: it is not installed."""
    debian = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda file: float(file.parts[-3]))
    on_path = shutil.which("initdb")
    found = debian[-1] if debian else Path(on_path).resolve() if on_path else None
    return found.parent if found and (found.parent / "postgres").exists() else None


def url_of(folder: Path, user: str = OWNER, password: str = "p%2540%20ss%2Fw:rd") -> str:
    """The server that listens in a folder."""
    return f"postgresql://{user}:{password}@/postgres?host={folder}"


@contextmanager
def running() -> Iterator[Path]:
    """The folder in which a server listens until the block ends."""
    programs = find_server()
    assert programs, "There is no PostgreSQL server on this machine: apt-get install postgresql."
    # PostgreSQL refuses to run as root.
    user = pwd.getpwnam("postgres") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
    with tempfile.TemporaryDirectory(prefix="tributary-pg-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        secret = folder / "password"
        secret.write_text(PASSWORD)
        for path in (folder, secret):
            os.chown(path, user.pw_uid, user.pw_gid)

        def call(program: str, *arguments: str) -> None:
            subprocess.run(
                [str(programs / program), "-D", str(folder / "data"), *arguments],
                check=True,
                stdout=subprocess.DEVNULL,
                cwd=folder,
                user=user.pw_uid if os.geteuid() == 0 else None,
                group=user.pw_gid if os.geteuid() == 0 else None,
                extra_groups=[] if os.geteuid() == 0 else None,
            )

        call(
            *("initdb", "--username", OWNER, "--pwfile", str(secret), "--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
        )
        options = f"-F -c listen_addresses= -c unix_socket_directories={folder}"
        call("pg_ctl", "--wait", "--log", str(folder / "log"), "--options", options, "start")
        try:
            yield folder
        finally:
            call("pg_ctl", "--wait", "--mode", "immediate", "stop")
