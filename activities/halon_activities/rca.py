"""Root causes by layer from sealed evidence, and the minimal case by replay with and without its culprit."""

from __future__ import annotations

import json
from collections.abc import Sequence

from temporalio import activity

from halon.connectors.errors import ConnectorError
from halon.incident.errors import Malformed
from halon.incident.remedies import MinimalCase
from halon.incident.state import Sealed
from halon.ports.rca import Causes, Investigate
from halon.redaction import redact
from halon_activities.beat import beating
from halon_activities.causes import Scene, causes_of, scenes_in
from halon_activities.failures import HandError, in_words, typed
from halon_activities.guard import require_incident
from halon_activities.hands import Hands
from halon_activities.rehearsal import RawCase, Replayed, keep_raw, replay
from halon_activities.sealed import read
from halon_activities.telemetry import Span, spans_in

MOST_SUSPECTS = 5
"""Documents of one request that are tried as the culprit."""


class RootCause:
    """The activities of ``halon.ports.rca``."""

    def __init__(self, hands: Hands) -> None:
        self._hands = hands

    @activity.defn(name="rca.investigate")
    async def investigate(self, request: Investigate) -> Causes:
        """Find causes by layer and replay the case with and without its culprit."""
        with typed():
            require_incident(request.incident_id)
            async with beating():
                spans, carriers = await self._spans(request.evidence)
                if not carriers:
                    return Causes(note="No traces are sealed, so nothing can be concluded from them; look by hand.")
                scenes = scenes_in(spans)
                if not scenes:
                    return Causes(note="The sealed traces show no unauthorised action that was done; look by hand.")
                case, note = await self._case(request, scenes[0])
                return causes_of(scenes, case, carriers, now=request.now, note=note)

    async def _spans(self, evidence: Sequence[Sealed]) -> tuple[list[Span], tuple[str, ...]]:
        """All spans in the sealed evidence, and the ids of the artefacts that hold them. Raises Tampered."""
        spans: list[Span] = []
        carriers: list[str] = []
        for sealed in evidence:
            content = await read(self._hands.evidence, sealed)
            try:
                found = spans_in(json.loads(content))
            except (ValueError, RecursionError):
                continue  # evidence of another kind
            if found is not None:
                spans += found
                carriers.append(sealed.id)
        return spans, tuple(carriers)

    async def _case(self, request: Investigate, scene: Scene) -> tuple[MinimalCase | None, str]:
        """The minimal case of a scene, tried out if the agent can be asked; and a note on what could not be done."""
        if not scene.message:
            return None, "The traces hold no messages (content recording is off), so there is no case to replay."
        raw = RawCase(scene.message, tuple(name for name, _ in scene.documents), scene.customer or None)
        try:
            tried = await self._try(request.agent, raw, scene)
        except (ConnectorError, HandError, Malformed) as error:
            tried, note = _Trial(scene.culprit, None, None, True, ()), f"The case was not replayed: {in_words(error)}."
        else:
            note = "" if tried.reproduced else "The case did not reproduce when it was replayed."
        sealed = await keep_raw(self._hands, request.incident_id, raw, scene.trace_id)
        if sealed.unlocked:
            note = f"{note} The minimal case is sealed and NOT LOCKED: {sealed.unlocked}.".lstrip()
        case = MinimalCase(
            message=redact(raw.message).text[:2000],
            session=scene.session,
            documents=raw.documents,
            culprit=tried.culprit,
            tools=tried.tools or scene.tools,
            reproduced=tried.reproduced,
            reproduced_without_culprit=tried.without,
            extra={
                "trace_id": scene.trace_id,
                "sealed": {"id": sealed.id, "path": sealed.path, "sha256": sealed.sha256},
                "guardrail_as_now": tried.guarded,
            },
        )
        return case, note

    async def _try(self, agent: str, raw: RawCase, scene: Scene) -> _Trial:
        """Replay with everything; then without each suspect until one makes the difference."""
        guarded, whole = True, await replay(self._hands, agent, raw)
        if not whole.reproduced:
            # Containment may have switched a guardrail on meanwhile: try it as it was before.
            guarded, whole = False, await replay(self._hands, agent, raw, guarded=False)
        if not whole.reproduced:
            return _Trial(scene.culprit, False, None, True, ())
        for suspect in scene.suspects[:MOST_SUSPECTS]:
            without: Replayed = await replay(self._hands, agent, raw, without=(suspect,), guarded=guarded)
            if not without.reproduced:
                return _Trial(suspect, True, False, guarded, whole.tools)
        return _Trial("", True, True if scene.suspects else None, guarded, whole.tools)


class _Trial:
    """How the replays went. ``reproduced`` and ``without`` None: not tried; ``guarded``: with the agent's guardrails as they are now."""

    def __init__(
        self, culprit: str, reproduced: bool | None, without: bool | None, guarded: bool, tools: tuple[str, ...]
    ) -> None:
        self.culprit = culprit
        self.reproduced = reproduced
        self.without = without
        self.guarded = guarded
        self.tools = tools
