"""Screens and menus of inventory, by subject."""

from addons.inventory.views.conteos import CONTEOS
from addons.inventory.views.existencias import EXISTENCIAS
from addons.inventory.views.lotes import LOTES
from addons.inventory.views.menus import MENUS, PATCHES, STEPS
from addons.inventory.views.reservas import RESERVAS
from addons.inventory.views.transferencias import TRANSFERENCIAS

VIEWS = [*EXISTENCIAS, *LOTES, *TRANSFERENCIAS, *RESERVAS, *CONTEOS]

__all__ = ["MENUS", "PATCHES", "STEPS", "VIEWS"]
