"""What the notices of a regime must hold, each with what fills it and the stages that ask for it."""

from __future__ import annotations

from collections.abc import Sequence

from halon.incident.assessment import Wanted
from halon.judgement.communication.fillers import FILLERS
from halon.judgement.vocabulary import VOCABULARY
from halon.kit.bundle import Bundle
from halon.kit.files.regimes import ContentShape, RegimeFile
from halon.kit.places import Problems
from halon.kit.reading import Path


def wanted(file: str, law: RegimeFile, bundle: Bundle, problems: Problems) -> tuple[Wanted, ...]:
    """Every entry by stage: a stage with ``contents`` of its own asks for those, and not for what its duty asks of all."""
    stages = tuple(stage.id for stage in law.stages)
    own = tuple(stage.id for stage in law.stages if stage.contents)
    others = tuple(name for name in stages if name not in own)
    found = []
    for index, one in enumerate(law.contents):
        path: Path = ("contents", index)
        said = tuple(one.stages) if isinstance(one, ContentShape) else ()
        for number, name in enumerate(said):
            problems.refers(file, (*path, "stages", number), "stage", name, stages)
        if said or not own:
            found.append(_one(one, said, file, path, bundle, problems))
        elif others:
            found.append(_one(one, others, file, path, bundle, problems))
    for index, stage in enumerate(law.stages):
        for number, one in enumerate(stage.contents or ()):
            path = ("stages", index, "contents", number)
            if isinstance(one, ContentShape) and one.stages:
                what = "the contents of a stage are asked for by that stage alone"
                step = "leave stages out, or write it under contents of the duty"
                problems.add(file, (*path, "stages"), what, (), step)
            found.append(_one(one, (stage.id,), file, path, bundle, problems))
    return tuple(found)


def _one(
    one: str | ContentShape, stages: Sequence[str], file: str, path: Path, bundle: Bundle, problems: Problems
) -> Wanted:
    if isinstance(one, str):
        return Wanted(one, (), tuple(stages))
    if not bundle.stored:  # a stored kit may name what is called otherwise by now
        for number, name in enumerate(one.facts):
            problems.refers(file, (*path, "facts", number), "fact", name, (*FILLERS, *VOCABULARY))
    return Wanted(one.what, tuple(one.facts), tuple(stages))
