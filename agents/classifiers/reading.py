"""A text as a lexicon should see it: disguises undone, small letters, words and marks apart; and its language."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from agents.classifiers.lexicons import STEMS
from agents.classifiers.vocabulary import FOREIGN, KNOWN
from audit.redaction.folding import fold

_SPACED = re.compile(r"(?<![\w'])(?:[A-Za-z][ .\-_*]){2,60}[A-Za-z](?![\w'])")
_MARKED = re.compile(r"(?<=[A-Za-z])[*_~|^]+(?=[A-Za-z])")
# A word, also one with digits and signs in the place of letters; a number; a mark.
_IN_WORD = r"(?:[A-Za-z0-9@$']|[|!](?=[A-Za-z0-9]))"
_TOKEN = re.compile(rf"{_IN_WORD}{{0,40}}[A-Za-z]{_IN_WORD}*|\d[\d.,:%]*|[.!?\n,;:]")
_LEET = str.maketrans("013457@$|!", "oieastasli")
_REPEATED = re.compile(r"([a-z])\1{2,}")
_INNER_MARK = re.compile(r" [,;:](?= )")
_SENTENCE_END = re.compile(r"[.!?\n]")
_CLAUSE_END = re.compile(r"[,;:]")
_NOT_ASCII = re.compile(r"(?<![^\W\d_])[^\W\d_a-zA-Z]{2,}(?![^\W\d_])")
_MANY_FOREIGN_LETTERS = 0.3
_SENTENCE, _CLAUSE = 2, 3  # the fewest words of which one says whether they are English
_WINDOW = 4  # words in a row, for what is strung together without marks
_NAME = 3  # the most words of a name
_GREETINGS = frozenset("dear hi hello hey".split())
_CLOSINGS = frozenset("regards thanks thank sincerely faithfully cheers wishes best yours".split())
_SHORT_FORMS = (
    (re.compile(r"\b(?:won't|wont)\b"), "will not"),
    (re.compile(r"\b(?:can't|cant|cannot)\b"), "can not"),
    (re.compile(r"\bshan't\b"), "shall not"),
    (re.compile(r"\b(do|does|did|is|was|are|were|has|have|had|would|could|should|must|need)n(?:'t|t)\b"), r"\1 not"),
    (re.compile(r"\bain't\b"), "is not"),
    (re.compile(r"\b(i)(?:'m|m)\b"), r"\1 am"),
    (re.compile(r"\b(you|we|they|i|it|he|she|that|this|there|who)(?:'ll|(?<=[uy])ll)\b"), r"\1 will"),
    (re.compile(r"\b(you|we|they|i)(?:'ve|ve)\b"), r"\1 have"),
    (re.compile(r"\b(you|we|they)'re\b|\b(you|they)re\b"), r"\1\2 are"),
    (re.compile(r"\b(it|that|this|there|here|what|where|who|how|he|she)'s\b"), r"\1 is"),
    (re.compile(r"\blet's\b"), "let us"),
    (re.compile(r"\b(you|we|they|i|it|he|she|that|there|who)'d\b"), r"\1 would"),
    (re.compile(r"\b(\w+)'ll\b"), r"\1 will"),
)


@dataclass(frozen=True)
class Reading:
    """A text that was read.

    `plain` has disguises undone and letters as written. `marked` is its words in small letters and its marks, short forms
    written out, each after one blank: " i will sue you , sir . ". `flat` is that without the marks inside sentences.
    `language` is "en", "other" or None.
    """

    plain: str
    marked: str
    flat: str
    language: str | None

    @property
    def is_english(self) -> bool:
        return self.language == "en"

    @property
    def sentences(self) -> list[str]:
        """The parts of `flat` between sentence ends, without empty ones."""
        return [f"{part} " for part in re.split(r" [.!?\n](?= )", self.flat) if part.strip()]


def classify(text: str) -> str | None:
    """Return the language: "en", "other", or None when it can't be told or changes on the way."""
    return read(text).language


# Several classifiers ask the same text in a row; a larger cache would keep people's mail in memory.
@lru_cache(maxsize=4)
def read(text: str) -> Reading:
    plain = _undisguise(fold(text).text)
    tokens = [_settle(token.group()) for token in _TOKEN.finditer(plain)]
    flat = " ".join(tokens).lower()
    for form, whole in _SHORT_FORMS:
        flat = form.sub(whole, flat)
    language = _language_of_all(unicodedata.normalize("NFKC", text), tokens)
    marked = f" {flat} "
    return Reading(plain, marked, _INNER_MARK.sub("", marked), language)


def is_known(word: str) -> bool:
    """Whether this is an English word, as far as we know them: as it is or without a common ending."""
    if word in KNOWN or word.startswith(STEMS):
        return True
    for ending, instead in (("s", ""), ("es", ""), ("ed", ""), ("d", ""), ("ing", ""), ("ing", "e"), ("ly", ""), ("er", ""),
                            ("'s", ""), ("ies", "y"), ("ied", "y"), ("ily", "y")):  # fmt: skip
        stem = word.removesuffix(ending) + instead
        if word.endswith(ending) and len(stem) > 1 and (stem in KNOWN or (stem[-1] == stem[-2] and stem[:-1] in KNOWN)):
            return True
    return False


def _undisguise(text: str) -> str:
    return _MARKED.sub("", _SPACED.sub(_joined, text))


def _joined(spaced: re.Match) -> str:
    """`l e g a l` is a word; three letters apart only are when they make a known one."""
    word = re.sub(r"[ .\-_*]", "", spaced.group())
    return word if len(word) > 3 or is_known(word.lower()) else spaced.group()


def _settle(token: str) -> str:
    """Return the word meant by `ch4rgeback`, `soooo` and `$ue`; tokens that mean nothing else stay."""
    lower = token.lower().strip("'")
    if not lower.isalpha() and any(char.isalpha() for char in lower) and is_known(lower.translate(_LEET)):
        return lower.translate(_LEET)
    if _REPEATED.search(lower):
        twice, once = _REPEATED.sub(r"\1\1", lower), _REPEATED.sub(r"\1", lower)
        return twice if is_known(twice) else once if is_known(once) else lower
    return token.strip("'") or token


def _language_of_all(text: str, tokens: list[str]) -> str | None:
    if _is_foreign_script(text):
        return "other"
    language = _language_of(tokens)
    return None if language == "en" and _has_foreign_word(text) else language


def _is_foreign_script(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    foreign = sum(1 for char in letters if _is_foreign_letter(char))
    return bool(letters) and foreign / len(letters) > _MANY_FOREIGN_LETTERS


def _is_foreign_letter(char: str) -> bool:
    return not char.isascii() and not unicodedata.name(char, "").startswith("LATIN")


def _has_foreign_word(text: str) -> bool:
    """Whether a word has no Latin letter; a word with some is a disguise, and was undone."""
    return any(all(map(_is_foreign_letter, word)) for word in _NOT_ASCII.findall(text))


def _language_of(tokens: list[str]) -> str | None:
    """English when most words are known; None when too few are, or when one sentence or clause isn't English."""
    sentences = _split(tokens, _SENTENCE_END)
    counts = [_count(sentence) for sentence in sentences]
    total, known = sum(total for total, _ in counts), sum(known for _, known in counts)
    if not total or max(len(token) for token in tokens if token[0].isalpha()) < 2:
        return None
    if known / total <= 0.34:
        return "other" if total > 1 else None
    if known / total < 0.6 or any(total >= 4 and known / total < 0.34 for total, known in counts):
        return None
    return None if _changes(sentences) else "en"


def _split(tokens: list[str], mark: re.Pattern) -> list[list[str]]:
    parts, current = [], []
    for token in tokens:
        if not mark.fullmatch(token):
            current.append(token)
        elif current:
            parts.append(current)
            current = []
    return [*parts, current] if current else parts


def _changes(sentences: list[list[str]]) -> bool:
    """Whether a sentence, or a longer clause, is in another language. A capital excuses nothing: German nouns have one."""
    if len(sentences) > 1 and _is_signed(*sentences[-2:]):
        sentences = sentences[:-1]
    for sentence in sentences:
        clauses = [_words_of(_unaddressed(clause)) for clause in _split(sentence, _CLAUSE_END)]
        if any(len(clause) >= _CLAUSE and _is_strange(clause) for clause in clauses):
            return True
        words = [word for clause in clauses for word in clause]
        windows = [words[start : start + _WINDOW] for start in range(max(1, len(words) - _WINDOW + 1))]
        if len(words) >= _SENTENCE and (_is_strange(words) or not all(map(_known, windows))):
            return True
    return False


def _is_strange(words: list[str]) -> bool:
    return 3 * _known(words) < len(words)


def _is_signed(before: list[str], last: list[str]) -> bool:
    """Whether the text ends as `Kind regards` and, on a line of its own, a name."""
    closing, name = _words_of(before)[-4:], _words_of(last)
    is_name = len(last) <= _NAME and all(word[0].isupper() for word in last) and not FOREIGN.intersection(name)
    return is_name and bool(_CLOSINGS.intersection(closing))


def _unaddressed(words: list[str]) -> list[str]:
    """`Dear Ms Kowalska we waited` without the name."""
    if not words or words[0].lower() not in _GREETINGS:
        return words
    place = 1
    while place < min(len(words), 1 + _NAME) and words[place][0].isupper() and words[place].lower() not in FOREIGN:
        place += 1
    return words[:1] + words[place:]


def _words_of(tokens: list[str]) -> list[str]:
    """The words in small letters, without numbers and codes."""
    return [
        token.lower().strip("'")
        for token in tokens
        if token[0].isalpha() and not any(char.isdigit() or char == "@" for char in token)
    ]


def _count(words: list[str]) -> tuple[int, float]:
    """Return how many words count, and how many of them are known; words of other languages count against.

    Numbers and codes don't count, nor names: what stands inside a sentence with a capital.
    """
    is_shouted = all(not word.isalpha() or word.isupper() for word in words)
    counted = _words_of(
        word
        for place, word in enumerate(words)
        if place == 0 or is_shouted or not word[0].isupper() or word.lower() in KNOWN
    )
    return len(counted), _known(counted)


def _known(words: list[str]) -> int:
    # Without the apostrophe too: `I'm` is written out only later.
    known = sum(1 for word in words if is_known(word) or word.replace("'", "") in KNOWN)
    return max(0, known - sum(1 for word in words if word in FOREIGN))
