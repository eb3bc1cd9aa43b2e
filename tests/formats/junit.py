"""Reads a JUnit file by a library of others, and holds it to the report: one test case a requirement, only a pass passed."""

import json
import sys

from junitparser import Error, Failure, JUnitXml, Skipped

OUTCOMES = {"pass": None, "fail": Failure, "inconclusive": Error}

junit = JUnitXml.fromfile(sys.argv[1])
report = json.load(open(sys.argv[2], encoding="utf-8"))
cases = {case.name: case for suite in junit for case in suite}
assert len(cases) == len(report["requirements"]), len(cases)
for requirement in report["requirements"]:
    case = cases[requirement["id"]]
    wanted = OUTCOMES.get(requirement["verdict"], Skipped)
    found = [type(result) for result in case.result]
    assert found == ([wanted] if wanted else []), (case.name, found)
    assert wanted is None or case.result[0].message, case.name
assert junit.tests == len(cases)
