"""The one exception that stands for a proof which does not prove what it claims."""

from __future__ import annotations


class ProofError(Exception):
    """Something is not as it is claimed to be; the message names what did not fit.

    Raised for a hash that does not come out, a signature that does not hold, a tile that is not there, and a text that
    does not keep to its format. The command line prints the message and exits 1.
    """
