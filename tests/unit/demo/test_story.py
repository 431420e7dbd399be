from mailer.demo.story import Story


def test_a_story_knows_what_is_done_what_is_happening_and_what_comes():
    told = []
    story = Story(["People come.", "Mail goes.", "One leaves."], tell=told.append)
    assert [(step.state, step.text) for step in story.steps()] == [
        ("now", "People come."),
        ("next", "Mail goes."),
        ("next", "One leaves."),
    ]
    story.happened("200 people came.", link="/inbox/1", label="See one.")
    assert [(step.state, step.text) for step in story.steps()] == [
        ("done", "200 people came."),
        ("now", "Mail goes."),
        ("next", "One leaves."),
    ]
    story.happened("200 messages went.")
    story.happened("Ana left.")
    assert {step.state for step in story.steps()} == {"done"}
    assert [step.link for step in story.steps()] == ["/inbox/1", "", ""]
    assert told == ["200 people came.", "200 messages went.", "Ana left."]
