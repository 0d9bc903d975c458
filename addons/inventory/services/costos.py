"""What stock is worth: the weighted average of what came in, 6 decimals. Pure functions."""

from decimal import Decimal

from kernel.money import round_half_up

MILLONESIMO = Decimal("0.000001")


def valor(*conocidos: Decimal | None) -> Decimal | None:
    """Return the first cost that is known, with 6 decimals; None where none is."""
    for uno in conocidos:
        if uno is not None:
            return round_half_up(uno, MILLONESIMO)
    return None


def al_entrar(
    stock: Decimal, promedio: Decimal | None, cantidad: Decimal, costo: Decimal | None
) -> Decimal | None:
    """Return what a unit is worth after goods came in.

    Where nothing was left, or nobody knows what it cost, the cost of what comes in counts for all.
    """
    if costo is None:
        return promedio
    if promedio is None or stock <= 0:
        return costo
    total = stock * promedio + cantidad * costo
    return round_half_up(total / (stock + cantidad), MILLONESIMO)
