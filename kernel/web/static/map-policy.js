// Leaflet writes one constant as HTML, to see whether the browser draws SVG. It may; nothing else.
globalThis.trustedTypes?.createPolicy("default", {
  createHTML(text) {
    if (text !== "<svg/>") throw new TypeError("Not on this page.");
    return text;
  },
});
