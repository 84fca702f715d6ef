"""nomenklatura's logic-v2 with its own settings: pairs of companies come in as JSON, scores go out.

Of each a name; place, date and country if known.
"""

import json
import sys
import time

from followthemoney import EntityProxy, model
from nomenklatura.matching import get_algorithm

PROPERTIES = {"name": "name", "place": "address", "date": "incorporationDate", "country": "country"}


def company(told: dict[str, str]) -> EntityProxy:
    properties = {PROPERTIES[what]: [value] for what, value in told.items()}
    return model.get_proxy({"id": told["name"] or "-", "schema": "Company", "properties": properties})


algorithm = get_algorithm("logic-v2")
config = algorithm.default_config()
pairs = json.load(sys.stdin)
started = time.perf_counter()
scores = [algorithm.compare(company(left), company(right), config).score for left, right in pairs]
json.dump({"scores": scores, "speed": len(pairs) / (time.perf_counter() - started)}, sys.stdout)
