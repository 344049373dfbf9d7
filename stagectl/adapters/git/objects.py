"""Git objects made without a working tree: blobs, trees and commits that no branch has yet, flushed to the disk.

They go to git as one pack, which it unpacks if there are few of them: flushing a file for each of many takes minutes.
gitformat-pack(5) has the format.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from functools import partial
from typing import Any, Callable, Container, Dict, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple, TypeVar

from stagectl.adapters.git.git import DURABLE, Git
from stagectl.core.model import Oid

BLOB, TREE = "100644", "40000"  # modes as trees have them
_FEW = 100  # objects: git's own limit for what it keeps as files of their own
_MANY = 1000  # for which a fork pays
_TYPES = {"commit": 1, "tree": 2, "blob": 3}
_QUICK = 1  # of zlib's levels: a gc packs them better

Source = TypeVar("Source")
Other = TypeVar("Other")


class Item(NamedTuple):
    """An entry of a tree."""

    mode: str
    oid: Oid


Changes = Mapping[str, Optional[Item]]  # by path; None for what goes


class Objects:
    """Objects that are stored together, at the end."""

    def __init__(self, git: Git, like: Oid) -> None:
        """Begin with none; like: any id of the repository, which shows the hash that it uses."""
        self._git = git
        self._like = like
        self._packed: Dict[Oid, bytes] = {}  # as they stand in a pack
        self._trees: Dict[Oid, bytes] = {}  # of these what they hold

    def blob(self, content: bytes, there: Container[Oid] = ()) -> Oid:
        """Return the id of a file's content, to be stored if it is not there."""
        oid = object_id("blob", content, self._like)
        if oid not in there:
            self._packed[oid] = _packed("blob", content)
        return oid

    def blobs(
        self, content_of: Callable[[Source], bytes], sources: Sequence[Source], meanwhile: Callable[[], Other]
    ) -> Tuple[List[Oid], Other]:
        """Return the ids of some files' contents, to be stored: many made on other cores; and what *meanwhile* does."""
        from stagectl.adapters.cores import cores, do_at_once, split_evenly  # what only looks makes none

        def make(some: Sequence[Source]) -> List[Tuple[Oid, bytes]]:
            contents = map(content_of, some)
            return [(object_id("blob", content, self._like), _packed("blob", content)) for content in contents]

        runs = split_evenly(sources, _MANY, cores() - 1)
        tasks: List[Callable[[], Any]] = [meanwhile, *[partial(make, run) for run in runs]]
        other, *made = do_at_once(tasks) if len(sources) > _MANY else [task() for task in tasks]
        found = [one for some in made for one in some]
        self._packed.update(found)
        return [oid for oid, _ in found], other

    def edit_tree(self, tree: Optional[Oid], changes: Changes) -> Optional[Oid]:
        """Return a tree in which some paths are other entries (None: gone), to be stored; None where nothing is left.

        Only the folders on the way to what changes are read.
        """
        return self._edit_trees([(tree, changes)])[0]

    def _edit_trees(self, edits: Sequence[Tuple[Optional[Oid], Changes]]) -> List[Optional[Oid]]:
        """Return the same of several trees; all of one level are read in one go."""
        read = iter(self._read([tree for tree, _ in edits if tree is not None]))
        folders: List[Dict[str, Optional[Item]]] = [{} if tree is None else {**next(read)} for tree, _ in edits]
        inner: Dict[Tuple[int, str], Dict[str, Optional[Item]]] = {}  # by folder and name in it: what changes below
        for number, (_, changes) in enumerate(edits):
            for path, item in changes.items():
                name, is_below, rest = path.partition("/")
                if is_below:
                    inner.setdefault((number, name), {})[rest] = item
        trees = [_tree_of(folders[number].get(name)) for number, name in inner]
        made = self._edit_trees(list(zip(trees, inner.values()))) if inner else []
        for folder, (_, changes) in zip(folders, edits):
            folder.update((name, item) for name, item in changes.items() if "/" not in name)
        for (number, name), oid in zip(inner, made):
            if oid is not None:
                folders[number][name] = Item(TREE, oid)
            elif _tree_of(folders[number].get(name)) is not None:  # a file may have taken its place
                del folders[number][name]
        return [self._tree(folder) for folder in folders]

    def differing(self, one: Optional[Oid], other: Optional[Oid], start: str = "") -> Set[str]:
        """Return the paths of files in which two trees differ, of which either may not be stored yet."""
        found: Set[str] = set()
        sides = [self._look(one), self._look(other)]
        for name in sides[0].keys() | sides[1].keys():
            items = [side.get(name) for side in sides]
            if items[0] != items[1]:
                inner = [_tree_of(item) for item in items]
                below = self.differing(inner[0], inner[1], f"{start}{name}/") if any(inner) else set()
                found |= below or {start + name}
        return found

    def _look(self, tree: Optional[Oid]) -> Dict[str, Item]:
        if tree in self._trees:
            return self._entries(self._trees[tree])
        return self._read([tree])[0] if tree is not None else {}

    def _read(self, trees: Sequence[Oid]) -> List[Dict[str, Item]]:
        return list(map(self._entries, self._git.objects(trees, "tree")))

    def _entries(self, content: bytes) -> Dict[str, Item]:
        """Return the entries of a tree."""
        found, start, size = {}, 0, len(self._like) // 2
        while start < len(content):
            space = content.index(b" ", start)
            end = content.index(b"\0", space)
            mode, name = content[start:space].decode(), content[space + 1 : end].decode("utf-8", "surrogateescape")
            start = end + 1 + size
            found[name] = Item(mode, Oid(content[end + 1 : start].hex()))
        return found

    def _tree(self, folder: Mapping[str, Optional[Item]]) -> Optional[Oid]:
        entries = {name: item for name, item in folder.items() if item is not None}
        parts = []
        # Git sorts a folder as if its name ended in a slash.
        for name in sorted(entries, key=lambda name: _bytes(name) + b"/" * (entries[name].mode == TREE)):
            mode, oid = entries[name]
            parts += [mode.encode(), b" ", _bytes(name), b"\0", bytes.fromhex(oid)]
        if not parts:
            return None
        content = b"".join(parts)
        oid = object_id("tree", content, self._like)
        self._packed[oid], self._trees[oid] = _packed("tree", content), content
        return oid

    def store(self) -> None:
        """Store everything; raises GitError where git cannot."""
        if not self._packed:
            return
        few = len(self._packed) <= _FEW
        words = ("unpack-objects", "-q") if few else ("index-pack", "--stdin")
        pack = b"".join([b"PACK" + struct.pack(">II", 2, len(self._packed)), *self._packed.values()])
        self._git.run(*DURABLE, *words, data=pack + _hasher(self._like)(pack).digest())


def _tree_of(item: Optional[Item]) -> Optional[Oid]:
    """Return the tree of a folder, None for anything else."""
    return item.oid if item is not None and item.mode == TREE else None


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")


def _hasher(like: str) -> Any:
    """Return the hash that makes ids like another one."""
    return hashlib.sha1 if len(like) == 40 else hashlib.sha256


def object_id(kind: str, content: bytes, like: str) -> Oid:
    """Return the id that git gives an object, in the format of another id."""
    return Oid(_hasher(like)(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest())


def _packed(kind: str, content: bytes) -> bytes:
    """Return an object as it stands whole in a pack."""
    size = len(content)
    head = [_TYPES[kind] << 4 | (size & 15)]
    size >>= 4
    while size:
        head[-1] |= 128
        head.append(size & 127)
        size >>= 7
    return bytes(head) + zlib.compress(content, _QUICK)


def store_object(git: Git, kind: str, content: bytes) -> Oid:
    """Store one object, and return its id."""
    return Oid(git.run(*DURABLE, "hash-object", "-t", kind, "-w", "--stdin", data=content).decode().strip())


def empty_tree(git: Git) -> Oid:
    """Store and return the empty tree; git knows it anyway, but `git fsck` misses the object."""
    return store_object(git, "tree", b"")


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
