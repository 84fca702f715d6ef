"""Good Standing: schemes that keep a standing on organisations and people."""
