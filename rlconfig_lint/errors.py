"""The one kind of error that ends a run: something the user can mend."""

from __future__ import annotations


class UserError(Exception):
    """Shown as one line on stderr; the exit status is 2. It names the place and the remedy."""
