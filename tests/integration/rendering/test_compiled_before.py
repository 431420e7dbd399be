"""What a process has compiled before changes nothing of what it compiles now."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from compiling import around, write
from mailer.errors import InputProblems
from mailer.rendering.compile import compile_campaign

WRONG = "{{ subscriber.frist_name }}\n"


def compiled(root, body):
    return compile_campaign(write(root, body), around(root)).edition


def test_a_mistake_that_is_taken_back_is_not_said_again(tmp_path):
    before = compiled(tmp_path, "Words.\n")
    with pytest.raises(InputProblems, match="frist_name"):
        compiled(tmp_path, WRONG)
    assert compiled(tmp_path, "Words.\n") == before
    with pytest.raises(InputProblems, match="frist_name"):
        compiled(tmp_path, WRONG)


def test_threads_that_compile_at_once_do_not_get_into_each_others_texts(tmp_path):
    """A scheduler composes what is due and a proof in two threads."""
    file = write(tmp_path, "Words, {{ subscriber.first_name | default('friend') }}.\n")
    other = write(tmp_path, WRONG)

    def attempt(one):
        try:
            return compile_campaign(one, around(tmp_path)).edition
        except InputProblems:
            return None

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(attempt, [file, other] * 8))
    assert found[1::2] == [None] * 8
    assert found[0] is not None
    assert all(one == found[0] for one in found[::2])
