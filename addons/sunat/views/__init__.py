"""Screens and menus of sunat, by subject."""

from addons.sunat.views.comprobantes import COMPROBANTES
from addons.sunat.views.empresa import EMPRESA
from addons.sunat.views.guias import GUIAS
from addons.sunat.views.menus import DE_TRANSFERENCIAS, MENUS, PATCHES
from addons.sunat.views.resumenes import RESUMENES
from addons.sunat.views.retenciones import RETENCIONES
from addons.sunat.views.validez import VALIDEZ

VIEWS = [*COMPROBANTES, *RESUMENES, *EMPRESA, *GUIAS, *RETENCIONES, *VALIDEZ]

__all__ = ["DE_TRANSFERENCIAS", "MENUS", "PATCHES", "VIEWS"]
