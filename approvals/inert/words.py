"""Pure: words that look like other words, and words that speak in the desk's place."""

import re
import unicodedata
from collections.abc import Iterator

_WORD = re.compile(r"[^\W\d_]+")
#: Alphabets with letters that look like those of others. Mixtures beyond these are ordinary writing in many languages.
_ALPHABETS = {
    "latin": re.compile(
        r"[A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02af\u1e00-\u1eff\u2c60-\u2c7f\ua722-\ua7ff\uab30-\uab64]"
    ),
    "greek": re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]"),
    "cyrillic": re.compile(r"[\u0400-\u052f\u1c80-\u1c8f\u2de0-\u2dff\ua640-\ua69f]"),
    "armenian": re.compile(r"[\u0530-\u058f]"),
    "cherokee": re.compile(r"[\u13a0-\u13ff\uab70-\uabbf]"),
    "lisu": re.compile(r"[\ua4d0-\ua4ff]"),
    "coptic": re.compile(r"[\u2c80-\u2cff]"),
    "syllabics": re.compile(r"[\u1400-\u167f]"),
    "wide": re.compile(r"[\uff21-\uff3a\uff41-\uff5a]"),
}
_NOT_LATIN = re.compile(r"[\u0370-\u058f\u13a0-\u13ff\u1400-\u167f\u1f00-\u1fff\ua4d0-\ua4ff\ua640-\ua69f]")
#: Letters of other alphabets that nobody tells from a Latin one.
_TWINS = frozenset(
    "АВЕЅІЈКМНОРСТУХаеѕіјорсухһԁԛԝӏьгпѵ"  # Cyrillic
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορυχωγτ"  # Greek
    "ՕՏՍօոսցզհ"  # Armenian
    "ᎪᏴᏟᎠᎬᎢᎫᏞᎷᏢᎡᏚᎳᏔᏃ"  # Cherokee
    "ꓐꓓꓔꓖꓗꓙꓚꓜꓝꓟꓠꓡꓢꓣꓤꓦꓧꓨꓪꓫꓬꓮꓰꓲꓳꓴꓵ"  # Lisu
)
# Compatibility characters that are ordinary in running text.
_ORDINARY = frozenset("ªº²³¹…™℠№")

_DECIDING = re.compile(
    r"\b(?:"
    r"(?:already|pre-?|auto-?|been|was|is) ?approved|approved by|approvals? (?:was |is )?(?:granted|given|recorded)"
    r"|no (?:review|approval) (?:is )?(?:needed|required|necessary)|safe to approve|exempt from (?:review|approval|polic)"
    r"|(?:please|just|you (?:must|should|can)(?: safely)?) (?:approve|click|sign|press)"
    r"|(?:click|press|hit) (?:on )?[\"'“]?(?:approve|sign)|approve (?:this|it|now|immediately|all|without)"
    r"|(?:ignore|disregard|forget|override) (?:(?:all|any|the|your) )?"
    r"(?:(?:previous|prior|above|earlier|other|system|safety) )?(?:instruction|rule|polic|warning|check)(?:s|y|ies)?"
    r"|polic(?:y|ies) (?:\w{1,20} )?(?:allows?|permits?|says?|requires?|exempts?|was changed)"
    r"|(?:note|message|instructions?|attention) (?:to|for) (?:the )?(?:reviewer|approver|auditor|operator|human|assistant|model)"
    r"|dear (?:reviewer|approver|operator)|you are now|new instructions?|system (?:prompt|message|notice|override)"
    r"|(?:verified|cleared|authori[sz]ed|signed)(?: off)? by (?:the )?"
    r"(?:security|compliance|finance|legal|management|admin(?:istrator)?|ceo|cfo|system|desk|countersign)"
    r"|\d (?:of|/) \d (?:signed|recorded|approved)|break the glass|emergency (?:approval|override)"
    r")\b",
    re.IGNORECASE,
)


def mixed(text: str) -> Iterator[str]:
    """Yield words that mix Latin with its look-alikes."""
    if text.isascii():
        return
    for found in _WORD.finditer(text):
        word = found.group()
        if not word.isascii() and sum(1 for letters in _ALPHABETS.values() if letters.search(word)) > 1:
            yield word


def lookalike(text: str) -> Iterator[str]:
    """Yield words of another alphabet that read as Latin, in a text that has no other use for that alphabet."""
    if text.isascii() or not _ALPHABETS["latin"].search(text) or set(_NOT_LATIN.findall(text)) - _TWINS:
        return
    for found in _WORD.finditer(text):
        if len(found.group()) > 1 and _TWINS.issuperset(found.group()):
            yield found.group()


def stylised(text: str) -> Iterator[tuple[str, str]]:
    """Yield characters that stand for a plain one (𝐀 for A, ＄ for $), with it."""
    if text.isascii():
        return
    for char in dict.fromkeys(text):
        if not char.isascii() and char not in _ORDINARY and not char.isdecimal():
            plain = unicodedata.normalize("NFKC", char)
            if plain != unicodedata.normalize("NFC", char) and plain.isascii() and len(plain) <= 4 and plain.strip():
                yield char, plain


def speaks_of_deciding(text: str) -> str:
    """Return the first words that speak in the place of the desk, its people or its policy, or nothing."""
    found = _DECIDING.search(text)
    return found.group() if found else ""
