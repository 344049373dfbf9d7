"""What is made when it is first asked for, and kept: properties, and patterns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from functools import cached_property as cached_property

    pattern = re.compile
else:

    class cached_property:  # noqa: N801 (the name that it has there)
        """The same as in functools, without the lock that it has before Python 3.12.

        Plans ask for tens of thousands of them, most of which cost less than that.
        """

        def __init__(self, make: Callable[[Any], Any]) -> None:
            self._make, self._name, self.__doc__ = make, make.__name__, make.__doc__

        def __get__(self, instance: Any, owner: Optional[type] = None) -> Any:
            if instance is None:
                return self
            value = instance.__dict__[self._name] = self._make(instance)
            return value

    class pattern:  # noqa: N801 (it stands where `re.compile` would)
        """The same as `re.compile`, made at the first look: a plan of nothing needs few of them."""

        def __init__(self, text: Any, flags: int = 0) -> None:
            self.pattern, self.flags = text, flags

        def __getattr__(self, name: str) -> Any:
            compiled = re.compile(self.pattern, self.flags)
            for word in ("finditer", "findall", "fullmatch", "match", "search", "split", "sub"):
                setattr(self, word, getattr(compiled, word))
            return getattr(compiled, name)
