"""Tokens: the words of a text, and what a search asks for."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import tokens
from schemas.tokens import UnreadableSearchError, folded, sought


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("West Mercia POLICE", "west mercia police"),
        ("ŵyl Môn, Ynys Môn", "wyl mon ynys mon"),
        ("the force\u2019s women's plans", "the force women plans"),
        ("O\u2019Brien don't", "obrien dont"),
        ("Devon & Cornwall", "devon and cornwall"),
        ("holding-to-account (2024/25): £1.2m", "holding to account 2024 25 1 2m"),
        ("Straße ﬁne № ½", "strasse fine 1 2"),
        ("警察 Дюма", "警察 дюма"),
        ("snake_case\tand\nlines", "snake case and lines"),
        ('— … \' ** ""', ""),
        ("x" * 100, "x" * tokens.LONGEST),
    ],
)
def test_words_are_what_case_accents_and_signs_do_not_change(text, words):
    assert folded(text) == words


@given(st.text(alphabet=st.sampled_from("aZ9é\u2019'&_- \n½İß警\u030c"), max_size=30))
@settings(max_examples=300, deadline=None)
def test_each_word_stands_where_its_text_has_it(text):
    found = list(tokens.tokens(text))
    assert folded(text) == " ".join(each.word for each in found)
    for each in found:
        assert each.word in folded(text[each.start : each.end]).split()
    places = [(each.start, each.end) for each in found]
    assert places == sorted(places)


@given(st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_folding_is_done_once(text):
    assert folded(folded(text)) == folded(text)


@given(st.text(alphabet=st.characters(max_codepoint=127), max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_short_way_for_ascii_gives_the_same_words(text):
    longer = folded(f"{text} é")
    assert longer.removesuffix("e").rstrip() == folded(text)


def test_a_search_has_words_beginnings_and_phrases():
    found = sought('Police "West Mercia" pol* section-55 police')
    assert found.words == ("police", "west", "mercia", "section", "55")
    assert found.beginnings == ("pol",)
    assert found.phrases == (("west", "mercia"), ("section", "55"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"west mercia', "quotes come in pairs"),
        ("", "Nothing in it is a word"),
        ('*** "" — OR', None),
        ("—", "Nothing in it is a word"),
        ("a*", "2 letters at least"),
        (" ".join(f"w{n}" for n in range(21)), "More than 20 words"),
    ],
)
def test_a_search_that_cannot_be_read_is_refused(text, says):
    if says is None:
        assert sought(text).words == ("or",)
        return
    with pytest.raises(UnreadableSearchError, match=says):
        sought(text)
