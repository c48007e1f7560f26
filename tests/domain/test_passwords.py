"""Passwords that are tried first are refused, and whoever thinks of something of their own isn't bothered."""

import gzip
from pathlib import Path

import pytest
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.test import Client

from agents import people
from agents.models import Person
from agents.passwords import GuessableValidator, words_of_the_house
from audit.actors import Actor

ANA = Person(username="ana.kovacic", first_name="Ana Kovačić", email="ana@harbour-goods.example")
COMMON = Path(password_validation.__file__).with_name("common-passwords.txt.gz")


def code_of(password: str) -> str:
    try:
        GuessableValidator().validate(password, ANA)
    except ValidationError as refused:
        return refused.code
    return ""


@pytest.fixture(autouse=True)
def address(settings):
    settings.PUBLIC_URL = "https://desk.tidewater-trading.example"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("1qaz2wsx3edc", "password_common"),
        ("PASSWORD1234", "password_common"),
        ("p@ssw0rd!!!!", "password_common"),
        ("2026-Welcome-2026", "password_common"),
        ("passwordpassword", "password_common"),
        ("sunshine sunshine ", "password_common"),
        ("  q1w2e3r4t5y6 ", "password_common"),
        ("_-1z2x3c4v5b-_", "password_common"),
        ("-xk7xk7xk7xk7-", "password_repeats"),
        ("ååååååååååååå", "password_repeats"),
        ("12121212121212!", "password_common"),
        ("xk7xk7xk7xk7", "password_repeats"),
        ("qwertyuiopasdf", "password_guessable"),
        ("mno-9876543210-abcdef", "password_guessable"),
        ("Countersign2026!", "password_guessable"),
        ("c0unter5ign-2026", "password_guessable"),
        ("TidewaterTrading1", "password_guessable"),
        ("harbour-goods-17", "password_guessable"),
        ("Kovačić.ana.1985", "password_guessable"),
        ("tidewater-qwerty-1", "password_guessable"),
    ],
)
def test_what_is_tried_first_is_refused(password, code):
    assert code_of(password) == code


@pytest.mark.parametrize(
    "password",
    ["correct horse battery", "another good passphrase", "x7Kp2mQ9vL4t", "847392916482", "tidewater purple anvil moss",
     "mein Kätzchen frisst Käse", "🦊🌲🏔️🚂🎻🧀🪁🧭🫖🪴🎲🦉"],
)  # fmt: skip
def test_what_somebody_thought_of_is_taken(password):
    assert code_of(password) == ""


def test_every_common_password_is_refused_with_digits_around_it():
    """Of those with a letter at both ends: the 3,000 first, as long as the product asks for."""
    words = gzip.decompress(COMMON.read_bytes()).decode().splitlines()
    validator = GuessableValidator()
    for word in [one for one in words if one[:1].isalpha() and one[-1:].isalpha()][:3000]:
        with pytest.raises(ValidationError):
            validator.validate(word.ljust(12, "1"), ANA)


def test_the_words_of_the_house_are_the_product_the_company_and_the_person():
    assert {"countersign", "tidewater", "trading", "kovacic", "harbour", "goods"} <= words_of_the_house(ANA)
    assert words_of_the_house(None) >= {"countersign", "tidewater"}


def test_without_a_person_it_still_refuses():
    with pytest.raises(ValidationError):
        GuessableValidator().validate("Countersign2026!")


def test_the_product_asks_for_it():
    names = [type(one).__name__ for one in password_validation.get_default_password_validators()]
    assert "GuessableValidator" in names


@pytest.mark.django_db
def test_a_password_of_two_hundred_characters_is_taken_and_signs_in():
    password = " ".join(f"{number} geese" for number in range(100, 120))
    assert len(password) >= 199
    people.add(username="ana", by=Actor.SYSTEM, password=password)
    assert Client().login(username="ana", password=password)
    assert not Client().login(username="ana", password=password[:-1])
