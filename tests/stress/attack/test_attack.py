"""A short form of `make attack`: no 5xx, no unescaped markup, and the ledger verifies."""

from __future__ import annotations

import os

import pytest

from tests.stress.attack.callers import Answer, InProcess
from tests.stress.attack.campaign import Campaign

REQUESTS = 1000 if os.environ.get("NIGHTLY") else 300


def test_hostile_requests_cause_no_fault(app):
    app.config["REGISTRATION"] = "open"
    campaign = Campaign(app, InProcess(app), seed=20271123)
    campaign.run(REQUESTS)
    assert campaign.faults == []
    assert campaign.verify() == []
    # The requests reach the application: many are refused, and some succeed.
    assert (
        campaign.statuses[200] + campaign.statuses[201] + campaign.statuses[303] > REQUESTS * 0.15
    )
    assert campaign.statuses[422] > REQUESTS * 0.15
    assert campaign.statuses[403] > REQUESTS * 0.015


@pytest.mark.only("sqlite", nightly="postgresql")
def test_the_campaign_detects_a_fault(app):
    @app.get("/broken/")
    def broken():
        raise RuntimeError

    app.view_functions["broken"].minimum_role = "public"
    app.config["PROPAGATE_EXCEPTIONS"] = False
    campaign = Campaign(app, InProcess(app), seed=1)
    assert {fault.split()[0] for fault in campaign.faults} == {"5xx"}
    answer = Answer(200, {"Content-Type": "text/html"}, [], b"<i id=zz9>")
    campaign.faults.clear()
    campaign._check_answer(campaign.attackers[0], "GET", "/", answer)
    assert campaign.faults[0].startswith("markup+no policy 200 anonymous")
