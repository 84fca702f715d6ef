"""nomenklatura's logic-v2 with its own settings: pairs of names of companies come in as JSON, scores go out."""

import json
import sys
import time

from followthemoney import EntityProxy, model
from nomenklatura.matching import get_algorithm


def company(name: str) -> EntityProxy:
    return model.get_proxy({"id": name or "-", "schema": "Company", "properties": {"name": [name]}})


algorithm = get_algorithm("logic-v2")
config = algorithm.default_config()
pairs = json.load(sys.stdin)
started = time.perf_counter()
scores = [algorithm.compare(company(left), company(right), config).score for left, right in pairs]
json.dump({"scores": scores, "speed": len(pairs) / (time.perf_counter() - started)}, sys.stdout)
