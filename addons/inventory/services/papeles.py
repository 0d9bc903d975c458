"""The sheet of a count, on paper. Source: módulo 2."""

from sqlalchemy import select

from addons.base.models import Configuracion
from addons.inventory.models import Almacen, Producto
from addons.inventory.services.conteos import ver_conteo
from addons.sales import documents
from kernel.context import Ctx
from kernel.errors import Unprocessable, ValidationFailed

MAX_LINEAS = 2000
"""Lines of a sheet that is printed; more are for a spreadsheet, or for two counts."""


def papel_de_conteo(ctx: Ctx, conteo_id: int) -> tuple[str, str]:
    """Return the name of a sheet's file, without its ending, and the sheet as a page.

    It does not say what the system expects.

    Raises:
        NotFound: there is no such count within reach.
        Unprocessable: it has more lines than anybody prints.
    """
    conteo = ver_conteo(ctx, conteo_id)
    if len(conteo.lineas) > MAX_LINEAS:
        text = f"La hoja pasa de {MAX_LINEAS} líneas; cuente menos productos, o pida un XLSX."
        raise Unprocessable(text, code="reporte_demasiado_largo")
    empresa = ctx.session.get(Configuracion, 1)
    if empresa is None:
        raise ValidationFailed("Configure primero los datos de la empresa.", code="sin_empresa")
    campos = ("razon_social", "nombre_comercial", "ruc", "direccion")
    ids = {linea.producto_id for linea in conteo.lineas}
    unidades = select(Producto.id, Producto.unidad_medida).where(Producto.id.in_(ids))
    pagina = documents.render(
        "hoja_de_conteo.html",
        ctx.time_zone,
        package="addons.inventory",
        conteo=conteo,
        almacen=ctx.session.get_one(Almacen, conteo.almacen_id).nombre,
        empresa=documents.empresa_de({nombre: getattr(empresa, nombre) for nombre in campos}),
        con_lotes=any(linea.lote_id for linea in conteo.lineas),
        unidades={uno[0]: uno[1] for uno in ctx.session.execute(unidades)},
    )
    return f"conteo-{conteo.id}", pagina
