// Barcodes: a reader that types, wherever the focus is, and the camera where the browser can read.

import { $, busy, notice, open, text } from "pos/base";

const FAST = 35;
const LEAST = 6;

// A reader types a code in a burst that ends with Enter; no person does.
export function wedge(found) {
  let typed = "", last = 0, box = null, before = "";
  document.addEventListener("keydown", (event) => {
    const quick = event.timeStamp - last < FAST;
    last = event.timeStamp;
    if (event.key === "Enter" && quick && typed.length >= LEAST && event.target.id !== "search") {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (box) { box.value = before; box.dispatchEvent(new Event("input", { bubbles: true })); }
      if (!busy()) found(typed);
      typed = "";
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
      if (!quick || !typed) {
        typed = "";
        box = event.target.matches("input") ? event.target : null;
        before = box?.value ?? "";
      }
      typed += event.key;
    } else typed = "";
  }, true);
}

export function camera(found) {
  const button = $("#camera"), lens = $("#lens"), dialog = $("#scan");
  if (!("BarcodeDetector" in globalThis) || !navigator.mediaDevices || !$("#search")) return;
  button.hidden = false;
  let stream = null;
  button.addEventListener("click", async () => {
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    } catch {
      notice(text("sin_camara"));
      return;
    }
    lens.srcObject = stream;
    open("scan");
    await lens.play();
    const detector = new BarcodeDetector();
    while (dialog.open) {
      const [code] = await detector.detect(lens).catch(() => []);
      if (code) { dialog.close(); navigator.vibrate?.(60); found(code.rawValue); }
      await new Promise(requestAnimationFrame);
    }
  });
  dialog.addEventListener("close", () => { for (const track of stream?.getTracks() ?? []) track.stop(); });
}
