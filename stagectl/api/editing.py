"""The Python API that edits and stages."""

from __future__ import annotations

from typing import Any, List, Mapping, Optional, Sequence

from stagectl.api.opened import Opened
from stagectl.core.plans.selection import Selection
from stagectl.usecases.setup import schemas
from stagectl.usecases.setup.init import init
from stagectl.usecases.staging import define, settings, undo
from stagectl.usecases.staging.commit import Staging
from stagectl.usecases.staging.move import move
from stagectl.usecases.staging.promote import Promotion, Wishes, promote
from stagectl.usecases.staging.revert import Reverting, revert
from stagectl.usecases.staging.stage import StageOptions, stage
from stagectl.usecases.staging.undo import Discarding


class Editing(Opened):
    """Definitions and the staging area."""

    def init(self, *, example: bool = False, git: bool = False) -> List[str]:
        """Set the repository up and return what was done, in words; example: a small shop; git: merge by value."""
        return init(self._workspace(), example=example, git=git)

    def write_schemas(self) -> List[str]:
        """Write the schemas that editors read; return the paths that were written or are gone."""
        return schemas.write_schemas(self._workspace())

    def create(
        self,
        name: str,
        kind: Optional[str] = None,
        inputs: Optional[Mapping[str, Any]] = None,
        tags: Sequence[str] = (),
        *,
        like: Optional[str] = None,
    ) -> Staging:
        """Write a new definition and stage it; inputs: values by key or path, `port` or `urls.0.port`.

        like: the definition that it starts from, which may give the kind.
        """
        return define.create(self._to_stage(), name, kind, _settings(inputs, tags=tags), like)

    def update(
        self,
        name: str,
        inputs: Optional[Mapping[str, Any]] = None,
        *,
        unset: Sequence[str] = (),
        tags: Sequence[str] = (),
        untags: Sequence[str] = (),
    ) -> Staging:
        """Edit a definition, its comments kept, and stage it; inputs: values by key or path."""
        return define.update(self._to_stage(), name, _settings(inputs, unset, tags, untags))

    def remove(self, names: Sequence[str], *, recursive: bool = False, detach: bool = False) -> Staging:
        """Delete definitions and stage the removals; recursive: of readers, too; detach: readers keep the values."""
        return define.remove(self._to_stage(), names, recursive=recursive, detach=detach)

    def move(self, old: str, new: str) -> Staging:
        """Rename a resource without removing it, and stage that."""
        return move(self._to_stage(), old, new)

    def stage(
        self,
        names: Sequence[str] = (),
        tags: Sequence[str] = (),
        actions: Sequence[str] = (),
        *,
        force: bool = False,
        allow_empty: bool = False,
        check: bool = False,
    ) -> Staging:
        """Bring the staging area up to date for a selection and commit it; with actions, stage these.

        force: overwrite staged copies that were edited by hand; allow_empty: remove everything of a root that holds no
        definition; check: stage nothing, and return what would be staged.
        """
        chosen = Selection(tuple(names), tuple(tags))
        return stage(self._to_stage(), chosen, actions, StageOptions(force, allow_empty, check))

    def unstage(self, names: Sequence[str] = (), tags: Sequence[str] = (), *, everything: bool = False) -> Staging:
        """Put staged files back to what is applied; the definitions stay."""
        return undo.unstage(self._to_stage(), Selection(tuple(names), tuple(tags)), everything=everything)

    def discard(
        self, names: Sequence[str] = (), tags: Sequence[str] = (), *, everything: bool = False, force: bool = False
    ) -> Discarding:
        """Put staged files and definitions back to what is applied, and drop what is owed; force: uncommitted text."""
        chosen = Selection(tuple(names), tuple(tags))
        return undo.discard(self._to_stage(), chosen, everything=everything, force=force)

    def promote(self, source: str, target: str, wishes: Wishes = Wishes()) -> Promotion:
        """Stage in one environment's folder what is applied in another's."""
        return promote(self._to_stage(), source, target, wishes)

    def revert(self, revisions: Sequence[str]) -> Reverting:
        """Stage the inverse of staging commits and applies; commits, or ranges A..B."""
        return revert(self._to_stage(), revisions)


def _settings(
    inputs: Optional[Mapping[str, Any]],
    unset: Sequence[str] = (),
    tags: Sequence[str] = (),
    untags: Sequence[str] = (),
) -> settings.Settings:
    values = tuple((settings.parse_path(key), value) for key, value in (inputs or {}).items())
    return settings.Settings(values, tuple(map(settings.parse_path, unset)), tuple(tags), tuple(untags))
