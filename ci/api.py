"""A hosting site's web API: JSON over HTTP with a token, errors in words. Standard library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, Dict, Iterator, NamedTuple, Optional
from urllib.parse import urlsplit

from common import Failure

_SECONDS = 30
_LARGEST = 32 * 1024 * 1024  # bytes of an answer
_PAGES = 100


class Refused(Failure):
    """The site answered with an error. status: as HTTP says."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Api(NamedTuple):
    """Where the API is, and the header that says who asks."""

    url: str
    header: str
    token: str

    def call(self, method: str, path: str, body: Optional[Dict[str, Any]] = None) -> Any:
        """Return the parsed answer; raises Refused, or Failure where there is no answer."""
        data = self.read(method, path, body)
        try:
            return json.loads(data.decode("utf-8")) if data else None
        except ValueError:
            raise Failure(f"{method} {path}: the answer is no JSON") from None

    def read(self, method: str, path: str, body: Optional[Dict[str, Any]] = None, limit: int = _LARGEST) -> bytes:
        """Return the bytes of the answer; raises like `call`, and Failure for one above the limit."""
        try:
            with urllib.request.urlopen(self._request(method, path, body), timeout=_SECONDS) as answer:
                data: bytes = answer.read(limit + 1)
        except urllib.error.HTTPError as error:
            raise Refused(error.code, f"{method} {path}: {error.code} {_reason(error)}") from None
        except OSError as error:
            raise Failure(f"{method} {path}: no answer: {getattr(error, 'reason', error)}") from None
        if len(data) > limit:
            raise Failure(f"{method} {path}: the answer is larger than {limit} bytes")
        return data

    def pages(self, path: str) -> Iterator[Dict[str, Any]]:
        """Yield the items of a list, page after page."""
        for number in range(1, _PAGES + 1):
            items = self.call("GET", f"{path}{'&' if '?' in path else '?'}per_page=100&page={number}")
            if not items:
                return
            yield from items

    def _request(self, method: str, path: str, body: Optional[Dict[str, Any]]) -> urllib.request.Request:
        if urlsplit(self.url).scheme not in ("http", "https"):
            raise Failure(f"not the address of an API: '{self.url}'")
        data = None if body is None else json.dumps(body).encode("utf-8")
        request = urllib.request.Request(f"{self.url}{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        request.add_header("User-Agent", "stagectl")
        # Not sent on to where an answer redirects: an artifact's bytes are on another host, which must not see it.
        request.add_unredirected_header(self.header, self.token)
        return request


def _reason(error: urllib.error.HTTPError) -> str:
    try:
        raw = json.loads(error.read(10_000).decode("utf-8"))
        return str(raw.get("message") or error.reason)
    except (ValueError, AttributeError, OSError):
        return str(error.reason)
