import pytest
from starlette.exceptions import HTTPException

from mailer.web.leave import Action, wish


@pytest.mark.parametrize("value", ["One-Click", "one-click", "ONE-CLICK"])
def test_the_mailbox_providers_words_mean_leave(value):
    assert wish({"List-Unsubscribe": value}) is Action.LEAVE


@pytest.mark.parametrize("action", list(Action))
def test_every_button_is_understood(action):
    assert wish({"action": action.value}) is action


@pytest.mark.parametrize(
    "form", [{}, {"action": "subscribe"}, {"List-Unsubscribe": ""}, {"action": ""}, {"leave": "1"}]
)
def test_anything_else_is_refused(form):
    with pytest.raises(HTTPException) as refused:
        wish(form)
    assert refused.value.status_code == 400
