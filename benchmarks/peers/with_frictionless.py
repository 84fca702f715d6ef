"""frictionless on a delivery of inspections: rows checked against a schema that says what our catalogue says."""

import json
import sys
import time

from frictionless import Resource, Schema, validate

TEXT = {"required": True, "maxLength": 500, "pattern": r"[^\x00-\x1f\x7f]*"}
SCORES = {"hygiene": [0, 5, 10, 15, 20, 25], "structural": [0, 5, 10, 15, 20, 25], "confidence": [0, 5, 10, 20, 30]}
DAYS = {"required": True, "minimum": "1900-01-01", "maximum": "2026-10-01"}
FIELDS = [
    {
        "name": "subject",
        "type": "string",
        "constraints": {"required": True, "pattern": "gb.fhrs:[0-9]{1,4}-[0-9]{1,9}"},
    },
    {"name": "kind", "type": "string", "constraints": {"required": True, "enum": ["food.inspection"]}},
    {"name": "act", "type": "date", "constraints": DAYS},
    *({"name": name, "type": "string", "constraints": TEXT} for name in ("document", "authority", "basis")),
    *({"name": name, "type": "integer", "constraints": {"enum": values}} for name, values in SCORES.items()),
    {"name": "version", "type": "integer", "constraints": {"minimum": 1, "maximum": 9999}},
]

start = time.perf_counter()
resource = Resource(path=sys.argv[1], schema=Schema.from_descriptor({"fields": FIELDS}))
report = validate(resource, limit_errors=1000)
seconds = time.perf_counter() - start
task = report.tasks[0]
print(json.dumps({"seconds": seconds, "rows": task.stats["rows"], "errors": task.stats["errors"]}))
