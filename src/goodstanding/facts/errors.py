"""The one exception that stands for a mistake in what the user gave us."""

from __future__ import annotations


class InputError(Exception):
    """Something given to us is wrong; the message says what, where, what was expected and what to do.

    The command line prints the message and exits 2, the API answers 400; neither shows a traceback.
    """
