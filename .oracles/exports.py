"""What the readers of other people's dashboards make of what tare exports: junitparser of JUnit's XML, prometheus_client of
OpenMetrics and of Prometheus's older text, jsonschema of Bencher's schema.
"""

import json
import sys
from pathlib import Path

from jsonschema import validate
from junitparser import JUnitXml
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as older_text

GOLDEN = "bench/report/exports/golden"
# https://bencher.dev/bmf.json
METRIC = {
    "type": "object",
    "properties": {name: {"type": "number"} for name in ("value", "lower_value", "upper_value")},
    "required": ["value"],
}
BMF = {"type": "object", "patternProperties": {".+": {"type": "object", "patternProperties": {".+": METRIC}}}}


def junit(path: Path) -> dict:
    suites = [
        {
            "name": suite.name,
            "tests": suite.tests,
            "failures": suite.failures,
            "errors": suite.errors,
            "skipped": suite.skipped,
            "time": suite.time,
            "cases": [
                {
                    "name": case.name,
                    "result": [
                        {"kind": type(result).__name__, "type": result.type, "message": result.message}
                        for result in case.result
                    ],
                }
                for case in suite
            ],
        }
        for suite in JUnitXml.fromfile(str(path))
    ]
    return {"suites": suites}


def openmetrics(path: Path) -> dict:
    text = path.read_text()
    families = list(open_metrics(text))
    read = [sample[:3] for family in families for sample in family.samples]
    assert read == [sample[:3] for family in older_text(text) for sample in family.samples]
    return {
        "families": [
            {
                "name": family.name,
                "type": family.type,
                "unit": family.unit,
                "samples": [{"labels": sample.labels, "value": sample.value} for sample in family.samples],
            }
            for family in families
        ]
    }


root = Path(__file__).parent.parent / GOLDEN
validate(json.loads((root / "bmf.json").read_text()), BMF)
answers = {"junit": junit(root / "junit.xml"), "openmetrics": openmetrics(root / "openmetrics.txt")}
out = Path(sys.argv[1]) / GOLDEN / "read-back.json"
out.parent.mkdir(parents=True, exist_ok=True)
out.write_text(json.dumps(answers, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
