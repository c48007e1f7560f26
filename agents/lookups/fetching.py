"""`fetch()`: ask every source at once, wait until one deadline, and say of each fact what came of it."""

import logging
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from datetime import datetime

from agents.lookups import fence, sql, texts, web
from agents.lookups.crews import Crew, crew
from agents.lookups.found import Found, Question, Unanswered, needed, unavailable
from agents.policy.language import Classified, Fact, HttpLookup, Lookup, SqlLookup, ToolLookup
from agents.policy.verdict import Missing
from agents.tools import base

logger = logging.getLogger(__name__)

FAILED = Missing("unavailable", "looking it up failed")
SATURATED = Missing("unavailable", "too much waits for this source already")


def fetch(
    facts: Sequence[Fact],
    *,
    arguments: Mapping[str, object],
    definitions: Mapping[str, dict],
    seconds: float,
    agent: str,
    trace: str = "",
) -> dict[str, Found]:
    """Return what came of each fact, by name, within `seconds`.

    `arguments` are the proposed tool's as policy sees them (`values.of_arguments`), `definitions` the stored
    definitions of the agent's tools by name, `agent` its slug for the log, `trace` the id of the trace that what goes out
    over HTTP is part of. Raises nothing for what a source does: a
    value that isn't there in time, too old or of another type is Missing. The same question is asked once; a
    classified fact is computed as soon as its text is there.
    """
    if any(isinstance(fact.lookup, SqlLookup) for fact in facts):
        fence.know_ourselves()
    return _Round(facts, arguments, definitions, time.monotonic() + seconds, agent, trace).run()


@dataclass(frozen=True)
class _Asked:
    """A question on its way, and the facts that wait for the answer."""

    future: Future
    crew: Crew
    facts: list[tuple[Fact, Question]]


class _Round:
    """One call of `fetch`, on the caller's thread. The threads of the crews only ask."""

    def __init__(self, facts: Sequence[Fact], arguments, definitions, deadline: float, agent: str, trace: str):
        self.facts = {fact.name: fact for fact in facts}
        self.arguments, self.definitions = arguments, definitions
        self.deadline, self.agent, self.trace = deadline, agent, trace
        self.found: dict[str, Found] = {}
        self.asked: dict[tuple, _Asked] = {}
        self.dependent: dict[str, list[Fact]] = defaultdict(list)

    def run(self) -> dict[str, Found]:
        for fact in self.facts.values():
            text_of = texts.root(fact.lookup) if isinstance(fact.lookup, Classified) else None
            if text_of in self.facts and text_of not in self.found:
                self.dependent[text_of].append(fact)
            else:
                self.start(fact)
        while self.asked and (left := self.deadline - time.monotonic()) > 0:
            wait([asked.future for asked in self.asked.values()], timeout=left, return_when=FIRST_COMPLETED)
            for key in [key for key, asked in self.asked.items() if asked.future.done()]:
                self.settle(self.asked.pop(key))
        self.give_up()
        return {name: self.found[name] for name in self.facts}

    def start(self, fact: Fact) -> None:
        """Ask for a fact, unless it can be told already that there will be no answer."""
        try:
            question = self.question(fact.lookup)
        except Unanswered as unanswered:
            self.record(fact, unanswered.missing)
        except Exception:  # noqa: BLE001 - one look-up that we got wrong must not take the others with it
            logger.exception("%s: the question for %s can't be made", self.agent, fact.name)
            self.record(fact, FAILED)
        else:
            self.ask(fact, question)

    def question(self, lookup: Lookup) -> Question:
        match lookup:
            case SqlLookup():
                return sql.of_source(_source(lookup.source, base.SqlSource), lookup, self.arguments)
            case HttpLookup():
                return web.of_source(_source(lookup.source, base.HttpSource), lookup, self.arguments, trace=self.trace)
            case ToolLookup():
                return web.of_tool(lookup, self.definitions, self.arguments, trace=self.trace)
            case Classified():
                return texts.question(lookup, self.text(texts.root(lookup)))

    def text(self, name: str) -> object:
        return self.found[name].value if name in self.found else needed(self.arguments, [name])[name]

    def ask(self, fact: Fact, question: Question) -> None:
        if question.key in self.asked:
            self.asked[question.key].facts.append((fact, question))
            return
        threads = crew(question.queue)
        future = threads.take(lambda: _answer(question, self.deadline))
        if future is None:
            self.record(fact, SATURATED)
        else:
            self.asked[question.key] = _Asked(future, threads, [(fact, question)])

    def settle(self, asked: _Asked) -> None:
        """Record what a question came to, for every fact that waited for it."""
        answer, fetched = asked.future.result()
        for fact, question in asked.facts:
            if isinstance(answer, Missing):
                self.record(fact, answer, fetched=fetched)
                continue
            try:
                value, as_of = question.read(answer, fact)
            except Exception:  # noqa: BLE001 - as above
                logger.exception("%s: the answer for %s can't be read", self.agent, fact.name)
                value, as_of = FAILED, None
            self.record(fact, value, as_of=as_of, fetched=fetched)

    def give_up(self) -> None:
        """The deadline is over: whatever isn't there is missing."""
        late = Missing("unavailable", "no answer in time")
        for asked in self.asked.values():
            asked.crew.give_up(asked.future)
            for fact, _ in asked.facts:
                self.record(fact, late)
        for fact in self.facts.values():
            if fact.name not in self.found:
                self.record(fact, late)

    def record(self, fact: Fact, value: object, *, as_of: datetime | None = None, fetched: float | None = None) -> None:
        fetched = time.monotonic() if fetched is None else fetched
        if isinstance(fact.lookup, Classified) and (text := self.found.get(texts.root(fact.lookup))):
            as_of, fetched = text.as_of, text.fetched  # no younger than the text
        self.found[fact.name] = Found(value, _place(fact.lookup), as_of, fetched)
        if isinstance(value, Missing):
            level = logging.WARNING if value.code == "unavailable" else logging.INFO
            # Never with a value or an address.
            logger.log(level, "%s: fact %s from %s is %s", self.agent, fact.name, _place(fact.lookup), value.code)
        for dependent in self.dependent.pop(fact.name, ()):
            self.start(dependent)


def _answer(question: Question, deadline: float) -> tuple[object, float]:
    """Ask, on a thread of the crew; return the answer or Missing, and when it was there."""
    if time.monotonic() >= deadline:
        return Missing("unavailable", "no answer in time"), time.monotonic()
    try:
        return question.ask(deadline), time.monotonic()
    except Unanswered as unanswered:
        return unanswered.missing, time.monotonic()
    except Exception:
        logger.exception("a look-up failed: %s", question.queue)
        return FAILED, time.monotonic()


def _source(name: str, kind: type) -> base.Source:
    try:
        source = base.source(name)
    except base.UnknownSource as unknown:
        raise unavailable(unknown.detail) from unknown
    if not isinstance(source, kind):
        raise unavailable(f"the source {name} is of another kind")
    return source


def _place(lookup: Lookup) -> str:
    """Name where a fact is from, for people."""
    match lookup:
        case ToolLookup():
            return f"tool {lookup.tool}"
        case Classified():
            return f"classifier {lookup.classifier}"
    return lookup.source
