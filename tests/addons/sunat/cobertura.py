"""Where each ERROR code of SUNAT's sheet went: a rule, impossible as we write, or SUNAT's to know.

``python -m tests.addons.sunat.cobertura`` writes ``docs/sunat-reglas.md`` anew from the addon's
table of rules, from what is said here, and from the sheet that lies beside the checkout.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from addons.sunat.documents.reglas import todas
from kernel.manifest import ROOT
from tests.addons.sunat.facturas import SHARED

HOJA = SHARED / "rules" / "reglas-v20260212.tsv"
DOC = ROOT / "docs" / "sunat-reglas.md"
HOJAS = {
    "Factura2_0": "01",
    "Boleta2_0": "03",
    "NotaCredito2_0": "07",
    "NotaDebito2_0": "08",
    "Resumen_Diario1_1": "RC",
    "Comunicación_de_Baja1_0": "RA",
}

IMPOSIBLES = {
    "the writer always writes the element, with the value that its place asks for": """
        1003 1004 1007 1008 1035 1036 2015 2028 2036 2037 2052 2054 2068 2071 2072 2073 2074 2075
        2371 2373 2377 2410 2511 2520 2638 2788 2792 2954 2956 2961 2964 2992 2996 3000 3003 3007
        3029 3035 3050 3051 3059 3072 3073 3114 3115 3157 3158 3195 3208 3210 3211 3213 3214 3216
        3217 3220 3236 3237 3244 3245 3251 3254 3255 3256 3282 3287 3288 3305 3309 3310 3318
    """,
    "the writer writes the element once, or numbers it itself": """
        2409 2752 2884 3014 3024 3026 3067 3068 3089 3090 3194 3203 3212 3215 3247 3248 3261 3461
    """,
    "the amount is computed to the cent, within SUNAT's formula and format": """
        2031 2033 2064 2065 2416 2509 2640 2641 2797 2798 2993 3006 3016 3019 3020 3021 3025
        3052 3053 3057/3276 3092 3101 3103 3110 3224 3234 3238 3250 3263
        3264 3270 3271 3273 3274 3275 3276 3279 3290 3292 3293 3294 3295 3296 3298
        3300 3301 3302 3306 3307 3311
    """,
    "no document of ours has this element": """
        2426 2594 2635 2636 2637 3109 3297 3299 3313 3314
    """,
    "head and lines of a resumen or baja are written from signed comprobantes": """
        2218 2219 2220 2229 2238 2239 2241 2242 2251 2254 2255 2256 2257 2261 2263 2266 2268
        2269 2271 2275 2276 2278 2287 2288 2305 2306 2307 2308 2309 2310 2311 2312 2313 2315 2344
        2346 2355 2357 2411 2512 2513 2522 2582 2583 2896 2920 3094 3095 3096 2236 2301 2348 2671
    """,
    "a resumen or baja holds no more of the company's name than fits": "2228",
    "percepción of a boleta in a resumen is computed, in soles, and refused where it is none": """
        2517 2605 2608 2685 2690 2891 2893 2895 2897 2986
    """,
    "documents of supervised companies (series S) are not issued": "2581",
}
"""Why a code cannot come of a document that Andes wrote, and which codes."""

SOLO_SUNAT = {
    "SUNAT's registers say it: who is active, enrolled, authorised": """
        1078 1080 1083 1083/3202 1086 2010 2010/2226/2294/2539 2011 2011/2540 2529 2601 3097 3239
        3269 3281
    """,
    "what SUNAT has registered says it": """
        1032 1033 1033/2109 1084 2105 2223 2282 2323 2324 2375 2398 2404 2663 2957 2987 2988 2989
        2990 3207 3218 3219
    """,
}
"""What only SUNAT can know, and which codes."""


@dataclass(slots=True)
class Fila:
    """A code of the sheet, the documents that it is for, and what SUNAT says."""

    codigo: str
    texto: str
    documentos: list[str] = field(default_factory=list)


@cache
def hoja() -> dict[str, Fila]:
    """Return every ERROR code of the sheet, by code."""
    filas: dict[str, Fila] = {}
    with HOJA.open(encoding="utf-8", newline="") as abierta:
        for una in csv.DictReader(abierta, delimiter="\t"):
            tipo = HOJAS.get(una["document"])
            if tipo is None or una["severity"].strip() != "ERROR":
                continue
            fila = filas.setdefault(una["code"], Fila(una["code"], llano(una["message"])))
            if tipo not in fila.documentos:
                fila.documentos.append(tipo)
    return filas


def llano(texto: str) -> str:
    """Return a text of the sheet in one line, fit for a table."""
    return re.sub(r"\s+", " ", texto.replace("|", "/")).strip()


def razones(cuales: dict[str, str]) -> dict[str, str]:
    """Return the reason of each code."""
    return {codigo: razon for razon, todos in cuales.items() for codigo in todos.split()}


@cache
def implementados() -> dict[str, str]:
    """Return the module of the rules that tell a code, for each that is an ERROR."""
    modulos: dict[str, set[str]] = {}
    for una in todas():
        prueba = una.datos or una.de_totales or una.de_origen
        if una.severidad == "ERROR" and prueba is not None:
            modulo = prueba.__module__.rpartition(".")[2]
            modulos.setdefault(una.codigo, set()).add(modulo)
    return {codigo: ", ".join(sorted(suyos)) for codigo, suyos in modulos.items()}


def clases(codigo: str) -> list[str]:
    """Return everything that is said of a code; one thing, if the table is whole."""
    dichas = []
    suyo = next((uno for uno in codigo.split("/") if uno in implementados()), None)
    if suyo is not None:
        dichas.append(f"implemented: `{implementados()[suyo]}`")
    for clase, cuales in (("impossible", IMPOSIBLES), ("SUNAT only", SOLO_SUNAT)):
        if codigo in (suyas := razones(cuales)):
            dichas.append(f"{clase}: {suyas[codigo]}")
    return dichas


INTRO = """\
# SUNAT's rules, code by code

Every ERROR code of SUNAT's sheet "Validaciones" v20260212 for factura (01), boleta (03), notes \
(07, 08), resumen diario (RC) and comunicación de baja (RA), and where it went:

- **implemented**: a rule of `addons/sunat/documents/reglas/` tells it before a number is taken, \
with the field at fault and what to do; each has a test that breaks a good document in one place.
- **impossible**: a document that Andes writes cannot have this fault, for the reason given.
- **SUNAT only**: it depends on what SUNAT alone has; it is told by its answer.

| | codes |
|---|---|
"""


def pagina() -> str:
    """Return the page, whole."""
    filas = [hoja()[codigo] for codigo in sorted(hoja())]
    dichas = {fila.codigo: clases(fila.codigo)[0] for fila in filas}
    cuentas: dict[str, int] = {}
    for dicha in dichas.values():
        clase = dicha.partition(":")[0]
        cuentas[clase] = cuentas.get(clase, 0) + 1
    cuenta = "".join(f"| {clase} | {veces} |\n" for clase, veces in cuentas.items())
    cuerpo = "".join(
        f"| {fila.codigo} | {' '.join(sorted(fila.documentos))} | {fila.texto} "
        f"| {dichas[fila.codigo]} |\n"
        for fila in filas
    )
    pie = (
        "\nWritten by `python -m tests.addons.sunat.cobertura`; "
        "`tests/addons/sunat/test_cobertura.py` holds it to the sheet and to the rules.\n"
    )
    cabeza = "\n| code | for | SUNAT's text | where it went |\n|---|---|---|---|\n"
    return f"{INTRO}{cuenta}| all | {len(filas)} |\n{cabeza}{cuerpo}{pie}"


def escribir(en: Path = DOC) -> None:
    """Write the page."""
    en.write_text(pagina(), encoding="utf-8")


if __name__ == "__main__":
    escribir()
