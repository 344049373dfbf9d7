"""What git asks for while it merges and shows differences: files merged value by value, files as lines of values."""

from __future__ import annotations

from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, List, Mapping, Optional, Sequence, Tuple

from stagectl.adapters import yamlfile
from stagectl.adapters.files import write_file
from stagectl.adapters.yamlfile.edit import edit
from stagectl.core.errors import StagectlError
from stagectl.core.merging.inverse import steps
from stagectl.core.merging.merge3 import merge_documents
from stagectl.core.merging.sequences import Chunk, merge_sequences
from stagectl.core.model import STAGED
from stagectl.core.schemas.schema import FRONT, Documents
from stagectl.usecases.staging.merge import edits_for


def merge_files(base: Path, ours: Path, theirs: Path, path: str, marker_size: int = 7) -> bool:
    """Merge three files of *path* into the second; return whether that left no conflict.

    Raises StagectlError, and leaves the file alone, where that cannot be done by value.
    """
    merged, is_clean = merge_texts(_bytes_of(base), _bytes_of(ours), _bytes_of(theirs), path, marker_size)
    write_file(ours, merged)
    return is_clean


def merge_texts(base: bytes, ours: bytes, theirs: bytes, path: str, marker_size: int = 7) -> Tuple[bytes, bool]:
    """Return the merge of a file, and whether it has no conflict; base: empty where both sides added the file."""
    try:
        documents = [yamlfile.load(data) for data in (base, ours, theirs)]
        merged = merge_documents(documents[0] if base.strip() else None, documents[1], documents[2])
    except (TypeError, ValueError, AttributeError) as error:
        raise StagectlError(f"{path} is no definition or staged file: {error}") from None
    lines = [data.decode().splitlines(keepends=True) for data in (base, ours, theirs)]
    chunks = list(merge_sequences(*lines))
    mine = _write(_canvas([line for chunk in chunks for line in _lines(chunk)], ours), merged.ours, path)
    if not merged.is_conflict:
        return mine, True
    mirrored = (Chunk(chunk.theirs, chunk.ours, chunk.base) for chunk in chunks)
    canvas = _canvas([line for chunk in mirrored for line in _lines(chunk)], mine)
    return _with_markers(mine, _write(canvas, merged.theirs, path), marker_size), False


def _canvas(lines: Sequence[str], otherwise: bytes) -> bytes:
    """Return the text to write values into: lines of both sides, with the comments of both, as long as it is YAML."""
    text = "".join(lines).encode()
    try:
        return text if len(yamlfile.load(text)) == 2 else otherwise
    except yamlfile.BadYaml:
        return otherwise


def _lines(chunk: Chunk) -> Sequence[str]:
    """Return the lines of a chunk: where as many stand on all sides, each by itself, and else ours."""
    if len({len(chunk.base), len(chunk.ours), len(chunk.theirs)}) > 1:
        return chunk.ours
    return [other if mine == old else mine for old, mine, other in zip(chunk.base, chunk.ours, chunk.theirs)]


def _write(canvas: bytes, desired: Documents, path: str) -> bytes:
    """Return a text with the desired values; the front matter of a staged file has one form only."""
    now = [{} if document is None else document for document in yamlfile.load(canvas)]
    text = edit(canvas, edits_for(steps(now, desired)))
    if f"/{STAGED}/" not in f"/{path}" or not _is_rendered(desired[FRONT]):
        return text
    front = desired[FRONT]
    before = front.get("moved_from")
    said = {**front, "moved_from": [before] if isinstance(before, str) else before or ()}
    return yamlfile.front_matter(yamlfile.FrontMatter(**{"tags": (), **said})) + yamlfile.body_of(text)


def _is_rendered(front: Mapping[str, Any]) -> bool:
    return "source" in front and "kind" in front and set(front) <= set(yamlfile.FrontMatter._fields)


def _bytes_of(path: Path) -> bytes:
    """Return the bytes of a file that git names; raises StagectlError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise StagectlError(f"{path} cannot be read: {error.strerror}", "give a file that is there") from None


def values_of(path: Path) -> Optional[Documents]:
    """Return the front matter and the body of a file, None if it has not the form of a definition or staged file.

    Raises StagectlError where it cannot be read.
    """
    try:
        documents = yamlfile.load(_bytes_of(path))
    except yamlfile.BadYaml:
        return None
    whole = len(documents) == 2 and all(document is None or isinstance(document, dict) for document in documents)
    return [document or {} for document in documents] if whole else None


def _with_markers(ours: bytes, theirs: bytes, size: int) -> bytes:
    """Return a text with both sides of what differs, as git marks it."""
    mine, other = (data.decode().splitlines(keepends=True) for data in (ours, theirs))
    out: List[str] = []
    for word, a, b, c, d in SequenceMatcher(None, mine, other, autojunk=False).get_opcodes():
        if word == "equal":
            out += mine[a:b]
        else:
            first, second = (list(map(_end_line, side)) for side in (mine[a:b], other[c:d]))
            out += [f"{'<' * size} ours\n", *first, f"{'=' * size}\n", *second, f"{'>' * size} theirs\n"]
    return "".join(out).encode()


def _end_line(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n"
