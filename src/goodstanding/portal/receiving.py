"""Deliveries over HTTP: a source sends a file with its note, and reads what became of what it sent."""

from __future__ import annotations

import base64
import binascii
import tempfile
from asyncio import get_running_loop, timeout, to_thread
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litestar import get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import FromPath
from litestar.response import Response

from goodstanding.facts.measuring import Breach
from goodstanding.portal.rendering import Held, Visit
from goodstanding.register.deliveries.delivering import Delivered, DeliveryRow, Refusal, deliver
from goodstanding.register.deliveries.holding import Held as HeldDelivery
from goodstanding.register.deliveries.holding import HeldBackError
from goodstanding.register.deliveries.own import own_deliveries, own_held, own_refusals
from goodstanding.register.deliveries.senders import NoteRefusedError, announced, check_request
from goodstanding.register.ledger.sources import sources
from goodstanding.register.store.database import Register

MOST_BYTES = 8 << 30
"""Bytes that a delivery over HTTP may have."""
SLOWEST = 60.0
"""Seconds in which the next bytes of a delivery must come."""
FORMATS = {
    "text/csv": ".csv",
    "application/vnd.apache.parquet": ".parquet",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
}
HELD = (
    "It does not keep the contract of its source and is held back as number {number}: nothing of it is applied until a "
    "person of the register releases it. Sent again, it gets the same answer."
)
_HEADER = "delivery-note"


@dataclass(frozen=True)
class DeliveryAnswer:
    """What became of a delivery; `earlier`: the same file was applied before, and these are the numbers of then."""

    number: int
    source: str
    earlier: bool
    rows: int
    accepted: int
    repeated: int
    refused: int
    refusals: list[dict[str, Any]]


@dataclass(frozen=True)
class HeldAnswer:
    """A delivery that is held back for a person, since it does not keep its source's contract, and what it breaks."""

    held: int
    source: str
    file: str
    rows: int
    breaches: tuple[Breach, ...]
    detail: str


@post("/sources/{name:str}/deliveries", name="api-deliver", request_max_body_size=None, opt={"exclude_from_csrf": True})
async def receive(request: Visit, register: Held, name: FromPath[str]) -> Response[DeliveryAnswer | HeldAnswer]:
    """Take in a file from a source: CSV, Parquet or JSON lines, by Content-Type; `Delivery-Note` is its note in base64.

    201 where it was applied now, 200 where the same file was applied before. Refused rows come back with their reasons.
    202 where it does not keep the source's contract: nothing of it is applied until a person releases it. Nothing
    of the file is read before its note is seen to be signed by the source.
    """
    suffix = FORMATS.get(request.headers.get("content-type", "").partition(";")[0].strip().lower())
    if suffix is None:
        raise HTTPException(status_code=415, detail=f"Content-Type: expected one of {', '.join(FORMATS)}")
    await to_thread(_known, register, name)
    note = _note(request)
    if note is None:
        raise HTTPException(status_code=401, detail="Delivery-Note: expected the note of this delivery, in base64")
    await to_thread(_announced, register, name, note)
    with tempfile.TemporaryDirectory(prefix="received-") as folder:
        path = Path(folder) / f"delivery{suffix}"
        await _received(request, path)
        try:
            done = await to_thread(_delivered, register, name, path, note)
        except HeldBackError as error:
            kept = error.held
            detail = HELD.format(number=kept.number)
            return Response(
                HeldAnswer(kept.number, kept.source, kept.file, kept.rows, kept.breaches, detail), status_code=202
            )
    told = DeliveryAnswer(
        **{field: getattr(done, field) for field in DeliveryAnswer.__dataclass_fields__ if field != "refusals"},
        refusals=done.refusals.to_dicts(),
    )
    return Response(told, status_code=200 if done.earlier else 201)


@get("/sources/{name:str}/deliveries", sync_to_thread=True, name="api-own-deliveries")
def listed(request: Visit, register: Held, name: FromPath[str]) -> list[DeliveryRow]:
    """Give a source, which signs the question, its deliveries, the latest first."""
    _asked(request, register, name)
    return own_deliveries(register, name)


@get("/sources/{name:str}/deliveries/{number:int}/refusals", sync_to_thread=True, name="api-own-refusals")
def refused(request: Visit, register: Held, name: FromPath[str], number: FromPath[int]) -> list[Refusal]:
    """Give a source, which signs the question, what was refused of a delivery, and why."""
    _asked(request, register, name)
    return own_refusals(register, name, number)


@get("/sources/{name:str}/held", sync_to_thread=True, name="api-own-held")
def held_back(request: Visit, register: Held, name: FromPath[str]) -> list[HeldDelivery]:
    """Give a source, which signs the question, its deliveries that were held back, why, and what was decided."""
    _asked(request, register, name)
    return own_held(register, name)


HANDLERS = [receive, listed, refused, held_back]


def _known(register: Register, name: str) -> None:
    if name not in sources(register):
        raise NotFoundException


def _note(request: Visit) -> str | None:
    sent = request.headers.get(_HEADER)
    if not sent:
        return None
    try:
        return base64.b64decode(sent, validate=True).decode()
    except (binascii.Error, ValueError):
        raise HTTPException(status_code=401, detail="Delivery-Note: not a text in base64") from None


async def _received(request: Visit, path: Path) -> None:
    size = 0
    try:
        with path.open("wb") as file:
            async with timeout(SLOWEST) as waiting:
                async for block in request.stream():
                    waiting.reschedule(get_running_loop().time() + SLOWEST)
                    size += len(block)
                    if size > MOST_BYTES:
                        detail = f"found more than {MOST_BYTES:,} bytes; send it in parts"
                        raise HTTPException(status_code=413, detail=detail)
                    file.write(block)
    except TimeoutError:
        raise HTTPException(status_code=408, detail=f"nothing came for {SLOWEST:.0f} seconds; send it again") from None


def _announced(register: Register, name: str, note: str) -> None:
    with _told(), register.engine.connect() as connection:
        announced(connection, name, note)


def _delivered(register: Register, name: str, path: Path, note: str) -> Delivered:
    with _told():
        return deliver(register, name, path, register.today, note=note, file=path.name)


def _asked(request: Visit, register: Register, name: str) -> None:
    _known(register, name)
    note = _note(request)
    if note is None:
        raise HTTPException(status_code=401, detail="Delivery-Note: expected a signed question, in base64")
    with _told():
        check_request(register, name, request.method, request.url.path, note)


@contextmanager
def _told() -> Iterator[None]:
    """Answer a note that is refused: 401 where it is not known who sent it, else 403."""
    try:
        yield
    except NoteRefusedError as error:
        raise HTTPException(status_code=401 if error.forged else 403, detail=str(error)) from None
