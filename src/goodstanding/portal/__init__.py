"""Web pages and HTTP API over the register."""
