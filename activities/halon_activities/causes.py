"""From the scenes of an incident to findings by layer, a draft of the whys, and proposals. People mend all three."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from halon.incident.remedies import Finding, MinimalCase
from halon.ports.rca import Causes
from halon.redaction import redact
from halon_activities.corroboration import irreversible
from halon_activities.telemetry import Deed, Span, deeds_of, documents_of, message_of

Certainty = Literal["shown", "likely", "suspected"]


@dataclass(frozen=True, slots=True)
class Scene:
    """One trace in which an unauthorised action was done. ``documents`` are pairs of id and source."""

    trace_id: str
    session: str
    message: str
    customer: str
    documents: tuple[tuple[str, str], ...]
    instructed: bool
    named: str
    deeds: tuple[Deed, ...]
    credentials: tuple[str, ...]

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that were used without permission."""
        return _once(deed.tool for deed in self.deeds)

    @property
    def suspects(self) -> tuple[str, ...]:
        """The documents that may have caused it, the one that the trace itself names first."""
        return _once(name for name in (self.named, *(name for name, _ in self.documents)) if name)

    @property
    def culprit(self) -> str:
        """The document that the trace itself names, or the only one there is; nothing has been tried."""
        if self.named or not self.instructed:
            return self.named
        return self.documents[0][0] if len(self.documents) == 1 else ""

    def source_of(self, document: str) -> str:
        """The data source of a document, in words if it is not known."""
        return next((source for name, source in self.documents if name == document and source), "an unnamed source")


def scenes_in(spans: Sequence[Span]) -> list[Scene]:
    """Every trace with an unauthorised action that was done, oldest first."""
    by_trace: dict[str, list[Span]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    scenes = [_scene(trace_id, own) for trace_id, own in by_trace.items()]
    return sorted((scene for scene in scenes if scene.deeds), key=lambda scene: scene.deeds[0].at)


def causes_of(
    scenes: Sequence[Scene], case: MinimalCase | None, evidence: tuple[str, ...], *, now: str, note: str
) -> Causes:
    """What the scenes show. The culprit counts as shown only if it happens with it and not without it."""
    first = scenes[0]
    culprit = (case.culprit if case else "") or first.culprit
    proved = case is not None and case.reproduced is True and case.reproduced_without_culprit is False
    texts = [*_of_retrieval(first, culprit, proved), *_of_tools(scenes, case), *_of_orchestration(scenes, case)]
    findings = tuple(
        Finding(f"halon-{number}", layer, redact(text).text[:1500], "halon", now, evidence, certainty)
        for number, (layer, text, certainty) in enumerate(texts, start=1)
    )
    whys = tuple(redact(why).text[:800] for why in _whys(first, culprit))
    return Causes(findings, whys, case, tuple(redact(text).text[:800] for text in _proposals(first, culprit)), note)


def _scene(trace_id: str, spans: Sequence[Span]) -> Scene:
    root = next((span for span in spans if span.operation == "invoke_agent"), None)
    calls = [span for span in spans if span.operation == "execute_tool"]
    deeds = [deed for deed in deeds_of(list(spans)) if deed.harmful]
    documents = [pair for span in spans if span.operation == "retrieval" for pair in documents_of(span)]
    named = [span.own("instruction_document") for span in calls]
    customer = root.own("customer") if root is not None else None
    return Scene(
        trace_id=trace_id,
        session=next((deed.session for deed in deeds if deed.session), ""),
        message=message_of(root) if root is not None else "",
        customer=customer if isinstance(customer, str) else "",
        documents=tuple(dict.fromkeys(documents)),
        instructed=any(span.own("untrusted_instruction") is True for span in spans),
        named=next((name for name in named if isinstance(name, str)), ""),
        deeds=tuple(deeds),
        credentials=_once(str(name) for span in calls if (name := span.own("credential"))),
    )


def _of_retrieval(scene: Scene, culprit: str, proved: bool) -> list[tuple[str, str, Certainty]]:
    if not scene.instructed and not proved:
        return []
    sure: Certainty = "shown" if proved else "likely"
    if not culprit:
        return [("retrieval", "Content that was retrieved held an instruction; which document is not known.", "likely")]
    where = f"the document {culprit!r} from {scene.source_of(culprit)}"
    tried = " It happens again with it and not without it." if proved else ""
    return [
        ("retrieval", f"Untrusted content reached the agent as if it were trusted: {where}.{tried}", sure),
        ("model", f"The agent took an instruction inside {where} for an order of the user or of us.", sure),
    ]


def _of_tools(scenes: Sequence[Scene], case: MinimalCase | None) -> list[tuple[str, str, Certainty]]:
    sure: Certainty = "shown" if case is not None and case.reproduced else "likely"
    deeds = [deed for scene in scenes for deed in scene.deeds]
    found: list[tuple[str, str, Certainty]] = []
    for tool in _once(deed.tool for deed in deeds):
        own = [deed for deed in deeds if deed.tool == tool]
        domains = _once(deed.recipient_domain for deed in own if deed.recipient_domain)
        if domains:
            text = f"{tool} accepted a recipient that nobody had allowed ({', '.join(domains[:5])}); it checks none."
            found.append(("tools", text, sure))
        most = max((deed.records or 0 for deed in own), default=0)
        if most > 1:
            credentials = _once(name for scene in scenes for name in scene.credentials)
            using = f" with the credential {', '.join(credentials[:3])}" if credentials else ""
            text = f"{tool} could carry {most} records in one call{using}, which no single request needs."
            found.append(("tools", text, sure))
    return found


def _of_orchestration(scenes: Sequence[Scene], case: MinimalCase | None) -> list[tuple[str, str, Certainty]]:
    sure: Certainty = "shown" if case is not None and case.reproduced else "likely"
    tools = [tool for tool in _once(tool for scene in scenes for tool in scene.tools) if irreversible(tool)]
    if not tools:
        return []
    text = f"{', '.join(tools)} ran without a confirmation, although what it does can't be taken back."
    return [("orchestration", text, sure)]


def _whys(scene: Scene, culprit: str) -> list[str]:
    tools = ", ".join(scene.tools)
    outside = _once(deed.recipient_domain for deed in scene.deeds if deed.recipient_domain)
    whys = [
        f"Why did it happen? The agent used {tools}" + (f" towards {', '.join(outside[:3])}" if outside else "") + "."
    ]
    if scene.instructed:
        where = f"in the document {culprit!r}" if culprit else "in content that it had retrieved"
        whys.append(f"Why did it do that? It followed an instruction {where}.")
        whys.append(
            "Why could content give it orders? Retrieved text reaches the model unmarked, beside real instructions."
        )
    whys.append(f"Why did nothing stop the call? {tools} checks neither recipient nor amount, and asks nobody.")
    whys.append(
        "Why was that not known before? No test covered this case (draft: people and process are for you to add)."
    )
    return whys


def _proposals(scene: Scene, culprit: str) -> list[str]:
    proposals = []
    if scene.instructed:
        proposals.append("Isolate retrieved content from instructions, and keep the model from following it.")
    if culprit:
        proposals.append(
            f"Take the document {culprit!r} out of the index, and review its source {scene.source_of(culprit)}."
        )
    for tool in scene.tools:
        if any(deed.recipient_domain for deed in scene.deeds if deed.tool == tool):
            proposals.append(f"Let {tool} write only to recipients that are allowed, checked on the server.")
        if irreversible(tool):
            proposals.append(f"Ask a person before {tool} does what can't be taken back.")
    if scene.credentials:
        proposals.append(f"Give the agent a credential with less than {', '.join(scene.credentials[:3])} has.")
    proposals.append("Add the minimal case to the eval suite, so that it can't come back unseen.")
    return proposals


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
