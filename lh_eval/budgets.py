"""A setting's budget as people read it: `k=512`, `ratio=0.5`."""


def budget_text(name: str | None, budget: float) -> str:
    """What stands behind a family's name, and over a panel of its row.

    Args:
        name: what the budget is: `k`, `tokens`, `top`, `ratio`; where None, the number stands alone.
        budget: its value; whole numbers are written in full.
    """
    value = str(int(budget)) if float(budget).is_integer() else f"{budget:g}"
    return f"{name}={value}" if name else value
