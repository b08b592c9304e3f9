"""Slack and Teams: what is posted, letter by letter, and that no text of an incident is anything but text there."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from halon.connectors import slack, teams
from halon.connectors.errors import MissingSecret, NoAnswer, Unexpected, Unreachable
from halon.connectors.product import Dispatch

THREAD = "halon:incident-support-bot.x:run-1"
HOSTILE = [
    "<!channel> all of you", "<!here|read>", "<@U1> and <#C1>", "[click](https://evil.example)", "*bold* _it_ `code`",
    "<https://evil.example|your bank>", "line\r\nbreak\x00\x1b[31m", "evil\u202egnp.exe \u2066x\u2069\u200f", "&lt;!channel&gt;",
    "<at>Ann</at> <b>x</b>", "x" * 10_000, "&" * 10_000, "<" * 10_000, "\n" * 10_000 + "end",
]  # fmt: skip


def dispatch(**changes: Any) -> Dispatch:
    given = {
        "thread": THREAD, "subject": "[INC-7F3A] SEV1: support-bot", "reference": "INC-7F3A", "severity": "SEV1",
        "body": "It mails records & more.\nAcknowledge within 5 minutes.", "link": "https://halon.acme.example/i/INC-7F3A?a=1&b=2",
    }  # fmt: skip
    return Dispatch(**{**given, **changes})


def texts(value: Any) -> list[str]:
    """Every text in a JSON value."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in texts(item)]
    return [value] if isinstance(value, str) else []


def test_the_slack_message_letter_by_letter() -> None:
    """Subject and body in plain text objects, the link in one place of its own, no markup, no unfurling."""
    assert slack.message(dispatch()) == {
        "text": "[INC-7F3A] SEV1: support-bot\nIt mails records &amp; more.\nAcknowledge within 5 minutes.",
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": "[INC-7F3A] SEV1: support-bot", "emoji": False}},
            {
                "type": "section",
                "text": {
                    "type": "plain_text",
                    "text": "It mails records &amp; more.\nAcknowledge within 5 minutes.",
                    "emoji": False,
                },
            },
            {
                "type": "context",
                "elements": [
                    {
                        "type": "mrkdwn",
                        "text": "<https://halon.acme.example/i/INC-7F3A?a=1&amp;b=2|Open INC-7F3A>",
                    }
                ],
            },
        ],
    }


def test_the_teams_card_letter_by_letter() -> None:
    """An adaptive card 1.4 in a message, text in runs, the link as an action."""
    assert teams.message(dispatch()) == {
        "type": "message",
        "summary": "[INC-7F3A] SEV1: support-bot",
        "attachments": [
            {
                "contentType": "application/vnd.microsoft.card.adaptive",
                "contentUrl": None,
                "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                    "type": "AdaptiveCard",
                    "version": "1.4",
                    "msteams": {"width": "Full"},
                    "body": [
                        {
                            "type": "RichTextBlock",
                            "inlines": [
                                {
                                    "type": "TextRun",
                                    "text": "[INC-7F3A] SEV1: support-bot",
                                    "weight": "Bolder",
                                    "size": "Medium",
                                    "color": "Attention",
                                }
                            ],
                        },
                        {
                            "type": "RichTextBlock",
                            "inlines": [{"type": "TextRun", "text": "It mails records & more."}],
                        },
                        {
                            "type": "RichTextBlock",
                            "inlines": [{"type": "TextRun", "text": "Acknowledge within 5 minutes."}],
                        },
                    ],
                    "actions": [
                        {
                            "type": "Action.OpenUrl",
                            "title": "Open INC-7F3A",
                            "url": "https://halon.acme.example/i/INC-7F3A?a=1&b=2",
                        }
                    ],
                },
            }
        ],
    }


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text_in_slack(text: str) -> None:
    """No angle bracket of the incident's is left, nothing but the link is markup, and Slack's bounds are kept."""
    made = slack.message(dispatch(subject=text, body=text, reference=text))
    *plain, context = made["blocks"]
    assert all(block["text"]["type"] == "plain_text" for block in plain)
    assert not any(mark in one for one in [made["text"], *texts(plain)] for mark in "<>")
    link = context["elements"][0]["text"]
    assert link.startswith("<https://halon.acme.example/")
    assert [link.count("<"), link.count(">")] == [1, 1]
    for block, longest in zip(plain, (150, 3000), strict=False):
        assert 0 < len(block["text"]["text"]) <= longest
    assert len(made["text"]) <= 20_000
    assert not any(ord(c) < 32 and c != "\n" for one in texts(made) for c in one)
    assert not set("\u202e\u2066\u2069\u200f\x1b") & set(json.dumps(made, ensure_ascii=False))


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text_in_teams(text: str) -> None:
    """Every text of the incident's stands in a text run, without line breaks, in a card that Teams takes (28 KB)."""
    made = teams.message(dispatch(subject=text, body=text, reference=text))
    card = made["attachments"][0]["content"]
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert all(run["type"] == "TextRun" and run["text"] and "\n" not in run["text"] for run in runs)
    assert len(json.dumps(made, ensure_ascii=False).encode()) <= 28_000
    assert "entities" not in json.dumps(made)
    assert not set("\u202e\u2066\u2069\u200f\x1b") & set(json.dumps(made, ensure_ascii=False))


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "https://a.example/|x>", "https://a.example/\nx", "ftp://a", ""]
)
def test_a_link_that_is_none_is_left_out(link: str) -> None:
    """The message goes out without it."""
    assert [block["type"] for block in slack.message(dispatch(link=link))["blocks"]] == ["header", "section"]
    assert "actions" not in teams.message(dispatch(link=link))["attachments"][0]["content"]


async def test_a_bot_answers_in_the_thread_of_the_first_message(client: httpx.AsyncClient, product: Any) -> None:
    """The first message's time stamp is the thread; a page is shown in the channel as well, an update is not."""
    async with product() as served:
        served.says = [(200, {"ok": True, "channel": "C0123", "ts": f"17{number}.1"}) for number in range(3)]
        environ = {"BOT": "xoxb-secret", "SLACK": served.url}
        root = await slack.post_bot(
            dispatch(), "BOT", "C0123", root=None, client=client, environ=environ, url_env="SLACK"
        )
        for kind in ("page", "update"):
            await slack.post_bot(
                dispatch(kind=kind), "BOT", "C0123", root=root, client=client, environ=environ, url_env="SLACK"
            )
    assert root == slack.Posted("C0123", "170.1")
    assert [one.path for one in served.seen] == ["/chat.postMessage"] * 3
    assert [(one.body.get("thread_ts"), one.body.get("reply_broadcast")) for one in served.seen] == [
        (None, None), ("170.1", True), ("170.1", False),
    ]  # fmt: skip
    assert served.seen[0].headers["authorization"] == "Bearer xoxb-secret"
    assert served.seen[0].headers["content-type"] == "application/json; charset=utf-8"
    assert served.seen[0].body == {**slack.message(dispatch()), "channel": "C0123"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [((200, {"ok": False, "error": "channel_not_found"}), Unexpected), ((200, {"ok": False, "error": "ratelimited"}), Unreachable),
     ((200, {"ok": False, "error": "internal_error"}), NoAnswer), ((200, "no json"), Unexpected), ((200, {"ok": True}), Unexpected),
     ((429, {}), Unreachable), ((502, "bad gateway"), NoAnswer), ((403, "invalid_token"), Unexpected)],
)  # fmt: skip
async def test_slack_says_no_with_a_200(client: httpx.AsyncClient, product: Any, answer: Any, error: Any) -> None:
    """``ok: false`` is an error whatever the status says, and its type says whether to try again."""
    async with product() as served:
        served.says = [answer]
        with pytest.raises(error) as caught:
            await slack.post_bot(
                dispatch(), "BOT", "C1", root=None, client=client, environ={"BOT": "xoxb-s", "SLACK": served.url},
                url_env="SLACK",
            )  # fmt: skip
    assert type(caught.value) is error


async def test_the_address_of_a_hook_is_never_repeated(client: httpx.AsyncClient, product: Any) -> None:
    """Posted once; an answer that quotes the address is told without it."""
    path = "/services/T0/B0/secret-part"
    async with product() as served:
        environ = {"HOOK": served.url + path}
        await slack.post_hook(dispatch(), "HOOK", client=client, environ=environ)
        assert await teams.post(dispatch(), "HOOK", client=client, environ=environ) == 200
        for send in (slack.post_hook, teams.post):
            served.says = [(404, f"nothing at {path}")]
            with pytest.raises(Unexpected) as caught:
                await send(dispatch(), "HOOK", client=client, environ=environ)
            assert "secret-part" not in str(caught.value)
    assert [one.body for one in served.seen[:2]] == [slack.message(dispatch()), teams.message(dispatch())]
    with pytest.raises(MissingSecret, match="HOOK"):
        await teams.post(dispatch(), "HOOK", client=client, environ={})
