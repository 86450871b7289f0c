"""Readers through publications: no error, and never two publications at once.

`tributary bench-readers` asks the same of twenty readers through twenty publications.
"""

import shutil
from pathlib import Path

from tributary.bench.readers import MARKED, WAYS, watch
from tributary.publish.places import Places
from tributary.publish.publication import publications
from tributary.settings import resolve

READERS = 8
PUBLICATIONS = 6


def test_readers_see_one_publication_or_the_next_whole(
    built_warehouse: Path, tmp_path: Path
) -> None:
    shutil.copy(built_warehouse, tmp_path / "build.duckdb")
    settings = resolve(warehouse=tmp_path)
    idle, busy = watch(settings, READERS, PUBLICATIONS)
    assert busy.errors == idle.errors == []
    assert busy.mixed == idle.mixed == []
    assert {look.seen[0] for look in idle.looks} == {1}
    for way in WAYS:
        looks = [look for look in busy.looks if look.kind == way]
        assert len(looks) >= READERS, way
        # Whoever looks again sees what is new: some of each saw many publications.
        assert len({look.seen[0] for look in looks}) >= PUBLICATIONS // 2, way
    assert len(publications(Places(tmp_path))) == PUBLICATIONS + 2
    assert len(MARKED) >= 3
