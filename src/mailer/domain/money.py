"""An amount of money that prints as people write it: £11,791, £212.25."""

from dataclasses import dataclass
from decimal import Decimal

#: ISO 4217 codes whose sign everybody reads; others print as "PEN 1,200".
SIGNS = {"GBP": "£", "EUR": "€", "USD": "$", "BRL": "R$", "JPY": "¥"}


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """`amount` in whole units of `currency` (an ISO 4217 code); pence stand behind the point."""

    amount: Decimal
    currency: str = "GBP"

    def __str__(self) -> str:
        whole = self.amount == self.amount.to_integral_value()
        figures = f"{abs(self.amount):,.0f}" if whole else f"{abs(self.amount):,.2f}"
        minus = "−" if self.amount < 0 else ""
        sign = SIGNS.get(self.currency)
        return f"{minus}{sign}{figures}" if sign else f"{minus}{self.currency} {figures}"
