"""A file on a server, read in ranges: a wheel of 500 MB gives its modules for a few of them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

_BUFFER = 1 << 20
_TRIES = 4


class RemoteFile(io.RawIOBase):
    """Seekable and read-only.

    `get` is that of an HTTP session of `requests`.
    """

    def __init__(self, get: Callable[..., Any], url: str, size: int) -> None:
        super().__init__()
        self._get = get
        self._url = url
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        content = self._range(self._at, self._at + wanted - 1)
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def _range(self, first: int, last: int) -> bytes:
        for attempt in range(_TRIES):
            try:
                answer = self._get(
                    self._url, headers={"Range": f"bytes={first}-{last}"}, timeout=60
                )
                answer.raise_for_status()
            except OSError:
                if attempt == _TRIES - 1:
                    raise
                continue
            if answer.status_code != 206:
                raise OSError("the server does not serve parts of files")
            return bytes(answer.content)
        raise AssertionError("unreachable")


def buffered(get: Callable[..., Any], url: str, size: int) -> io.BufferedReader:
    return io.BufferedReader(RemoteFile(get, url, size), _BUFFER)
