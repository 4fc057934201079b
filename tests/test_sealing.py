import pytest

from service.log.sealing import SealingError, commit, open_field, seal

SALT = bytes(range(32))
NOTE = "Deeply disappointing \u2013 £1m"
HEX = "b0737687569419405b0d2309fc855bbc631bdcec62736812a74b3036d1a74034"


def test_the_commitment_is_that_of_the_specification():
    assert commit("note", SALT, f'"{NOTE}"'.encode()).hex() == HEX


def test_a_sealed_field_is_opened_again():
    sealed, [opening] = seal({"note": NOTE}, {"note": SALT})
    assert sealed == {"note": opening.commitment}
    assert open_field(opening, sealed["note"]) == NOTE


def test_every_salt_is_fresh():
    words = {"note": NOTE, "title": NOTE}
    salts = {each.salt for _ in range(10) for each in seal(words)[1]}
    assert len(salts) == 20
    assert {len(salt) for salt in salts} == {32}


@pytest.mark.parametrize(
    "change",
    [{"name": "nota"}, {"salt": bytes(32)}, {"salt": b""}, {"value": b'"other"'}],
)
def test_an_opening_that_does_not_fit_is_refused(change):
    sealed, [opening] = seal({"note": NOTE})
    with pytest.raises(SealingError):
        open_field(opening._replace(**change), sealed["note"])


@pytest.mark.parametrize(
    ("words", "salts"),
    [
        ({"note": None}, None),
        ({"note": "\0"}, None),
        ({"note": 0.5}, None),
        ({"note": NOTE}, {}),
        ({"note": NOTE}, {"title": SALT}),
        ({"note": NOTE}, {"note": SALT, "title": SALT}),
        ({"note": NOTE}, {"note": SALT[:31]}),
    ],
)
def test_what_cannot_be_sealed_is_refused(words, salts):
    with pytest.raises(SealingError):
        seal(words, salts)
