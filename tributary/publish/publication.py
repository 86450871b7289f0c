"""What is published, what was, and how one takes the place of another."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tributary.publish.candidate import damaged_file, seal, sync
from tributary.publish.manifest import Manifest, read_manifest
from tributary.publish.places import DATABASE, TABLES, Places


class PublicationError(Exception):
    """Nothing was published; the message says why, and what to do."""


@dataclass(frozen=True)
class Publication:
    """One that is kept.

    Attributes:
        manifest: what it says of itself.
        folder: where its files are.
        is_served: readers see this one.
    """

    manifest: Manifest
    folder: Path
    is_served: bool


def publications(places: Places) -> list[Publication]:
    """Every publication that is kept, the newest first; what has no manifest is none."""
    served = _served_folder(places)
    found = []
    for folder in sorted(places.publications.glob("[!.]*"), reverse=True):
        if folder.is_symlink() or not folder.is_dir():
            continue
        try:
            manifest = read_manifest(folder)
        except (OSError, ValueError):
            continue
        found.append(Publication(manifest, folder, is_served=folder.name == served))
    return found


def served(places: Places) -> Publication | None:
    """The publication that readers see; None before the first one."""
    return next((one for one in publications(places) if one.is_served), None)


def publish(places: Places, candidate: Path, manifest: Manifest) -> Publication:
    """Seal a candidate and let readers see it, all of it in one step.

    A process that is killed at any moment of this leaves the publication that was served, or the
    new one, whole.

    Raises:
        PublicationError: a folder stands where the served tables belong.
        OSError: the disk is full, or the warehouse cannot be written.
    """
    _refuse_what_is_in_the_way(places)
    sealed = seal(candidate, manifest)
    folder = places.publication(sealed.run_id)
    candidate.rename(folder)
    sync(places.publications)
    _serve(places, folder)
    return Publication(sealed, folder, is_served=True)


def roll_back(places: Places, run_id: str | None = None) -> Publication:
    """Let readers see an earlier publication again.

    Args:
        places: of the warehouse.
        run_id: which one; None: the one before the one that is served.

    Raises:
        PublicationError: there is no such publication, it is served already, or it is damaged.
    """
    kept = publications(places)
    if run_id is None:
        now = next((at for at, one in enumerate(kept) if one.is_served), -1)
        chosen = kept[now + 1] if now + 1 < len(kept) else None
        if chosen is None:
            raise PublicationError("There is no earlier publication to go back to.")
    else:
        chosen = next((one for one in kept if one.manifest.run_id == run_id), None)
        if chosen is None:
            names = ", ".join(one.manifest.run_id for one in kept) or "none"
            raise PublicationError(f"No publication {run_id} is kept. These are: {names}.")
    if chosen.is_served:
        raise PublicationError(f"Publication {chosen.manifest.run_id} is the one that is served.")
    damaged = damaged_file(chosen.folder, chosen.manifest)
    if damaged:
        raise PublicationError(
            f"{chosen.folder / damaged} is not what was published: it was changed or damaged "
            "since. Name another publication."
        )
    _serve(places, chosen.folder)
    return Publication(chosen.manifest, chosen.folder, is_served=True)


def prune(places: Places, keep: int) -> list[str]:
    """Delete all but the newest publications, never the one that is served.

    Returns:
        The run ids of those that went.
    """
    gone = [one for one in publications(places)[keep:] if not one.is_served]
    for one in gone:
        _delete(one.folder)
    return [one.manifest.run_id for one in gone]


def sweep(places: Places) -> None:
    """Delete what killed runs left behind. Only for whoever holds the lock of the warehouse."""
    for left in places.candidates():
        shutil.rmtree(left)


def _serve(places: Places, folder: Path) -> None:
    _link(places.current, Path(folder.name))
    through = places.current.relative_to(places.warehouse)
    _link(places.served_database, through / DATABASE)
    _link(places.served_tables, through / TABLES)


def _link(link: Path, target: Path) -> None:
    """Have a link lead to a target, from one moment to the next."""
    if link.is_symlink() and link.readlink() == target:
        return
    beside = link.with_name(f".{link.name}.new")
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    beside.replace(link)
    sync(link.parent)


def _refuse_what_is_in_the_way(places: Places) -> None:
    for place in (places.served_tables, places.current):
        if place.exists() and not place.is_symlink():
            raise PublicationError(
                f"{place} is a folder of its own, where a link to the publication belongs. Move "
                "it away and run again."
            )


def _served_folder(places: Places) -> str | None:
    return str(places.current.readlink()) if places.current.is_symlink() else None


def _delete(folder: Path) -> None:
    """First its name goes, so that half a publication is never taken for one."""
    leaving = folder.with_name(f".candidate-{folder.name}")
    folder.rename(leaving)
    shutil.rmtree(leaving)
