"""What a demo tells while it happens: the steps it will take, the one it is at, and what each came to."""

from collections.abc import Callable, Sequence

from mailer.web.inbox.pages import Step


class Story:
    """One thread tells it, others read `steps`."""

    def __init__(self, planned: Sequence[str], *, tell: Callable[[str], None]) -> None:
        """planned: a sentence for each step, in the future. tell: gets each sentence as it comes true."""
        self._planned = tuple(planned)
        self._taken: tuple[Step, ...] = ()
        self._tell = tell

    def happened(self, sentence: str, *, link: str = "", label: str = "") -> None:
        """The step that was next has been taken, and this is what it came to. link: where that can be seen."""
        assert len(self._taken) < len(self._planned)
        self._taken = (*self._taken, Step(state="done", text=sentence, link=link, label=label))
        self._tell(sentence)

    def steps(self) -> list[Step]:
        taken = self._taken
        ahead = self._planned[len(taken) :]
        return [*taken, *(Step(state="next" if number else "now", text=text) for number, text in enumerate(ahead))]
