"""frictionless on a delivery of inspections: rows checked against a schema that says what our catalogue says."""

import json
import sys
import time

from frictionless import Resource, Schema, validate

FIELDS = [
    {"name": "subject", "type": "string", "constraints": {"required": True, "pattern": r"gb\.fhrs:\d{1,4}-\d{1,9}"}},
    {"name": "kind", "type": "string", "constraints": {"required": True, "enum": ["food.inspection"]}},
    {"name": "act", "type": "date", "constraints": {"required": True, "minimum": "1900-01-01"}},
    *({"name": name, "type": "string", "constraints": {"required": True, "maxLength": 500}}
      for name in ("document", "authority", "basis")),
    *({"name": name, "type": "integer", "constraints": {"required": True, "enum": [0, 5, 10, 15, 20, 25, 30]}}
      for name in ("hygiene", "structural", "confidence")),
    {"name": "version", "type": "integer", "constraints": {"minimum": 1}},
]  # fmt: skip

start = time.perf_counter()
resource = Resource(path=sys.argv[1], schema=Schema.from_descriptor({"fields": FIELDS}))
report = validate(resource, limit_errors=1000)
seconds = time.perf_counter() - start
task = report.tasks[0]
print(json.dumps({"seconds": seconds, "rows": task.stats["rows"], "errors": task.stats["errors"]}))
