"""What a demo tells while it happens: the steps it will take, the one it is at, and what each came to."""

from collections.abc import Callable, Sequence

from mailer.web.inbox.pages import Step


class Story:
    """One thread tells it, others read `steps`."""

    def __init__(self, planned: Sequence[str], *, tell: Callable[[str], None]) -> None:
        """planned: a sentence for each step, in the future. tell: gets each sentence as it comes true."""
        self._planned = tuple(planned)
        self._happened: tuple[str, ...] = ()
        self._tell = tell

    def happened(self, sentence: str) -> None:
        """The step that was next has been taken, and this is what it came to."""
        assert len(self._happened) < len(self._planned)
        self._happened = (*self._happened, sentence)
        self._tell(sentence)

    def steps(self) -> list[Step]:
        happened = self._happened
        done = [Step(state="done", text=sentence) for sentence in happened]
        ahead = [Step(state="next", text=sentence) for sentence in self._planned[len(happened) :]]
        return done + [Step(state="now", text=one.text) for one in ahead[:1]] + ahead[1:]
