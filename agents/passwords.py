"""Passwords that whoever guesses tries first: common ones and what is made of them, rows of keys, words of this house.

Nobody is asked what has leaked: that would tell somebody outside. Of the 20,000 most common passwords that Django brings,
190 are as long as we ask for; so what a guesser makes of the short ones is refused with them.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

#: So many characters must be left when rows of keys and words of this house are taken out.
FEWEST_LEFT = 8
SHORTEST_WORD = SHORTEST_ROW = 4
#: Besides these: the words in the address people come by (the company's), and in the account's own names and address.
HOUSE_WORDS = ("countersign",)
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik", "1q2w3e4r5t6y7u8i9o0p",
)  # fmt: skip
_AS_LETTERS = str.maketrans("013457@$!", "oieastasi")
_PIECES = frozenset(
    row[start : start + SHORTEST_ROW]
    for line in _ROWS
    for row in (line, line[::-1])
    for start in range(len(row) - SHORTEST_ROW + 1)
)


class GuessableValidator:
    """Refuses, as one of Django's validators of passwords, what can be guessed. Capitals make no difference."""

    @cached_property
    def common(self) -> set[str]:
        return CommonPasswordValidator().passwords

    def validate(self, password: str, user=None) -> None:
        """Raise ValidationError, saying why, for a password that is tried first."""
        for form in _forms(password):
            if not self.common.isdisjoint({form, _core(form), _unit(form), _core(_unit(form)), _unit(_core(form))}):
                raise ValidationError("This password is common, or made of one that is.", code="password_common")
            if len(_unit(form)) < min(FEWEST_LEFT, len(form)):
                raise ValidationError("This password repeats something short.", code="password_repeats")
            left = _without_words(_without_rows(form), words_of_the_house(user))
            if left != form and len(_core(left)) < FEWEST_LEFT:
                said = "This password is little else than neighbouring keys, or names of this place or person."
                raise ValidationError(said, code="password_guessable")

    def get_help_text(self) -> str:
        return "Your password can't be a common one, a row of keys, or made of names of this place or of yours."


def words_of_the_house(person) -> set[str]:
    """Return the words that are no secret here, small: the product's, the address', and the person's own."""
    own = (getattr(person, name, "") or "" for name in ("username", "first_name", "last_name", "email"))
    return {
        word for text in (*HOUSE_WORDS, urlsplit(settings.PUBLIC_URL).hostname or "", *own) for word in _words(text)
    }


def _words(text: str) -> Iterator[str]:
    return (word for word in re.split(r"[\W_]+", text.lower()) if len(word) >= SHORTEST_WORD)


def _forms(password: str) -> Iterable[str]:
    """Return it small, also without the spaces and the signs around it, and with the letters that digits and signs stand
    for."""
    small = password.lower()
    forms = (small, small.strip(), re.sub(r"^[\W_]+|[\W_]+$", "", small))
    return dict.fromkeys((*forms, *(form.translate(_AS_LETTERS) for form in forms)))


def _core(form: str) -> str:
    """Return it without the digits and signs around it."""
    return re.sub(r"^[\W\d_]+|[\W\d_]+$", "", form)


def _unit(form: str) -> str:
    """Return what it repeats, or itself."""
    return form[: (form + form).find(form, 1)]


def _without_rows(form: str) -> str:
    """Return it without any four or more keys that stand in a row."""
    inside = {
        place
        for start in range(len(form) - SHORTEST_ROW + 1)
        if form[start : start + SHORTEST_ROW] in _PIECES
        for place in range(start, start + SHORTEST_ROW)
    }
    return "".join(char for place, char in enumerate(form) if place not in inside)


def _without_words(form: str, words: Collection[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        form = form.replace(word, "")
    return form
