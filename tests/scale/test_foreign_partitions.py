from benchmarks.storage import main


def test_a_question_in_a_county_reaches_the_other_server_whole_and_only_then(capsys):
    found = main(400, 2)
    assert set(found["here"]) == set(found["async_capable"])
    said = capsys.readouterr().out
    # The other server is asked for the box, not for its rows; a county here does without it.
    assert "public.st_intersects" in said
    assert "of a county here: answered" in said
    assert "of a county there: refused" in said
