"""What is published, what was, and how one takes the place of another."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tributary.publish.candidate import damaged_file, seal, sync
from tributary.publish.manifest import Manifest, read_manifest
from tributary.publish.places import DATABASE, TABLES, Places

_UNSEEN = "unseen"
"""An empty file in a folder that has its name and that no reader has seen yet. It marks these and
not the others, so that a publication that was made before there was such a mark has been seen."""


class PublicationError(Exception):
    """Nothing was published; the message says why, and what to do."""


@dataclass(frozen=True)
class Publication:
    """One that is kept.

    Attributes:
        manifest: what it says of itself.
        folder: where its files are.
        is_served: readers see this one.
        was_served: readers see it, or have seen it; not so where its run was killed before.
    """

    manifest: Manifest
    folder: Path
    is_served: bool
    was_served: bool


def publications(places: Places) -> list[Publication]:
    """Every publication that is kept, the newest first; what has no manifest is none."""
    now = served_name(places)
    found = []
    for folder in sorted(places.publications.glob("[!.]*"), reverse=True):
        if folder.is_symlink() or not folder.is_dir():
            continue
        try:
            manifest = read_manifest(folder)
        except (OSError, ValueError):
            continue
        is_served = folder.name == now
        was_served = is_served or not (folder / _UNSEEN).exists()
        found.append(Publication(manifest, folder, is_served, was_served))
    return found


def served(places: Places) -> Publication | None:
    """The publication that readers see; None before the first one, or if it has no manifest."""
    return next((one for one in publications(places) if one.is_served), None)


def served_name(places: Places) -> str | None:
    """The folder that readers are led to, whatever is in it; None before the first one."""
    return str(places.current.readlink()) if places.current.is_symlink() else None


def publish(places: Places, candidate: Path, manifest: Manifest) -> Publication:
    """Seal a candidate and let readers see it, all of it in one step.

    A process that is killed at any moment of this leaves the publication that was served, or the
    new one, whole; so does whatever is raised.

    Raises:
        PublicationError: something that is no link stands where a link belongs.
        OSError: the disk is full, or the warehouse cannot be written.
    """
    _refuse_what_is_in_the_way(places)
    sealed = seal(candidate, manifest)
    (candidate / _UNSEEN).touch()
    sync(candidate)
    folder = places.publication(sealed.run_id)
    candidate.rename(folder)
    sync(places.publications)
    _serve(places, folder)
    return Publication(sealed, folder, is_served=True, was_served=True)


def roll_back(places: Places, run_id: str | None = None) -> Publication:
    """Let readers see an earlier publication again.

    Args:
        places: of the warehouse.
        run_id: which one; None: the one that readers saw before the one that is served.

    Raises:
        PublicationError: there is no such publication, it is served already, it is damaged, or
            something that is no link stands where a link belongs.
        OSError: the warehouse cannot be read or written; readers see what they saw.
    """
    chosen = choose(places, run_id)
    _serve(places, chosen.folder)
    return Publication(chosen.manifest, chosen.folder, is_served=True, was_served=True)


def choose(places: Places, run_id: str | None = None) -> Publication:
    """The publication that `roll_back` would serve; nothing is changed.

    Raises:
        PublicationError: as `roll_back`.
        OSError: the warehouse cannot be read.
    """
    _refuse_what_is_in_the_way(places)
    kept = publications(places)
    if run_id is None:
        now = served_name(places)
        seen = (one for one in kept if one.was_served)
        chosen = next((one for one in seen if now is None or one.folder.name < now), None)
        if chosen is None:
            raise PublicationError(
                "There is no earlier publication to go back to."
                + _to_name(one for one in kept if not one.is_served)
            )
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
    return chosen


def _to_name(others: Iterable[Publication]) -> str:
    names = ", ".join(
        one.manifest.run_id + ("" if one.was_served else " (never served)") for one in others
    )
    return f" These are kept; name the one to serve: {names}." if names else ""


def prune(places: Places, keep: int) -> list[str]:
    """Delete all but the newest publications that readers saw, never the one that is served.

    One that cannot be deleted stays: nothing is raised, and the next run tries again.

    Returns:
        The run ids of those that went.
    """
    gone, seen = [], 0
    for one in publications(places):
        if seen >= keep and not one.is_served and _delete(places, one.folder):
            gone.append(one.manifest.run_id)
        seen += one.was_served
    return gone


def sweep(places: Places) -> list[Path]:
    """Delete what killed runs left behind. Only for whoever holds the lock of the warehouse.

    Returns:
        What could not be deleted. It is in nobody's way.
    """
    links = [_beside(link) for link in _links(places)]
    return [left for left in (*places.candidates(), *links) if not _is_deleted(left)]


def _links(places: Places) -> tuple[Path, ...]:
    return places.served_database, places.served_tables, places.current


def _serve(places: Places, folder: Path) -> None:
    """Replacing the link `current` is the last step: what fails before it has changed nothing.

    What is to be done after it may fail: readers see the publication all the same.
    """
    now = served_name(places)
    if now:
        _mark_seen(places.publication(now))
    through = places.current.relative_to(places.warehouse)
    _link(places.served_database, through / DATABASE)
    _link(places.served_tables, through / TABLES)
    sync(places.warehouse)
    _link(places.current, Path(folder.name))
    with suppress(OSError):
        sync(places.publications)
    _mark_seen(folder)


def _mark_seen(folder: Path) -> None:
    with suppress(OSError):
        (folder / _UNSEEN).unlink(missing_ok=True)


def _link(link: Path, target: Path) -> None:
    """Have a link lead to a target, from one moment to the next."""
    if link.is_symlink() and link.readlink() == target:
        return
    beside = _beside(link)
    beside.unlink(missing_ok=True)
    beside.symlink_to(target)
    try:
        beside.replace(link)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _beside(link: Path) -> Path:
    return link.with_name(f".{link.name}.new")


def _refuse_what_is_in_the_way(places: Places) -> None:
    for place in _links(places):
        if os.path.lexists(place) and not place.is_symlink():
            what = "folder" if place.is_dir() else "file"
            raise PublicationError(
                f"{place} is a {what} of its own, where a link to the publication belongs. Move "
                "it away and try again."
            )


def _delete(places: Places, folder: Path) -> bool:
    """First its name goes, so that half a publication is never taken for one."""
    leaving = places.candidate(folder.name)
    try:
        folder.rename(leaving)
    except OSError:
        return False
    _is_deleted(leaving)
    return True


def _is_deleted(left: Path) -> bool:
    """Delete a folder or a file as far as that can be done; whether nothing of it is left."""
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
    else:
        with suppress(OSError):
            left.unlink(missing_ok=True)
    return not os.path.lexists(left)
