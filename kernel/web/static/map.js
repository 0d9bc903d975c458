// Points on a map, from the list beside it.

const place = document.getElementById("map");
const L = globalThis.L;
const map = L.map(place, { zoomControl: false, attributionControl: false });
if (place.dataset.tiles) L.tileLayer(place.dataset.tiles, { maxZoom: 19, referrerPolicy: "strict-origin" }).addTo(map);

const MOST_NAMES = 40;
const items = [...document.querySelectorAll(".points [data-latitude]")];
const named = !place.dataset.tiles && items.length <= MOST_NAMES; // no streets say what is where
const bounds = [];
for (const item of items) {
  const at = [Number(item.dataset.latitude), Number(item.dataset.longitude)];
  const point = L.circleMarker(at, { radius: 8, className: "point" }).addTo(map);
  const note = document.createElement("div");
  note.append(item.querySelector("a").cloneNode(true));
  point.bindPopup(note, { closeButton: false });
  if (named) {
    const name = document.createElement("span");
    name.textContent = item.querySelector("a").textContent;
    point.bindTooltip(name, { permanent: true, direction: "right", offset: [8, 0], className: "place" });
  }
  item.addEventListener("mouseenter", () => point.openPopup());
  item.addEventListener("focusin", () => point.openPopup());
  bounds.push(at);
}
if (bounds.length) map.fitBounds(bounds, { padding: [40, 40], maxZoom: 16 });
else map.setView([-9.2, -75], 5);
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => map.setZoom(map.getZoom() + Number(button.dataset.zoom)));
}
