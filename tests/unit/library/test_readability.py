import pytest

from bot.library.readability import grade, syllables


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("pain", 1),
        ("moves", 1),
        ("used", 1),
        ("needed", 2),
        ("little", 2),
        ("something", 2),
        ("changes", 2),
        ("exercise", 3),
        ("movement", 2),
        ("idea", 3),
        ("patient", 2),
        ("medicine", 3),
        ("activity", 4),
        ("inflammation", 4),
        ("don't", 1),
    ],
)
def test_syllables_are_counted_as_spoken(word: str, count: int) -> None:
    assert syllables(word) == count


def test_plain_words_in_short_sentences_are_easier_than_long_ones() -> None:
    plain = "Start small. Do it each day. If it hurts too much, do a bit less."
    hard = (
        "Initiate interventions conservatively and subsequently increase according to individual tolerance."
    )
    assert grade(plain) < 3
    assert grade(hard) > 12


def test_a_few_words_have_no_grade() -> None:
    assert grade("Extraordinarily uncharacteristic individualisation") == 0.0
