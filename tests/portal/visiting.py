"""What a visitor does with forms, and what a page says."""

import re
from html.parser import HTMLParser

from httpx import Response
from litestar.testing import TestClient


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text(answer: Response) -> str:
    """The words of a page, each run of white space as one space."""
    parser = _Text()
    parser.feed(answer.text)
    return re.sub(r"\s+", " ", " ".join(parser.parts))


def token(client: TestClient, path: str) -> str:
    """The token that the forms on a page carry."""
    return re.search(r'name="_csrf_token" value="([0-9a-f]+)"', client.get(path).text)[1]


def send(client: TestClient, path: str, form: str | None = None, **fields: str) -> Response:
    """Fill in and send a form that stands on the page `form`, and follow where it leads."""
    return client.post(path, data={"_csrf_token": token(client, form or path)} | fields)


def sign_in(client: TestClient, identifier: str, born: str = "1970-01-01") -> Response:
    return send(client, "/sign-in", identifier=identifier, born=born)
