"""The web client: what its pages cost at the server, and what a browser loads.

``python -m bench.web [--quick]``. One web process over 1,000,000 sales answers one browser that
asks for one page after the other: the list of 50 sales as it opens, sorted by total, the part of a
page that a search asks for with each letter, what Ctrl+K finds, and a form. Then 100,000 sales of
three sucursales in groups, with three sums: the page of the first level, and what is in a group, of
the second, of the third, and its records, as a click on each asks for it. Times are those of the
whole answer over the loopback. Sizes are what goes over the wire, compressed.
"""

from __future__ import annotations

import argparse
import html
import http.client
import re
import time
from collections.abc import Mapping, Sequence
from urllib.parse import quote

from bench import company, contestants, product, report
from bench.lab import Lab, LabError

DATABASE = "shop"
GROUPED_DATABASE = "groups"
SALES, QUICK_SALES = 1_000_000, 50_000
GROUPED_SALES = 100_000
TIMES, QUICK_TIMES = 300, 60
GROUPED_TIMES = 30
WARM = 10
PART = {"HX-Request": "true", "HX-Target": "section#list"}
FOUND = {"HX-Request": "true", "HX-Target": "div#found"}
GROUP = {"HX-Request": "true", "HX-Target": "tr#group"}
GROUPINGS = (
    "sucursal_id,fecha:month,estado",
    "cliente_id,sucursal_id,fecha:year",
    "fecha:day,cliente_id,estado",
    "estado,cliente_id,fecha:day",
)
SUMMED = "serie,numero,fecha,cliente_id,subtotal,igv,total,estado"
LEVELS = ("groups", "second level", "third level", "records of a group")
LETTERS = ("c", "cl", "cli", "cliente 1", "cliente 19", "cliente 199")
KIB = 1024
MOST_MS = {"list of 50 sales": 50.0, "search, letter by letter": 150.0, "Ctrl+K": 150.0}
MOST_GROUPED_MS = 300.0
MOST_KIB = {"HTML of the list": 15.0, "first load": 60.0, "JavaScript": 30.0}
_ASSET = re.compile(r'(?:href|src)="(/static/[^"#]+)')
_TWIST = re.compile(r'class="twist" href="([^"]+)"')


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_SALES:,} sales")
    chosen = parser.parse_args()
    sales = QUICK_SALES if chosen.quick else SALES
    with Lab() as lab:
        port, token = prepare(lab, sales)
        browser = Browser(port, token)
        rounds = QUICK_TIMES if chosen.quick else TIMES
        times = {name: measure(browser, acts, rounds) for name, acts in pages().items()}
        sizes = weigh(browser)
        grouped = measure_groups(Browser(*prepare_groups(lab)))
    report.say(report.machine())
    well = show(sales, times, sizes)
    raise SystemExit(0 if show_groups(grouped) and well else 1)


def prepare(lab: Lab, sales: int) -> tuple[int, str]:
    """Return the port of the product over a company with its history, and a cashier's token."""
    product.make_template(lab)
    lab.copy_database(DATABASE, product.TEMPLATE, product.OWNER)
    return start(lab, DATABASE, 1, sales)


def prepare_groups(lab: Lab) -> tuple[int, str]:
    """Return the port of the product over sales of three sucursales, and a cashier's token."""
    lab.copy_database(GROUPED_DATABASE, product.TEMPLATE, product.OWNER)
    return start(lab, GROUPED_DATABASE, company.BRANCHES, GROUPED_SALES)


def start(lab: Lab, database: str, clients: int, sales: int) -> tuple[int, str]:
    """Fill a copy of the template, and return the port of the product and a cashier's token."""
    with lab.connection(database) as connection:
        company.fill(connection, clients)
        company.fill_sales(connection, sales)
        client, *_ = company.clients_of(connection)
    return contestants.start_andes(lab, database).port, client.token


Act = tuple[str, Mapping[str, str]]


def pages() -> dict[str, Sequence[Act]]:
    """Return what is asked for, by name."""
    return {
        "list of 50 sales": [("/app/ventas/", {})],
        "the same, by total": [("/app/ventas/?sort=-total", {})],
        "search, letter by letter": [(f"/app/clientes/?q={quote(q)}", PART) for q in LETTERS],
        "Ctrl+K": [(f"/app/buscar/?q={quote(q)}", FOUND) for q in LETTERS],
        "form of a sale, beside its list": [("/app/ventas/1/", {})],
    }


class Browser:
    """One connection that asks one thing after the other."""

    def __init__(self, port: int, token: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self._headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "gzip"}

    def get(self, path: str, more: Mapping[str, str]) -> bytes:
        """Return the answer as it comes over the wire.

        Raises:
            LabError: it is not a page.
        """
        self._connection.request("GET", path, headers={**self._headers, **more})
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise LabError(f"{path}: {answer.status} {body[:200]!r}")
        return body


def measure(browser: Browser, acts: Sequence[Act], rounds: int) -> list[float]:
    """Return the milliseconds of each answer."""
    found = []
    for turn in range(-WARM, rounds):
        path, more = acts[turn % len(acts)]
        started = time.perf_counter()
        browser.get(path, more)
        if turn >= 0:
            found.append((time.perf_counter() - started) * 1000)
    return found


def measure_groups(browser: Browser) -> dict[str, dict[str, list[float]]]:
    """Return the milliseconds of each level of each grouping, its first group opened each time."""
    return {one: _measure_levels(browser, one) for one in GROUPINGS}


def _measure_levels(browser: Browser, grouping: str) -> dict[str, list[float]]:
    path, more = f"/app/ventas/?_cols={SUMMED}&_por={grouping}", dict[str, str]()
    found = {}
    for level in LEVELS:
        found[level] = measure(browser, [(path, more)], GROUPED_TIMES)
        if level != LEVELS[-1]:
            shown = browser.get(path, {**more, "Accept-Encoding": "identity"}).decode()
            twist = _TWIST.search(shown)
            if twist is None:
                raise LabError(f"{path}: no group to open")
            path, more = html.unescape(twist[1]), GROUP
    return found


def weigh(browser: Browser) -> dict[str, float]:
    """Return KiB over the wire: the page, all that it loads but the font, its scripts."""
    page = browser.get("/app/ventas/", {})
    plain = browser.get("/app/ventas/", {"Accept-Encoding": "identity"}).decode()
    loaded = {path: len(browser.get(path, {})) for path in sorted(set(_ASSET.findall(plain)))}
    shown = {path: size for path, size in loaded.items() if "woff2" not in path}
    scripts = [size for path, size in shown.items() if path.partition("?")[0].endswith(".js")]
    return {
        "HTML of the list": len(page) / KIB,
        "first load": (len(page) + sum(shown.values())) / KIB,
        "JavaScript": sum(scripts) / KIB,
    }


def show(sales: int, times: Mapping[str, Sequence[float]], sizes: Mapping[str, float]) -> bool:
    """Print what was measured, and return whether all of it is as promised."""
    report.say("", f"One web process, one browser, {sales:,} sales; milliseconds")
    rows = [(name, *(f"{one:.1f}" for one in _parts(found))) for name, found in times.items()]
    report.table(("page", "p50", "p95"), rows)
    well = True
    for name, most in MOST_MS.items():
        well &= report.verdict(f"{name}: p95 ms", _parts(times[name])[1], most=most)
    for name, most in MOST_KIB.items():
        well &= report.verdict(f"{name}: KiB", sizes[name], most=most)
    return well


def show_groups(times: Mapping[str, Mapping[str, Sequence[float]]]) -> bool:
    """Print what groups cost, and return whether the slowest of them is as promised."""
    report.say("", f"Groups of {GROUPED_SALES:,} sales with three sums; p95 in milliseconds")
    rows = [
        (grouping, *(f"{_parts(levels[one])[1]:.1f}" for one in LEVELS))
        for grouping, levels in times.items()
    ]
    report.table(("by", *LEVELS), rows)
    slowest = max(_parts(one)[1] for levels in times.values() for one in levels.values())
    return report.verdict("any level of groups: p95 ms", slowest, most=MOST_GROUPED_MS)


def _parts(found: Sequence[float]) -> tuple[float, float]:
    return report.percentile(found, 0.5), report.percentile(found, 0.95)


if __name__ == "__main__":
    main()
