// Amounts of a sale, exactly as the server computes them (services/importes.py): whole numbers of
// cents, quantities of four decimals and prices of six, as BigInt. Halves are rounded up.

const UNIT = 10n ** 4n;

export function scaled(plain, places) {
  const found = /^(\d*)(?:\.(\d*))?$/.exec(plain);
  const decimals = found?.[2]?.replace(/0+$/, "") ?? "";
  if (!found || !/\d/.test(plain) || found[1].length > 10 || decimals.length > places) return null;
  return BigInt(found[1] + decimals.padEnd(places, "0"));
}

export function plain(value, places = 2) {
  const digits = String(value).padStart(places + 1, "0");
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

// What a person typed, in the company's format or with a point: 1.234,50 or 1,234.50 → 1234.50.
export function read(typed, how) {
  const given = typed.replace(/\s|'/g, "");
  const groups = how.miles === "." ? /^\d{1,3}(\.\d{3})+(,\d*)?$/ : /^\d{1,3}(,\d{3})+(\.\d*)?$/;
  return (groups.test(given) ? given.replaceAll(how.miles, "") : given).replace(",", ".");
}

export const divide = (value, by) => (2n * value + by) / (2n * by);
export const gross = (line) => divide(line.cantidad * line.precio, 10n ** 8n);

// A unit price or a quantity, without the zeros that say nothing.
export function number(value, places, how, least = 0) {
  const [whole, decimals] = plain(value, places).split(".");
  const kept = decimals.replace(/0+$/, "").padEnd(least, "0");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, how.miles);
  return kept ? `${grouped}${how.decimal}${kept}` : grouped;
}

export const amount = (value, how) => number(how.cifras ? value : divide(value, 100n) * 100n, 2, how, how.cifras);
export const money = (value, how) => `${how.simbolo} ${amount(value, how)}`;

// "5" is an amount, "10%" a share of what it is taken off; null is neither, or too much.
export function discount(typed, of) {
  const share = /^(.*)%$/.exec(typed);
  const value = typed === "" ? 0n : scaled(share ? share[1].trim() : typed, 2);
  const taken = share && value !== null ? divide(of * value, UNIT) : value;
  return taken === null || taken > of ? null : taken;
}

function shares(value, weights) {
  const all = weights.reduce((sum, one) => sum + one, 0n);
  let before = 0n, weight = 0n;
  return weights.map((one) => {
    weight += one;
    const until = all ? divide(value * weight, all) : 0n, part = until - before;
    before = until;
    return part;
  });
}

// Lines have cantidad, precio, descuento and gravado; `whole` is taken off all of them together.
export function totals(lines, whole, { incluyen, tasa }) {
  const nets = lines.map((line) => gross(line) - line.descuento);
  const parts = shares(whole, nets), sums = new Map(), sum = { subtotal: 0n, igv: 0n, total: 0n };
  lines.forEach((line, at) => {
    const rate = line.gravado ? tasa : 0n, before = sums.get(rate) ?? 0n;
    const value = nets[at] - parts[at], now = before + value;
    const base = (of) => divide(of * UNIT, UNIT + rate), tax = (of) => divide(of * rate, UNIT);
    const subtotal = incluyen ? base(now) - base(before) : value;
    const igv = incluyen ? value - subtotal : tax(now) - tax(before);
    sums.set(rate, now);
    sum.subtotal += subtotal;
    sum.igv += igv;
  });
  sum.total = sum.subtotal + sum.igv;
  return sum;
}
