// Points on a map, from the list beside it.

const place = document.getElementById("map");
const L = globalThis.L;
const map = L.map(place, { zoomControl: false, attributionControl: false });
if (place.dataset.tiles) L.tileLayer(place.dataset.tiles, { maxZoom: 19, referrerPolicy: "strict-origin" }).addTo(map);

const bounds = [];
for (const item of document.querySelectorAll(".points [data-latitude]")) {
  const at = [Number(item.dataset.latitude), Number(item.dataset.longitude)];
  const point = L.circleMarker(at, { radius: 8, className: "point" }).addTo(map);
  const note = document.createElement("div");
  note.append(item.querySelector("a").cloneNode(true));
  point.bindPopup(note, { closeButton: false });
  item.addEventListener("mouseenter", () => point.openPopup());
  item.addEventListener("focusin", () => point.openPopup());
  bounds.push(at);
}
if (bounds.length) map.fitBounds(bounds, { padding: [40, 40], maxZoom: 16 });
else map.setView([-9.2, -75], 5);
for (const button of document.querySelectorAll("[data-zoom]")) {
  button.addEventListener("click", () => map.setZoom(map.getZoom() + Number(button.dataset.zoom)));
}
