"""The sandbox agent's credentials: scopes, revocation for good, and replacement."""

import httpx

from halon.drill.documents import POISONED_QUESTION

OWN = "support-bot-token"


def outcome(client: httpx.Client, message: str) -> tuple[str, str | None]:
    answer = client.post("/v1/chat", json={"session": "s", "message": message})
    (action,) = answer.json()["actions"]
    return action["status"], action["reason"]


def test_scopes_narrow_what_the_agent_can_do(sandbox: httpx.Client) -> None:
    """Without its scope a tool is refused; with all scopes back it works."""
    all_scopes = sandbox.get("/control/scopes").json()
    assert all_scopes["token"] == OWN
    narrow = {"token": OWN, "scopes": ["customers:read"]}
    assert sandbox.put("/control/scopes", json=narrow).json() == narrow
    assert sandbox.get("/control/scopes").json() == narrow
    assert sandbox.get(f"/control/tokens/{OWN}").json()["scopes"] == ["customers:read"]
    assert outcome(sandbox, "please refund order 1001") == (
        "refused",
        "scope payments:refund is missing on support-bot-token",
    )
    assert sandbox.put("/control/scopes", json=all_scopes).status_code == 200
    assert outcome(sandbox, "please refund order 1001")[0] == "done"


def test_records_can_not_be_mailed_without_the_right_to_read_them(sandbox: httpx.Client) -> None:
    """Mail with customer records needs the read scope too; a receipt does not."""
    all_scopes = sandbox.get("/control/scopes").json()
    sandbox.put("/control/scopes", json={"token": OWN, "scopes": ["mail:send"]})
    assert outcome(sandbox, POISONED_QUESTION) == ("refused", "scope customers:read is missing on support-bot-token")
    assert outcome(sandbox, "mail me a copy of order 1002")[0] == "done"
    sandbox.put("/control/scopes", json=all_scopes)


def test_a_token_shows_who_else_uses_it(sandbox: httpx.Client) -> None:
    """The collateral of a revocation is visible beforehand."""
    outcome(sandbox, "Where is order 1001?")
    token = sandbox.get(f"/control/tokens/{OWN}").json()
    assert token["active"] is True
    assert token["used_by"] == ["support-bot", "billing-bot"]
    assert token["last_used_at"].endswith("Z")
    assert sandbox.get("/control/tokens/crm-readonly").json()["scopes"] == ["customers:read"]
    assert sandbox.get("/control/tokens/nobodys").status_code == 404


def test_revocation_is_for_good(fresh_sandbox: httpx.Client) -> None:
    """A revoked token stays revoked whatever is tried, and the tools that need it are refused."""
    client = fresh_sandbox
    revoked = client.post(f"/control/tokens/{OWN}/revoke")
    assert (revoked.status_code, revoked.json()["active"]) == (200, False)
    assert "already" not in revoked.json()
    again = client.post(f"/control/tokens/{OWN}/revoke")
    assert (again.status_code, again.json()["already"]) == (200, True)
    assert client.put(f"/control/tokens/{OWN}", json={"active": True}).status_code == 409
    assert client.put("/control/scopes", json={"token": OWN, "scopes": ["mail:send"]}).status_code == 409
    assert client.get(f"/control/tokens/{OWN}").json()["active"] is False
    for message in (POISONED_QUESTION, "please refund order 1001", "please delete customer C-1001"):
        assert outcome(client, message) == ("refused", "credential revoked")


def test_lookups_go_on_with_the_read_only_token(fresh_sandbox: httpx.Client) -> None:
    """Lookups have a second token; when both are revoked they stop as well."""
    client = fresh_sandbox
    client.post(f"/control/tokens/{OWN}/revoke")
    assert outcome(client, "Where is order 1001?") == ("done", None)
    assert client.get("/v1/actions").json()["actions"][-1]["credential"] == "crm-readonly"
    client.post("/control/tokens/crm-readonly/revoke")
    assert outcome(client, "Where is order 1001?") == ("refused", "credential revoked")


def test_a_replacement_restores_the_agent_and_nobody_else(fresh_sandbox: httpx.Client) -> None:
    """After revocation a new token brings the agent back; the old one stays dead, and its other user needs its own."""
    client = fresh_sandbox
    client.post(f"/control/tokens/{OWN}/revoke")
    issued = client.post("/control/tokens", json={"replaces": OWN}).json()
    assert issued["token"] != OWN
    assert client.get(f"/control/tokens/{issued['token']}").json()["used_by"] == ["support-bot"]
    assert client.get(f"/control/tokens/{OWN}").json()["used_by"] == ["billing-bot"]
    assert client.get(f"/control/tokens/{OWN}").json()["active"] is False
    assert outcome(client, "please refund order 1001") == ("done", None)
    assert client.get("/v1/actions").json()["actions"][-1]["credential"] == issued["token"]
    assert client.get("/control/state").json()["tokens_in_use"][OWN] == issued["token"]
    assert client.post("/control/tokens", json={"replaces": "nobodys"}).status_code == 404


def test_revoking_is_its_own_call(sandbox: httpx.Client) -> None:
    """A token can't be switched off by the way: that would hide that there is no way back."""
    answer = sandbox.put(f"/control/tokens/{OWN}", json={"active": False})
    assert answer.status_code == 409
    assert f"/control/tokens/{OWN}/revoke" in answer.json()["detail"]
    assert sandbox.get(f"/control/tokens/{OWN}").json()["active"] is True
