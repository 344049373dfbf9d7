"""Git objects made without a working tree: blobs, trees and commits that no branch has yet, flushed to the disk.

They go to git as one pack, which it unpacks if there are few of them: flushing a file for each of many takes minutes.
gitformat-pack(5) has the format.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from stagectl.adapters.git.git import DURABLE, Git
from stagectl.core.model import Oid

BLOB, TREE = "100644", "40000"  # modes as trees have them
_FEW = 100  # objects: git's own limit for what it keeps as files of their own
_TYPES = {"commit": 1, "tree": 2, "blob": 3}
_QUICK = 1  # of zlib's levels: a gc packs them better

Object = Tuple[str, bytes]  # type and content


class Item(NamedTuple):
    """An entry of a tree."""

    mode: str
    oid: Oid


class Objects:
    """Objects that are stored together, at the end."""

    def __init__(self, git: Git, like: Oid) -> None:
        """Begin with none; like: any id of the repository, which shows the hash that it uses."""
        self._git = git
        self._hash = hasher(like)
        self._made: Dict[Oid, Object] = {}

    def blob(self, content: bytes) -> Oid:
        """Return the id of a file's content, to be stored."""
        return self._add("blob", content)

    def _add(self, kind: str, content: bytes) -> Oid:
        oid = object_id(kind, content, self._hash)
        self._made[oid] = (kind, content)
        return oid

    def edit_tree(self, tree: Optional[Oid], changes: Mapping[str, Optional[Item]]) -> Optional[Oid]:
        """Return a tree in which some paths are other entries (None: gone), to be stored; None where nothing is left.

        Only the folders on the way to what changes are read.
        """
        folders = {"": self._read([tree])[0] if tree is not None else {}}
        below: Dict[str, Dict[str, Optional[Item]]] = {}
        for path, item in changes.items():
            folder, _, name = path.rpartition("/")
            below.setdefault(folder, {})[name] = item
            while folder and folder not in folders:
                folders[folder] = {}
                folder = folder.rpartition("/")[0]
        self._fill(folders)
        for folder in sorted(folders, key=lambda path: -path.count("/") - bool(path)):
            entries = folders[folder]
            for name, item in below.get(folder, {}).items():
                if item is None:
                    entries.pop(name, None)
                else:
                    entries[name] = item
            if folder:
                above, _, name = folder.rpartition("/")
                made = self._tree(entries)
                if made is not None:
                    below.setdefault(above, {})[name] = Item(TREE, made)
                elif name not in below.get(above, {}) and _is_folder(folders[above].get(name)):
                    folders[above].pop(name)  # a file may have taken its place
        return self._tree(folders[""])

    def differing(self, one: Optional[Oid], other: Optional[Oid], start: str = "") -> Set[str]:
        """Return the paths of files in which two trees differ, of which either may not be stored yet."""
        found: Set[str] = set()
        sides = [self._look(one), self._look(other)]
        for name in sides[0].keys() | sides[1].keys():
            items = [side.get(name) for side in sides]
            if items[0] != items[1]:
                inner = [item.oid if item is not None and item.mode == TREE else None for item in items]
                below = self.differing(inner[0], inner[1], f"{start}{name}/") if any(inner) else set()
                found |= below or {start + name}
        return found

    def _look(self, tree: Optional[Oid]) -> Dict[str, Item]:
        if tree in self._made:
            return dict(_entries(self._made[tree][1], self._hash().digest_size))
        return self._read([tree])[0] if tree is not None else {}

    def _fill(self, folders: Dict[str, Dict[str, Item]]) -> None:
        """Read the folders that are there already, level by level."""
        by_depth: Dict[int, List[str]] = {}
        for folder in folders:
            if folder:
                by_depth.setdefault(folder.count("/"), []).append(folder)
        for _, level in sorted(by_depth.items()):
            there = []
            for folder in sorted(level):
                above, _, name = folder.rpartition("/")
                item = folders[above].get(name)
                if item is not None and _is_folder(item):
                    there.append((folder, item.oid))
            folders.update(zip((folder for folder, _ in there), self._read([oid for _, oid in there])))

    def _read(self, trees: Sequence[Oid]) -> List[Dict[str, Item]]:
        return [dict(_entries(content, self._hash().digest_size)) for content in self._git.objects(trees, "tree")]

    def _tree(self, entries: Mapping[str, Item]) -> Optional[Oid]:
        if not entries:
            return None
        parts = []
        # Git sorts a folder as if its name ended in a slash.
        for name in sorted(entries, key=lambda name: _bytes(name) + b"/" * (entries[name].mode == TREE)):
            mode, oid = entries[name]
            parts += [mode.encode(), b" ", _bytes(name), b"\0", bytes.fromhex(oid)]
        return self._add("tree", b"".join(parts))

    def store(self) -> None:
        """Store everything; raises GitError where git cannot."""
        if not self._made:
            return
        few = len(self._made) <= _FEW
        words = ("unpack-objects", "-q") if few else ("index-pack", "--stdin")
        self._git.run(*DURABLE, *words, data=b"".join(_pack(list(self._made.values()), self._hash)))


def _is_folder(item: Optional[Item]) -> bool:
    return item is not None and item.mode == TREE


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def hasher(like: str) -> Any:
    """Return the hash that makes ids like another one."""
    return hashlib.sha1 if len(like) == 40 else hashlib.sha256


def object_id(kind: str, content: bytes, hashed: Any) -> Oid:
    """Return the id that git gives an object."""
    return Oid(hashed(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest())


def _entries(content: bytes, size: int) -> Iterator[Tuple[str, Item]]:
    """Yield the entries of a tree; size: the bytes of an id in it."""
    start = 0
    while start < len(content):
        space = content.index(b" ", start)
        end = content.index(b"\0", space)
        mode, name = content[start:space].decode(), content[space + 1 : end].decode("utf-8", "surrogateescape")
        start = end + 1 + size
        yield name, Item(mode, Oid(content[end + 1 : start].hex()))


def _pack(objects: Sequence[Object], hashed: Any) -> List[bytes]:
    """Return the parts of a pack in which every object stands whole."""
    parts = [b"PACK" + struct.pack(">II", 2, len(objects))]
    for kind, content in objects:
        size = len(content)
        head = [_TYPES[kind] << 4 | (size & 15)]
        size >>= 4
        while size:
            head[-1] |= 128
            head.append(size & 127)
            size >>= 7
        parts += [bytes(head), zlib.compress(content, _QUICK)]
    digest = hashed()
    for part in parts:
        digest.update(part)
    return [*parts, digest.digest()]


def empty_tree(git: Git) -> Oid:
    """Store and return the empty tree; git knows it anyway, but `git fsck` misses the object."""
    return Oid(git.run(*DURABLE, "hash-object", "-t", "tree", "-w", "--stdin").decode().strip())


class NewCommit(NamedTuple):
    """A commit that is to be stored. parents: the first one first; sign: whether it is signed."""

    tree: Oid
    parents: Sequence[Oid]
    message: str
    sign: bool = False


def write_commit(git: Git, draft: NewCommit, env: Optional[Mapping[str, str]] = None) -> Oid:
    """Store a commit, signed as the user is set up to sign, and return its id; env: may name another author."""
    parents = [argument for parent in draft.parents for argument in ("-p", parent)]
    utf8 = ("-c", "i18n.commitEncoding=UTF-8")
    words = ("commit-tree", draft.tree, *parents, *(["-S"] if draft.sign else []))
    return Oid(git.run(*DURABLE, *utf8, *words, data=draft.message.encode(), env=env).decode().strip())
