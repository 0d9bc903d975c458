"""The small shop that tests begin with, as the installed addons give it (their ``testing.py``)."""

from __future__ import annotations

from kernel.testing.instance import under_test

INSTALLED = {one.name for one in under_test()}

if "inventory" in INSTALLED:
    from addons.base.testing import CONFINED, PASSWORD, USERS
    from addons.inventory.testing import STOCK, Shop
    from addons.sales.testing import PRECIO, abrir_caja
elif "sales" in INSTALLED:
    from addons.base.testing import CONFINED, PASSWORD, USERS
    from addons.sales.testing import PRECIO, Shop, abrir_caja
else:
    from addons.base.testing import CONFINED, PASSWORD, USERS, Shop

__all__ = ["CONFINED", "PASSWORD", "PRECIO", "STOCK", "USERS", "Shop", "abrir_caja"]
