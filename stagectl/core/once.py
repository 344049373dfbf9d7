"""A property that is computed when it is first asked for, and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Optional

if TYPE_CHECKING:
    from functools import cached_property as cached_property
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
