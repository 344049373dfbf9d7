"""The one door to git: what is asked of a repository, and done in it. Revisions become object ids before they are used
for anything else.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from stagectl.adapters.git.place import Meant as Meant
from stagectl.adapters.git.place import Placed
from stagectl.adapters.git.prefetch import EXACTLY, RAW, changed_words
from stagectl.adapters.git.process import LOCKED as LOCKED
from stagectl.adapters.git.process import GitError as GitError
from stagectl.adapters.git.process import GitLocked as GitLocked
from stagectl.adapters.git.project import words_of as words_of
from stagectl.core.errors import ReadInFull, StagectlError
from stagectl.core.model import KINDS, LARGEST_FILE, STAGED, Oid

_LARGEST_ALL = 1 << 30  # bytes of all files that are read at once
_LARGEST_AT_ONCE = 1 << 26  # bytes of files that are taken in one piece: memory has them three times meanwhile
ABSENT, SUBMODULE = "000000", "160000"  # modes of what is not there, and of another repository
_MANY = 200  # more paths than this are not named on a command line
# Git flushes neither loose objects nor refs by itself.
DURABLE = ("-c", "core.fsync=committed,loose-object,reference")


def check_amount(size: int) -> None:
    """Raise StagectlError if files have more bytes together than are read."""
    if size > _LARGEST_ALL:
        most, hint = f"{_LARGEST_ALL >> 20} MiB are read at the most", f"look for large files in {STAGED}/ and {KINDS}/"
        raise StagectlError(f"the files have {size >> 20} MiB together; {most}", hint)


class Entry(NamedTuple):
    """One file in a commit's tree; mode as git writes it, such as 100644."""

    path: str
    mode: str
    oid: Oid


class DiffEntry(NamedTuple):
    """One path that differs between two sides, with modes as git writes them; ABSENT where it is not there.

    oid: None where only the working tree has the content, or nothing has it; content: that of the working tree.
    """

    path: str
    mode: str
    oid: Optional[Oid]
    old_mode: str = ABSENT
    old_oid: Optional[Oid] = None
    content: Optional[bytes] = None


def diff_entries(texts: Sequence[str]) -> List[DiffEntry]:
    """Return the entries of git's raw format; a file whose content is only in the working tree has an oid of zeros.

    Raises ReadInFull where something else became of a path than that it came, went or changed.
    """
    found = []
    for facts, path in zip(texts[::2], texts[1::2]):
        old_mode, mode, *oids, status = facts[1:].split(" ")
        if status not in ("M", "A", "D", "T"):
            raise ReadInFull(f"git says '{status}' of {path}")
        old_oid, oid = (Oid(text) if text.strip("0") else None for text in oids)
        found.append(DiffEntry(path, mode, oid, old_mode, old_oid))
    return found


class Git(Placed):
    """Git in one working tree, as the project around a folder sees it: what is asked of it, and done in it."""

    # --- revisions

    def resolve(self, revision: str) -> Oid:
        """Return the commit a revision names; raises GitError."""
        found = self.find(revision)
        if found is None:
            raise GitError(f"there is no commit '{revision}'", "see the commits with: stagectl log")
        return found

    def find(self, revision: str) -> Optional[Oid]:
        """Return the commit a revision names, None if there is none."""
        return self.look_up([revision + "^{commit}"])[0]

    def head(self) -> Optional[Oid]:
        """Return the commit checked out, None before the first one."""
        return self.find("HEAD")

    def branch(self) -> Optional[str]:
        """Return the full name of the branch checked out, None on a detached head."""
        return self.run("symbolic-ref", "--quiet", "HEAD", check=False).decode().strip() or None

    def is_ancestor(self, earlier: Oid, later: Oid) -> bool:
        """Return whether a commit is contained in another; raises GitError where history is missing."""
        code, _, err = self.try_run("merge-base", "--is-ancestor", earlier, later)
        if code > 1:
            raise GitError(f"git merge-base failed: {err.decode(errors='replace').strip()}", "fetch more history")
        return code == 0

    def parents(self, commit: Oid) -> List[Oid]:
        """Return the parents of a commit, also those that a shallow clone does not have."""
        header = self.commit_text(commit)[0]
        return [Oid(line[len("parent ") :]) for line in header.splitlines() if line.startswith("parent ")]

    def commit_text(self, commit: Oid) -> Tuple[str, str]:
        """Return the header and the message of a commit."""
        header, _, message = self.objects([commit], "commit")[0].decode("utf-8", "replace").partition("\n\n")
        return header, message

    def is_shallow(self) -> bool:
        """Return whether this clone has only the end of the history."""
        return (self.common / "shallow").exists()

    def first_parents(self, commit: Oid) -> List[Oid]:
        """Return a commit and its first parents, newest first."""
        return [Oid(oid) for oid in self.run("rev-list", "--first-parent", commit).decode().split()]

    # --- trees and files

    def entries(self, commit: Oid, paths: Sequence[str]) -> List[Entry]:
        """Return the files of a commit under some paths; without any, all of the project."""
        folder = self.folder_in(commit)
        wanted = [folder + path for path in paths] or ([folder] if folder else [])
        found = self.files_of(commit, wanted)
        return [entry._replace(path=entry.path[len(folder) :]) for entry in found] if folder else found

    def files_of(self, tree: Oid, paths: Sequence[str] = ()) -> List[Entry]:
        """Return the files of any tree, under some paths from its root."""
        out = self.run_once("ls-tree", "-r", "-z", "--full-tree", tree, "--", *paths)
        found = []
        for line in words_of(out):
            mode_type_oid, _, path = line.partition("\t")
            mode, _, oid = mode_type_oid.split(" ")
            found.append(Entry(path, mode, Oid(oid)))
        return found

    def index_entries(self, paths: Sequence[str], *, left_out: bool = False) -> List[Entry]:
        """Return the files under some paths as the index has them; left_out: those out of a sparse checkout alone."""
        if left_out and not self.is_on("core.sparseCheckout"):
            return []
        found = []
        for line in words_of(self.run("ls-files", "-t", "-s", "-z", *self.only(paths))):
            tag_mode_oid, _, path = line.partition("\t")
            tag, mode, oid, _ = tag_mode_oid.split(" ")
            if tag == "S" or not left_out:
                found.append(Entry(path[len(self.folder) :], mode, Oid(oid)))
        return found

    def blobs(self, oids: Iterable[Oid], most: int = LARGEST_FILE) -> Dict[Oid, bytes]:
        """Return the contents of blobs; an id may also be `<revision>:<path>`.

        most: how many bytes one may have; what has more is never read, and given as one zero more than that.
        Raises StagectlError where all of them together are more than is ever staged.
        """
        wanted = sorted(set(oids))
        self.fetch_lacking(wanted)
        sizes = dict(zip(wanted, self.sizes(wanted)))
        found = {oid: bytes(most + 1) for oid, size in sizes.items() if size > most}
        small = [oid for oid in wanted if oid not in found]
        total = sum(sizes[oid] for oid in small)
        check_amount(total)
        return {**found, **dict(zip(small, self.contents(small, at_once=total <= _LARGEST_AT_ONCE)))}

    def objects(self, oids: Sequence[Oid], kind: str = "blob") -> List[bytes]:
        """Return the contents of objects of one kind, in order; raises GitError for what is missing."""
        self.fetch_lacking(oids)
        return self.contents(oids, kind)

    def dirty(self, paths: Sequence[str]) -> List[str]:
        """Return the paths, among some, whose working copy or index differs from HEAD, untracked ones included."""
        many = len(paths) > _MANY
        options = ("--porcelain", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=dirty")
        out = self.run(*EXACTLY, "status", *options, *self.only([] if many else paths))
        codes = {line[3 + len(self.folder) :]: line[:2] for line in words_of(out) if line[3:].startswith(self.folder)}
        # Added with --intent-to-add and gone again: neither HEAD nor the working tree has it.
        gone = [path for path, code in codes.items() if code == " D"]
        there = self.look_up([self.at("HEAD", path) for path in gone])
        found = set(codes) - {path for path, oid in zip(gone, there) if oid is None}
        return sorted(found & set(paths) if many else found)

    def submodules(self, paths: Sequence[str]) -> List[str]:
        """Return the submodules at or below some paths: folders whose files are another repository's."""
        if not (self.top / ".gitmodules").exists():
            return []
        return [entry.path for entry in self.index_entries(paths) if entry.mode == SUBMODULE]

    def unfinished_verb(self) -> Optional[str]:
        """Return the verb git is in the middle of, in which it commits no single files; None if there is none."""
        heads = {"MERGE_HEAD": "merge", "CHERRY_PICK_HEAD": "cherry-pick", "REVERT_HEAD": "revert"}
        return next((verb for ref, verb in heads.items() if self.find(ref) is not None), None)

    def edited_files(self, roots: Sequence[str]) -> List[str]:
        """Return the paths of the project, untracked ones left out, that HEAD has otherwise under some roots.

        Of files that were merely touched git may say so, too. Raises GitError.
        """
        out = self.run(*changed_words(self.folder, roots, ()))
        return words_of(out)[1::2]

    def find_ignored(self, paths: Iterable[str]) -> List[str]:
        """Return those of some paths that are ignored."""
        asked = self.list_paths(paths)
        return self.ours(self.run("check-ignore", "-z", "--stdin", data=asked, check=False)) if asked else []

    def differing(self, commit: Optional[Oid], specs: Sequence[str], *, ignored: bool = False) -> List[str]:
        """Return the files, under some pathspecs, that the working tree has otherwise than a commit, or has beside it.

        commit: None for none; ignored: whether those count that are ignored.
        """
        options = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-color", "--ignore-submodules=all")
        changed = self.run("diff", *options, commit, *self.only(specs)) if commit is not None else b""
        which = () if ignored else ("--exclude-standard",)
        fresh = self.run("ls-files", "-z", "--others", *which, *self.only(specs))
        return sorted({*self.ours(changed), *self.ours(fresh)})

    # --- writing

    def move_ref(self, ref: str, new: Oid, old: Optional[Oid], reason: str) -> bool:
        """Move a ref by compare-and-swap; return whether it still stood at *old* (None: did not exist)."""
        expected = old or Oid("0" * len(new))
        code, _, err = self.try_run(*DURABLE, "update-ref", "--create-reflog", "-m", reason, ref, new, expected)
        if code and self.find(ref) == new:  # it was killed after it had done it
            return True
        if code and (LOCKED.search(err) or (b"cannot lock ref" not in err and b"reference already exists" not in err)):
            raise self.refusal("git update-ref failed", code, err)
        return code == 0

    def reset(self, paths: Sequence[str]) -> None:
        """Put paths, from the top folder, in the index as HEAD has them; raises GitError."""
        words = ("reset", "--quiet", "--pathspec-from-file=-", "--pathspec-file-nul")
        listed = "\0".join(paths).encode("utf-8", "surrogateescape")
        self.run(*words, data=listed, env={"GIT_LITERAL_PATHSPECS": "1"})

    # --- history

    def fetch_command(self, remote: str, branch: str) -> str:
        """Return the command that gets a branch, and in a shallow clone the history that shows what contains what."""
        deeper = "--unshallow " if self.is_shallow() else ""
        return f"git fetch {deeper}{remote} {branch}:refs/remotes/{remote}/{branch}"

    def log(self, arguments: Sequence[str], fields: Sequence[str], data: bytes = b"") -> List[List[str]]:
        """Return one list of texts per commit: `git log ARGUMENTS` with these format fields, which hold no NUL."""
        pattern = "%x00".join(fields)
        as_written = ("-c", "trailer.separators=:", "-c", "core.commentChar=#")  # our trailers, whatever the user's are
        options = ("-z", "--encoding=UTF-8", "--basic-regexp", f"--format=tformat:{pattern}")
        out = self.run(*as_written, "log", *options, *arguments, data=data)
        texts = out.decode("utf-8", "replace").split("\0")[:-1]
        return [texts[start : start + len(fields)] for start in range(0, len(texts), len(fields))]

    def changes_between(self, before: Oid, after: Oid) -> List[DiffEntry]:
        """Return what differs between two trees; raises GitError."""
        out = self.run_once("diff-tree", "-r", *RAW, before, after) if before != after else b""
        return diff_entries(words_of(out))

    def tree_changes(self, pairs: Sequence[Tuple[Oid, Oid]], *options: str) -> List[List[DiffEntry]]:
        """Return the same for each pair of trees; they have to be there."""
        asked = "".join(f"{before} {after}\n" for before, after in pairs)
        out = self.run("diff-tree", "--stdin", "-r", *RAW, *options, data=asked.encode()) if asked else b""
        found: Dict[str, List[str]] = {}
        pair, texts = "", words_of(out)
        for facts, path in zip(texts[::2], texts[1::2]):
            if not facts.startswith(":"):  # a pair is named before its first difference, or without any
                *_, pair, facts = facts.split("\n")
            found.setdefault(pair, []).extend((facts, path))
        return [diff_entries(found.get(f"{before} {after}", [])) for before, after in pairs]

    def touched_files(self, commits: Sequence[Oid], folder: str) -> Dict[Oid, List[str]]:
        """Return the files in a folder that commits changed against their parent; a merge changes none by itself."""
        options = ("--stdin", "--root", "-r", "-z", "--no-renames", "--name-only", "--always")
        data = "".join(f"{commit}\n" for commit in commits).encode()
        out = self.run("diff-tree", *options, *self.only([folder], ever=True), data=data) if commits else b""
        found: Dict[Oid, List[str]] = {}
        last: List[str] = []
        for text in words_of(out):
            if self.inner(text).startswith(f"{folder}/"):
                last.append(self.inner(text))
            else:
                last = found.setdefault(Oid(text), [])
        return found
