from lh_eval.tasks.building.marking import Piece, around_needles


def test_prompts_are_cut_around_their_needles():
    pieces = [
        Piece("a" * 9, False),
        Piece("N" * 9, True),
        Piece("b" * 9, False),
        Piece("M", True),
        Piece("cccc", False),
    ]
    assert around_needles(pieces, 3) == [
        Piece(" … aaa", False),
        Piece("N" * 9, True),
        Piece("bbb … bbb", False),
        Piece("M", True),
        Piece("ccc … ", False),
    ]
    assert around_needles(pieces, 9) == pieces


def test_of_a_prompt_without_a_needle_the_end_is_left():
    assert around_needles([Piece("abcdef", False)], 2) == [Piece(" … ef", False)]
