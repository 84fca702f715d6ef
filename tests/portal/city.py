"""A handful of people and firms, made by hand, in a register of a synthetic world."""

import datetime as dt
from pathlib import Path

import polars as pl
from stdnum.cn.uscc import calc_check_digit
from stdnum.iso7064 import mod_11_2

from goodstanding.facts.catalogue import catalogue
from goodstanding.facts.shipped import shipped
from goodstanding.facts.sources import Defect, Source
from goodstanding.facts.world import Manifest, World
from goodstanding.policy.reader import read_policy
from goodstanding.register.deliveries.delivering import deliver
from goodstanding.register.founding import found
from goodstanding.register.ledger.policies import load_policy
from goodstanding.register.store.database import Register

TODAY = dt.date(2026, 10, 31)
BASIS = "Measures 2020 art. 9"


def person(serial: int, born: str = "19700101") -> str:
    body = f"000000{born}{serial:03d}"
    return f"cn.ric:{body}{mod_11_2.calc_check_digit(body)}"


def firm(serial: int, kind: str = "91") -> str:
    body = f"{kind}000000{serial:09d}"
    return f"cn.uscc:{body}{calc_check_digit(body)}"


BAKERY, WORKS, QUIET, MARKET = firm(1), firm(2), firm(3), firm(4)
TRADER = firm(5, "92")
LI, WANG, ZHAO = person(1), person(2), person(3)

PEOPLE = pl.DataFrame(
    [
        (BAKERY, "organisation", "文登晨光食品有限公司", "Wendeng Chenguang Food Co.", None),
        (WORKS, "organisation", "威海海岳建设有限公司", "Weihai Haiyue Construction Co.", None),
        (QUIET, "organisation", "静安图书馆", "Jing'an Library", None),
        (MARKET, "organisation", "百川超市", "Baichuan Market", None),
        (TRADER, "person", "小满裁缝铺", "Xiaoman Tailor", None),
        (LI, "person", "李雪", "Li Xue", dt.date(1970, 1, 1)),
        (WANG, "person", "王海", "Wang Hai", dt.date(1970, 1, 1)),
        (ZHAO, "person", "赵宁", "Zhao Ning", dt.date(1970, 1, 1)),
    ],
    schema={"subject": pl.String, "is_a": pl.String, "name": pl.String, "latin": pl.String, "born": pl.Date},
    orient="row",
)

_COURT = {"authority": "文登区人民法院", "basis": "Civil Procedure Law art. 255"}
_TAX = {"authority": "文登区税务局", "basis": "Tax Collection Law art. 63"}
_FOOD = {"authority": "文登区市场监督管理局", "basis": "Food Safety Law art. 109"}
_CITY = {"authority": "威海市人民政府", "basis": BASIS}
_POLICE = {"authority": "文登区交警大队", "basis": "Road Traffic Safety Law art. 90"}

RECORDS = {
    "court": [
        (WORKS, "contract.construction-unpaid", "2023-05-11", _COURT, {}),
        (WORKS, "contract.construction-unpaid", "2024-02-20", _COURT, {}),
        (WORKS, "labour.pay-arrears", "2025-11-03", _COURT, {"months": "4"}),
        (WORKS, "contract.breach-judged", "2026-03-02", _COURT, {}),
        (LI, "contract.breach-judged", "2025-06-18", _COURT, {}),
    ],
    "tax": [
        (BAKERY, "tax.arrears", "2024-06-30", _TAX, {"size": "ordinary"}),
        (BAKERY, "tax.arrears", "2025-03-31", _TAX, {"size": "ordinary"}),
        (WORKS, "tax.evasion", "2022-09-15", _TAX, {"size": "large"}),
        (MARKET, "tax.evasion", "2026-02-10", _TAX, {"size": "huge"}),
        (WANG, "tax.arrears", "2026-01-31", _TAX, {"size": "ordinary"}),
    ],
    "city": [
        (BAKERY, "honour.award", "2025-01-15", _CITY, {"level": "prefecture"}),
        (WORKS, "civic.donation", "2025-12-24", _CITY, {"amount": "25000"}),
        (LI, "civic.donation", "2026-05-01", _CITY, {"amount": "600"}),
        (LI, "civic.volunteering", "2026-06-12", _CITY, {"hours": "24"}),
    ],
    "food": [
        (BAKERY, "food.inspection", "2023-03-14", _FOOD, {"hygiene": "15", "structural": "10", "confidence": "10"}),
        (BAKERY, "food.inspection", "2024-10-02", _FOOD, {"hygiene": "5", "structural": "5", "confidence": "10"}),
        (BAKERY, "food.inspection", "2026-04-22", _FOOD, {"hygiene": "5", "structural": "0", "confidence": "5"}),
        (MARKET, "food.inspection", "2026-05-05", _FOOD, {"hygiene": "10", "structural": "", "confidence": "5"}),
    ],
    "road": [(LI, "road.fine", "2026-08-08", _POLICE, {"amount": "200"})],
}


def sources() -> dict[str, Source]:
    kinds = {name: tuple(sorted({row[1] for row in rows})) for name, rows in RECORDS.items()}
    return {name: _source(name, kinds[name]) for name in RECORDS}


def _source(name: str, kinds: tuple[str, ...]) -> Source:
    titles = {
        "court": ("Court", "Rechtbank", "法院"),
        "tax": ("Tax", "Belasting", "税务"),
        "city": ("City", "Stad", "市政府"),
    }
    words = titles.get(name, (name, name, name))
    told = dict(zip(("en", "nl", "zh"), words, strict=True))
    return Source(
        id=name,
        words=told,
        agency=told,
        origin="court" if name == "court" else "own-finding",
        key={
            "en": "social credit code or resident number",
            "nl": "registratienummer",
            "zh": "统一社会信用代码或身份证号",
        },
        schedule="monthly",
        max_lag_days=30,
        kinds=kinds,
        defects=(Defect(kind="misspelt-name", share="0.012"), Defect(kind="late", share="0.05")),
    )


def _rows(name: str) -> pl.DataFrame:
    known = {row[0]: row for row in PEOPLE.iter_rows()}
    lines = []
    for at, (subject, kind, act, by, attributes) in enumerate(RECORDS[name], start=1):
        who = known[subject]
        line = {"subject": subject, "name": who[2], "born": str(who[4]) if who[4] else "", "kind": kind, "act": act}
        lines.append(line | {"document": f"{name}-{act[:4]}-{at:03d}"} | by | attributes)
    wrong = [
        lines[0] | {"document": f"{name}-wrong", "act": "2026-13-01"},
        lines[0] | {"document": "", "act": "soon", "born": "1970-02-31"},
    ]
    return pl.DataFrame(lines + wrong, infer_schema_length=None).fill_null("")


def manifest() -> Manifest:
    people = {"persons": 3, "organisations": 5, "since": dt.date(2020, 1, 1), "until": TODAY}
    return Manifest(world=World.SYNTHETIC, generator="by hand", version=1, seed=1, population="0" * 64, **people)


def make(dsn: str, folder: Path) -> Register:
    """Found the register, load both policies, and let every source deliver once."""
    register = found(dsn, World.SYNTHETIC, sources(), manifest(), PEOPLE)
    for name in ("cn-wendeng", "uk-food-hygiene"):
        load_policy(register, read_policy(shipped("policies") / name))
    for name in RECORDS:
        file = folder / f"{name}.csv"
        _rows(name).write_csv(file)
        deliver(register, name, file, TODAY)
    return register


KINDS = catalogue(World.SYNTHETIC)
