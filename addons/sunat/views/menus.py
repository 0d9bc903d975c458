"""The menu of sunat, and what it puts into screens of sales."""

from kernel.views import Link, Menu, Patch

PATCHES = [
    Patch(
        "sales.ventas.form",
        Link(
            "comprobantes",
            "Comprobantes",
            "/app/facturacion/comprobantes/?venta_id={id}",
            "receipt",
        ),
        inside="links",
    ),
    Patch(
        "sales.ventas.form",
        Link(
            "guia",
            "Guía de remisión",
            "/app/facturacion/guias/nuevo/?venta_id={id}",
            "truck",
            ("registrada",),
        ),
        inside="links",
    ),
    Patch(
        "sales.ventas.form",
        Link(
            "emitir",
            "Emitir comprobante",
            "/app/facturacion/comprobantes/nuevo/?venta_id={id}",
            "plus",
            ("registrada",),
        ),
        inside="links",
    ),
]

DE_TRANSFERENCIAS = [
    Patch(
        "inventory.transferencias.form",
        Link(
            "guia",
            "Guía de remisión",
            "/app/facturacion/guias/nuevo/?referencia_doc=transferencia:{id}",
            "truck",
            ("ENVIADA",),
        ),
        inside="links",
    ),
]
"""For screens of inventory, where that is installed."""

MENUS = [
    Menu(
        "sunat.comprobantes",
        "Comprobantes",
        "sunat.comprobantes.list",
        "base.tributario",
        "receipt",
        310,
    ),
    Menu(
        "sunat.cola",
        "Cola de SUNAT",
        parent="base.tributario",
        icon="hourglass",
        order=319,
        page="/app/facturacion/cola/",
        permission="facturacion.ver",
    ),
    Menu("sunat.envios", "Envíos a SUNAT", "sunat.envios.list", "base.tributario", "send", 320),
    Menu(
        "sunat.resumenes",
        "Resúmenes y bajas",
        "sunat.resumenes.list",
        "base.tributario",
        "layers",
        322,
    ),
    Menu("sunat.bajas", "Bajas pedidas", "sunat.bajas.list", "base.tributario", "ban", 324),
    Menu("sunat.series", "Series", "sunat.series.list", "base.tributario", "hash", 330),
    Menu(
        "sunat.certificados",
        "Certificados",
        "sunat.certificados.list",
        "base.tributario",
        "key-round",
        340,
    ),
    Menu(
        "sunat.notas",
        "Notas de crédito y débito",
        "sunat.notas.list",
        "base.tributario",
        "undo",
        312,
    ),
    Menu("sunat.guias", "Guías de remisión", "sunat.guias.list", "base.tributario", "truck", 314),
    Menu(
        "sunat.borradores",
        "Guías por emitir",
        "sunat.borradores.list",
        "base.tributario",
        "clipboard-pen",
        315,
        badge="/api/facturacion/guias-por-emitir/cuantas/",
    ),
    Menu(
        "sunat.validez",
        "Validez de comprobantes",
        "sunat.validez.list",
        "base.tributario",
        "badge-check",
        318,
    ),
    Menu(
        "sunat.correlativos",
        "Correlativos",
        parent="base.tributario",
        icon="list-ordered",
        order=332,
        page="/app/facturacion/correlativos/",
        permission="facturacion.reenviar",
    ),
    Menu(
        "sunat.retenciones",
        "Retenciones y percepciones",
        "sunat.retenciones.list",
        "base.tributario",
        "percent",
        316,
    ),
]
