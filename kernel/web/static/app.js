// What the pages do besides htmx: keys, panes, selection, theme. Nothing here is needed to read,
// search, open or save; without it every link and form works by itself.

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const typing = (element) => element.closest("input:not([type=checkbox]), select, textarea, [contenteditable]");

// Records beside their list --------------------------------------------------------------------

const wide = matchMedia("(min-width: 1181px)");

async function openRecord(link) {
  const row = link.closest("tr") ?? $$("#list a.open").find((one) => one.pathname === link.pathname)?.closest("tr");
  if (!wide.matches || !$("#record")) { location.assign(link.href); return; }
  if (!mayLeave()) return;
  history.pushState({ andes: true }, "", link.href);
  await showRecord(link.href);
  for (const other of $$("#list tr[aria-current]")) other.removeAttribute("aria-current");
  row?.setAttribute("aria-current", "true");
}

async function showRecord(address) {
  await htmx.ajax("GET", address, { target: "#record", swap: "innerHTML", headers: { "HX-Target": "div#record" } });
  $(".split")?.classList.add("opened");
}

function closeRecord() {
  const pane = $("#record");
  const back = $("[data-close]", pane ?? document);
  if (!pane?.firstElementChild || !back) return false;
  if (!mayLeave()) return true;
  pane.replaceChildren();
  $(".split")?.classList.remove("opened");
  for (const row of $$("#list tr[aria-current]")) row.removeAttribute("aria-current");
  history.pushState({ andes: true }, "", back.href);
  return true;
}

addEventListener("popstate", () => location.reload());

document.addEventListener("click", (event) => {
  if (drawing) { event.preventDefault(); return; }
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const element = event.target;
  const palette = element.closest("[data-palette]");
  if (palette) { event.preventDefault(); openPalette(); return; }
  const menu = element.closest("[data-menu]");
  if (menu) { event.preventDefault(); $(".side").classList.toggle("open"); return; }
  if (!element.closest(".side")) $(".side")?.classList.remove("open");
  for (const drop of $$("details.drop[open], details.me[open]")) if (!drop.contains(element)) drop.open = false;
  const close = element.closest("[data-close]");
  if (close && close.closest("#record") && wide.matches && $("#list")) { event.preventDefault(); closeRecord(); return; }
  const toggle = element.closest("[data-inline]");
  if (toggle) { inline = !inline; showInline(); return; }
  const theme = element.closest("[data-theme-switch]");
  if (theme) { event.preventDefault(); switchTheme(); return; }
  if (element.closest("[data-density]")) { switchDensity(); return; }
  if (element.closest("[data-widths-reset]")) { localStorage.removeItem(widthsKey()); showWidths(); return; }
  const group = element.closest("[data-twist]");
  if (group) { event.preventDefault(); twist(group); return; }
  const keep = element.closest(".keep button"), row = element.closest("#rows tbody tr");
  if (keep) { event.preventDefault(); saveCell(keep.closest("td"), keep); return; }
  if (row && !element.closest("input, select, button, td.mark")) {
    const link = element.closest("a") ?? $("a.open", row);
    const cell = element.closest("td");
    if (inline && cell && fieldOf(cell)) { event.preventDefault(); editCell(cell); return; }
    if (link?.classList.contains("open")) { event.preventDefault(); openRecord(link); }
  }
});

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `tema=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax`;
}

// Cells edited in their place --------------------------------------------------------------------

let inline = false;
const fieldOf = (cell) => cell.closest("table").tHead.rows[0].cells[cell.cellIndex]?.dataset.edit;
function showInline() {
  const button = $("[data-inline]");
  if (!button) return;
  button.hidden = false;
  button.setAttribute("aria-pressed", String(inline));
  $("#rows")?.classList.toggle("inline", inline);
}

async function editCell(cell) {
  if ($("form", cell)) return;
  const id = $("input[name=id]", cell.parentElement).value;
  cell.before_ = [...cell.childNodes];
  await swapCell(cell, "GET", `${location.pathname.replace(/[^/]+\/$/, (end) => (/^(\d+|nuevo)\/$/.test(end) ? "" : end))}${id}/?_campo=${fieldOf(cell)}`);
  const box = $("input:not([type=hidden]), select", cell);
  box?.focus();
  box?.select?.();
}

async function swapCell(cell, method, address, values) {
  cell.id = "cell";
  await htmx.ajax(method, address, { target: cell, swap: "innerHTML", values, headers: { "HX-Target": "td#cell" } });
  cell.removeAttribute("id");
}

// Where another person wrote meanwhile, two buttons ask what stays; Enter is for what is typed.
async function saveCell(cell, keep) {
  const form = $("form", cell);
  await swapCell(cell, "POST", form.getAttribute("action"), Object.fromEntries(new FormData(form, keep)));
  const box = $("input:not([type=hidden]), select", cell);
  box?.focus();
  return !box;
}

function besideCell(cell, step) {
  const cells = [...cell.parentElement.cells].filter(fieldOf);
  return cells[cells.indexOf(cell) + step];
}

function cellKey(event, cell) {
  const theirs = $(".keep [value=suyo]", cell);
  if (theirs && event.key !== "Escape" && (event.key === "Tab" || event.target.matches("button"))) return false;
  if (event.key === "Escape") theirs ? saveCell(cell, theirs) : cell.replaceChildren(...cell.before_);
  else if (event.key === "Enter") saveCell(cell).then((done) => done && $("a.open", cell.parentElement)?.focus());
  else if (event.key === "Tab") {
    const next = besideCell(cell, event.shiftKey ? -1 : 1);
    saveCell(cell).then((done) => done && next && editCell(next));
  } else return false;
  return true;
}

// Columns: widths and how close rows stand, kept in this browser ----------------------------------------

const sheet = new CSSStyleSheet();
document.adoptedStyleSheets.push(sheet);
const heads = () => $$("#rows th[data-name]");
const widthsKey = () => `anchos ${$("#rows")?.getAttribute("action")}`;
const widths = () => JSON.parse(localStorage.getItem(widthsKey()) ?? "{}");

function showWidths() {
  const wanted = widths();
  sheet.replaceSync(heads().filter((one) => wanted[one.dataset.name]).map((one) => {
    const width = `${wanted[one.dataset.name]}px`;
    return `@media screen { #rows :is(th, td):nth-child(${one.cellIndex + 1}) { width: ${width}; min-width: ${width}; max-width: ${width} } }`;
  }).join(""));
  const tools = $("[data-widths]");
  if (tools) tools.hidden = false;
  $("[data-density]")?.setAttribute("aria-pressed", String("dense" in document.documentElement.dataset));
}

function setWidth(head, width) {
  localStorage.setItem(widthsKey(), JSON.stringify({ ...widths(), [head.dataset.name]: Math.round(Math.max(48, Math.min(800, width))) }));
  showWidths();
}

function switchDensity() {
  const dense = document.documentElement.toggleAttribute("data-dense");
  document.cookie = `filas=${dense ? "juntas" : ""}; Path=/; Max-Age=${dense ? 31536000 : 0}; SameSite=Lax`;
  showWidths();
}

const EDGE = 6;
const edgeOf = (event) => {
  const head = event.target.closest?.("#rows th[data-name]");
  return head && head.getBoundingClientRect().right - event.clientX < EDGE ? head : null;
};
let drawing = null;
document.addEventListener("pointermove", (event) => {
  if (drawing) setWidth(drawing.head, drawing.width + event.clientX - drawing.from);
  else if (event.target.closest?.("#rows thead")) event.target.closest("thead").classList.toggle("edge", Boolean(edgeOf(event)));
});
document.addEventListener("pointerdown", (event) => {
  const head = edgeOf(event);
  if (!head) return;
  event.preventDefault();
  drawing = { head, from: event.clientX, width: head.getBoundingClientRect().width };
});
document.addEventListener("pointerup", () => { setTimeout(() => { drawing = null; }); });

// Groups: what is in one comes after it, and goes again -----------------------------------------------

async function twist(link) {
  const row = link.closest("tr"), level = Number(row.dataset.level);
  const open = link.getAttribute("aria-expanded") === "true";
  link.setAttribute("aria-expanded", String(!open));
  if (!open) { await htmx.ajax("GET", link.href, { target: row, swap: "afterend", headers: { "HX-Target": "tr#group" } }); return; }
  while (Number(row.nextElementSibling?.dataset.level) > level) row.nextElementSibling.remove();
}

// Selection ------------------------------------------------------------------------------------

function countMarked() {
  const form = $("#rows");
  if (!form) return;
  const marks = $$("tbody input[name=id]", form);
  const count = marks.filter((one) => one.checked).length;
  const bar = $("[data-selection]", form);
  bar.hidden = !count;
  $("[data-count]", bar).textContent = `${count} / ${marks.length}`;
  const all = $("[data-mark-all]", form);
  all.checked = count > 0 && count === marks.length;
  all.indeterminate = count > 0 && count < marks.length;
  const every = $("[data-all]", bar);
  if (every) { every.hidden = count < marks.length; if (every.hidden) $("input", every).checked = false; }
}

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-mark-all]")) {
    for (const one of $$("#rows tbody input[name=id]")) one.checked = event.target.checked;
  }
  if (event.target.closest("#rows")) countMarked();
  if (event.target.closest("form[data-guard]")) event.target.closest("form").dataset.changed = "yes";
  if (event.target.matches(".dropzone input") && event.target.files.length) event.target.form.requestSubmit();
});
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-guard]");
  if (form) {
    form.dataset.changed = "yes";
    const mine = $(`[name="_queda.${CSS.escape(event.target.name)}"]`);  // what is typed now is to stay
    if (mine) mine.checked = true;
  }
  if (event.target.matches("[data-line] input")) sumLines(event.target.closest("table"));
});

// Unsaved changes ------------------------------------------------------------------------------

const unsaved = () => $("form[data-guard][data-changed]");
const mayLeave = () => !unsaved() || confirm(unsaved().dataset.guard);
addEventListener("beforeunload", (event) => { if (unsaved() && !leaving) event.preventDefault(); });
let leaving = false;
document.addEventListener("submit", (event) => {
  const edited = unsaved();
  if (edited && edited !== event.target && !confirm(edited.dataset.guard)) { event.preventDefault(); return; }
  leaving = true;
  setTimeout(() => { leaving = false; }, 2000);
  const question = event.submitter?.dataset.confirm;
  if (question && !confirm(question)) { event.preventDefault(); leaving = false; }
});

// Lines of a form ------------------------------------------------------------------------------

document.addEventListener("click", (event) => {
  const add = event.target.closest("[data-add-line]");
  const drop = event.target.closest("[data-drop-line]");
  const fill = event.target.closest("[data-fill]");
  if (fill) for (const one of $$(`#${fill.dataset.fill} [data-most]`)) one.value = one.dataset.most;
  if (add) { event.preventDefault(); addLine($(`#${add.dataset.addLine}`)); }
  if (drop) {
    event.preventDefault();
    const table = drop.closest("table");
    drop.closest("tr").remove();
    sumLines(table);
    table.closest("form").dataset.changed = "yes";
  }
});

function addLine(table) {
  const pattern = $("template", table.parentElement).content.firstElementChild;
  const line = document.importNode(pattern, true);
  const place = $$("tbody tr", table).length + Number(table.dataset.added ?? 0);
  table.dataset.added = Number(table.dataset.added ?? 0) + 1;
  for (const one of $$("[name]", line)) one.name = one.name.replace("#", `${place}`);
  $("tbody", table).append(line);
  htmx.process?.(line);
  $("input:not([type=hidden]), select", line)?.focus();
}

// Arrows walk a column; below the last line there is a new one.
function lineKey(event, line) {
  if (!["ArrowDown", "ArrowUp"].includes(event.key) || !event.target.matches("input:not([type=date], [type=datetime-local], [type=checkbox])")) return false;
  const place = event.target.closest("td").cellIndex;
  const next = event.key === "ArrowDown" ? line.nextElementSibling : line.previousElementSibling;
  const add = $(`[data-add-line="${line.closest("table").id}"]`);
  if (next) $("input:not([type=hidden]), select", next.cells[place])?.focus();
  else if (event.key === "ArrowDown" && add) addLine(line.closest("table"));
  return true;
}

function sumLines(table) {
  for (const foot of $$("tfoot [data-sum]", table)) {
    const values = $$(`tbody [data-of="${foot.dataset.sum}"]`, table);
    const total = values.reduce((sum, one) => sum + (Number(one.value ?? one.dataset.value) || 0), 0);
    foot.textContent = total.toFixed(2);
  }
}

// Combobox: a text that looks up a record, and a hidden id ---------------------------------------

document.addEventListener("input", async (event) => {
  const box = event.target.closest("[data-lookup]");
  if (!box || event.target.type === "hidden") return;
  const shown = event.target, list = $("[role=listbox]", box), id = $("input[type=hidden]", box);
  id.value = "";
  shown.name = `_nombre.${box.dataset.lookup}.${id.name}`;  // counts unless a record is picked
  const turn = (box.turn = (box.turn ?? 0) + 1);
  await new Promise((done) => setTimeout(done, 120));
  if (turn !== box.turn) return;
  const answer = await fetch(`/app/opciones/?de=${encodeURIComponent(box.dataset.lookup)}&q=${encodeURIComponent(shown.value)}`);
  if (!answer.ok || turn !== box.turn) return;
  const found = await answer.json();
  list.replaceChildren(...found.map(([value, label]) => {
    const option = document.createElement("li");
    option.role = "option";
    option.dataset.value = value;
    option.textContent = label;
    return option;
  }));
  list.hidden = !found.length;
  shown.setAttribute("aria-expanded", String(Boolean(found.length)));
  mark(list, 0);
});

function mark(list, place) {
  const options = $$("li", list);
  options.forEach((one, at) => one.setAttribute("aria-selected", String(at === place)));
  options[place]?.scrollIntoView({ block: "nearest" });
}

function choose(box, option) {
  $("input[type=hidden]", box).value = option.dataset.value;
  const shown = $("input:not([type=hidden])", box);
  shown.value = option.textContent;
  shown.removeAttribute("name");
  shown.setAttribute("aria-expanded", "false");
  $("[role=listbox]", box).hidden = true;
}

document.addEventListener("mousedown", (event) => {
  const option = event.target.closest("[data-lookup] [role=option]");
  if (option) { event.preventDefault(); choose(option.closest("[data-lookup]"), option); }
});
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-lookup] [role=combobox]")) event.target.select();  // typing looks for another
});
document.addEventListener("focusout", (event) => {
  const box = event.target.closest("[data-lookup]");
  if (box) $("[role=listbox]", box).hidden = true;
});

function lookupKey(event, box) {
  const list = $("[role=listbox]", box);
  if (list.hidden) return false;
  const options = $$("li", list);
  const at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown") mark(list, Math.min(at + 1, options.length - 1));
  else if (event.key === "ArrowUp") mark(list, Math.max(at - 1, 0));
  else if (event.key === "Escape") list.hidden = true;
  else if ((event.key === "Enter" || event.key === "Tab") && options[at]) {
    choose(box, options[at]);
    if (event.key === "Tab") return false;
    nextField(event.target);
  } else return false;
  return true;
}

// Keys -----------------------------------------------------------------------------------------

function openPalette() {
  const palette = $("#palette");
  if (!palette) return;
  palette.showModal();
  const box = $("input", palette);
  box.select();
  htmx.ajax("GET", `/app/buscar/?q=${encodeURIComponent(box.value)}`, { target: "#found", swap: "innerHTML", headers: { "HX-Target": "div#found" } });
}

function move(step) {
  const rows = $$("#rows tbody tr, #groups tbody tr");
  if (!rows.length) return;
  const at = rows.findIndex((one) => one.hasAttribute("data-here"));
  const next = rows[Math.max(0, Math.min(rows.length - 1, at < 0 ? 0 : at + step))];
  if (at >= 0) rows[at].removeAttribute("data-here");
  next.setAttribute("data-here", "");
  next.scrollIntoView({ block: "nearest" });
  $("a, input", next)?.focus({ preventScroll: true });
}

function beside(way) {
  const link = $(`#record a[rel=${way}]`);
  if (link) openRecord(link).then(() => $(`#record a[rel=${way}]`)?.focus());
  return Boolean(link);
}

function nextField(from) {
  const fields = $$("input:not([type=hidden]), select, textarea, button:not([data-drop-line])", from.form).filter((one) => !one.disabled && one.offsetParent);
  fields[fields.indexOf(from) + 1]?.focus();
}

function key(event) {
  const element = event.target;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") { openPalette(); return true; }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "s") {
    const form = $("form[data-guard]");
    if (form) form.requestSubmit();
    return Boolean(form);
  }
  const head = event.altKey && element.closest("#rows th[data-name]");
  if (head && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    setWidth(head, head.getBoundingClientRect().width + (event.key === "ArrowRight" ? 16 : -16));
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const palette = element.closest("#palette");
  if (palette && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const links = $$(".found a", palette);
    const at = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
    (links[at] ?? $("input", palette)).focus();
    return true;
  }
  if (palette && event.key === "Enter" && element.matches("input")) {
    const first = $(".found a", palette);
    if (first) location.assign(first.href);
    return true;
  }
  const cell = element.closest("[data-cell]")?.closest("td");
  if (cell) return cellKey(event, cell);
  const box = element.closest("[data-lookup]");
  if (box && lookupKey(event, box)) return true;
  const line = element.closest("[data-line]");
  if (line && lineKey(event, line)) return true;
  if (event.key === "Escape") {
    const open = $("details.drop[open], details.me[open]");
    if (open) { open.open = false; $("summary", open).focus(); return true; }
    if (!typing(element)) return closeRecord();
    element.blur();
    return true;
  }
  if (event.key === "Enter" && element.matches("form[data-guard] input, form[data-guard] select")) { nextField(element); return true; }
  if (typing(element) || palette) return false;
  const row = $("#rows tr[data-here]"), any = $("#rows, #groups");
  const inside = element.closest("#record") || !any?.offsetParent;
  switch (event.key) {
    case "J": return beside("next");
    case "K": return beside("prev");
    case "j": case "ArrowDown": if (inside && event.key === "j") return beside("next"); move(1); return Boolean(any);
    case "k": case "ArrowUp": if (inside && event.key === "k") return beside("prev"); move(-1); return Boolean(any);
    case "ArrowRight": case "ArrowLeft": {
      const link = element.closest("[data-twist]");
      if (link && (link.getAttribute("aria-expanded") === "true") === (event.key === "ArrowLeft")) twist(link);
      return Boolean(link);
    }
    case "x": if (row) { const one = $("input[name=id]", row); one.checked = !one.checked; countMarked(); } return Boolean(row);
    case "Enter": if (row && $("a.open", row)) { openRecord($("a.open", row)); return true; } return false;
    case "F2": { const first = row && [...row.cells].find(fieldOf); if (first) editCell(first); return Boolean(first); }
    case "/": $("[data-key='/']")?.focus(); return Boolean($("[data-key='/']"));
    case "n": $("[data-key='n']")?.click(); return Boolean($("[data-key='n']"));
    case "?": location.assign("/app/ayuda/"); return true;
    default: return false;
  }
}

document.addEventListener("keydown", (event) => { if (key(event)) event.preventDefault(); });

// Files dropped on a record ----------------------------------------------------------------------

for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    const zone = event.target.closest?.(".dropzone");
    if (!zone) return;
    event.preventDefault();
    zone.classList.toggle("over", name === "dragover");
    if (name === "drop" && event.dataTransfer.files.length) {
      $("input[type=file]", zone).files = event.dataTransfer.files;
      $("input[type=file]", zone).form.requestSubmit();
    }
  });
}

document.addEventListener("paste", (event) => {
  const box = $("#record .dropzone input"), files = event.clipboardData.files;
  if (!box || !files.length || typing(event.target)) return;
  event.preventDefault();
  box.files = files;
  box.form.requestSubmit();
});

// Links in mails carry their code after #, which no server sees --------------------------------------

const code = $("input[name=token][data-from-hash]");
if (code && location.hash.length > 1) {
  code.value = location.hash.slice(1);
  code.closest(".field").hidden = true;
  history.replaceState(null, "", location.pathname);
}

// What installable pages keep of the company's data goes when somebody is asked to sign in.

if ($("form[action='/entrar/']")) {
  globalThis.caches?.keys().then((names) => names.filter((one) => one.endsWith(" datos")).forEach((one) => caches.delete(one)));
}

// Texts beside ids are sent where no script looks them up; here only what was typed and not picked.

function keepIds() {
  for (const box of $$("[data-lookup]")) if ($("input[type=hidden]", box).value) $("input:not([type=hidden])", box).removeAttribute("name");
}

function begin() { countMarked(); showInline(); keepIds(); showWidths(); }
begin();
document.addEventListener("htmx:after:swap", begin);

// Groups of the menu that stay open ---------------------------------------------------------------

$(".side nav")?.addEventListener("click", (event) => {
  if (!event.target.closest("summary")) return;
  setTimeout(() => {
    const open = $$(".side details[data-group][open]").map((one) => `~${one.dataset.group}`);
    document.cookie = `menu=${open.join("") || "~"}; Path=/app; Max-Age=31536000; SameSite=Lax`;
  });
});

// Counts beside menu entries, and work in the background ---------------------------------------------

async function count() {
  const answer = await fetch("/app/insignias/");
  if (!answer.ok) return;
  const { counts, jobs } = await answer.json();
  for (const badge of $$("[data-badge]")) {
    const waiting = counts[badge.dataset.badge] ?? 0;
    badge.textContent = waiting > 99 ? "99+" : waiting;
    badge.hidden = !waiting;
  }
  const place = $("[data-working]"), [job] = jobs;
  place.hidden = !job;
  if (job) {
    place.href = job.address;
    const bar = $("progress", place);
    if (job.total) bar.value = (100 * (job.done ?? 0)) / job.total;
    else bar.removeAttribute("value");
    bar.setAttribute("aria-label", job.title);
    $("span", place).textContent = job.line || job.title;
  }
  clearTimeout(count.next);
  count.next = setTimeout(count, jobs.length ? 2000 : 60000);
}

// Tiles that are looked at are asked for again: at once, and then every ten seconds at most.
function renewLater() {
  if (renewLater.next || !$("[data-live]")) return;
  renewLater.next = setTimeout(async () => {
    renewLater.last = Date.now();
    renewLater.next = 0;
    if (!document.hidden) await htmx.ajax("GET", location.href, { target: "#boards", swap: "innerMorph", headers: { "HX-Target": "div#boards" } });
  }, Math.max(300, (renewLater.last ?? 0) + 10000 - Date.now()));
}

function listen() {
  const socket = new WebSocket(`${location.origin.replace("http", "ws")}/ws/`);
  socket.addEventListener("message", (event) => {
    if (JSON.parse(event.data).type === "ping") return;
    clearTimeout(count.next);
    count.next = setTimeout(count, 300);
    renewLater();
  });
  socket.addEventListener("close", (event) => { if (event.code < 4400) setTimeout(listen, 5000 + 5000 * Math.random()); });
}

if ($("[data-working]")) { count(); listen(); }

// Cards of a board -----------------------------------------------------------------------------------

let carried = null;
document.addEventListener("dragstart", (event) => {
  carried = event.target.closest?.("[data-card]");
  for (const lane of $$("[data-lane]")) lane.classList.toggle("may", Boolean(carried && $(`[data-to="${CSS.escape(lane.dataset.lane)}"]`, carried)));
});
document.addEventListener("dragend", () => { for (const lane of $$("[data-lane]")) lane.classList.remove("may"); carried = null; });
document.addEventListener("dragover", (event) => { if (event.target.closest?.(".lane.may")) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  const lane = event.target.closest?.(".lane.may");
  if (!lane || !carried) return;
  event.preventDefault();
  $(`[data-to="${CSS.escape(lane.dataset.lane)}"]`, carried).click();
});
