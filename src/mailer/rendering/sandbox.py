"""What a template may reach: plain values, and of everything else the fields but no methods.

Jinja's own sandbox hides what begins with an underscore and trusts every other method. A campaign is a pydantic model,
whose inherited `parse_raw` unpickles the text that it is given: with it a body could run any program. So methods can be
called on the plain values listed here and on nothing else, whatever a library adds to its classes.

It also keeps two short expressions from taking all memory or time, at compile time as in an edition. Whoever writes a
template can still write a loop that runs long: that stops their own `check`, and no worker.
"""

import re
from collections.abc import Sized
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from jinja2.runtime import Context, LoopContext, Macro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.utils import Cycler

from mailer.edition.filters import MOST_CHARACTERS
from mailer.edition.operations import power
from mailer.rendering.problems import TemplateFault

#: What pads a text to any width in one short expression: there is no use for it in a mail.
PADDING_FILTERS = ("center", "format")
_PADDING_METHODS = frozenset({"center", "expandtabs", "ljust", "rjust", "zfill"})
_WIDE = re.compile(r"%[^a-zA-Z%]*(?:\d{4}|\*)")
_WITH_METHODS = (str, int, float, Decimal, list, tuple, dict, frozenset, date, timedelta, LoopContext, Cycler)


class Sandbox(SandboxedEnvironment):
    """Jinja's sandbox, narrowed."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Whether a template may see `obj.attr`, which is `value`. Macros are what an imported template consists of."""
        if callable(value) and not isinstance(value, Macro) and not isinstance(obj, _WITH_METHODS):
            return False
        if isinstance(obj, str) and attr in _PADDING_METHODS:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """`*`, `**` and `%`, within bounds; what has them in its syntax is not worked out when a template is parsed."""
        if operator == "**":
            return power(left, right)
        if operator == "%":
            if isinstance(left, str) and _WIDE.search(left):
                raise TemplateFault("this pads a text beyond all measure", "take the width out")
            return super().call_binop(context, operator, left, right)
        for text, times in ((left, right), (right, left)):
            if isinstance(text, Sized) and isinstance(times, int) and len(text) * times > MOST_CHARACTERS:
                raise TemplateFault(f"this is longer than {MOST_CHARACTERS:,} characters", "repeat it less often")
        return super().call_binop(context, operator, left, right)
