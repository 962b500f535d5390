// The camera as a scanner. Nothing is loaded before its button is tapped; the reader is a worker of
// its own. If the browser can read barcodes itself, that is used, except for GS1: it loses FNC1.
import { $, root } from "floor/dom";
import { signal } from "floor/feedback";
import { t } from "floor/messages";
import { scriptUrl } from "floor/script_url";

const PAUSE_MS = 80;
const GONE_MS = 1500;
const CARRIES_GS1 = ["data_matrix", "qr_code", "code_128"];
const LIKE_GS1 = /^(\d\d|[\](\x1d])/;
const NATIVE = ["data_matrix", "qr_code", "code_128", "ean_13", "ean_8", "upc_a", "itf", "code_39"];

export const initCamera = (deliver) => {
  const button = $("camera");
  const video = $("video");
  const canvas = new OffscreenCanvas(1, 1);
  let stream = null;
  let worker = null;
  let detector = null;
  let seen = { text: "", at: -Infinity };

  if (!navigator.mediaDevices?.getUserMedia) return;
  button.hidden = false;
  button.addEventListener("click", () => (stream ? stop() : start()));
  document.addEventListener("visibilitychange", () => document.hidden && stop());

  function read(picture) {
    worker ??= begin();
    return new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data.codes ?? []);
      worker.onerror = () => resolve([]);
      worker.postMessage({ picture });
    });
  }

  function begin() {
    const made = new Worker(scriptUrl(`${root}camera.js`));
    made.postMessage({ wasm: document.body.dataset.wasm });
    return made;
  }

  async function start() {
    try {
      const video = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
      stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch {
      signal("bad", t("The camera is not available. Allow it in the browser settings."));
      return;
    }
    button.setAttribute("aria-pressed", "true");
    $("camera-view").hidden = false;
    video.srcObject = stream;
    await video.play();
    const formats = (await globalThis.BarcodeDetector?.getSupportedFormats?.()) ?? [];
    const wanted = NATIVE.filter((one) => formats.includes(one));
    detector = wanted.length ? new BarcodeDetector({ formats: wanted }) : null;
    if (!detector) worker ??= begin();
    watch(stream);
  }

  function stop() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    video.srcObject = null;
    $("camera-view").hidden = true;
    button.setAttribute("aria-pressed", "false");
  }

  function picture() {
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.drawImage(video, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height);
  }

  async function look() {
    if (!detector) return (await read(picture()))[0];
    const [found] = await detector.detect(video);
    if (!found) return undefined;
    const mayBeGs1 = CARRIES_GS1.includes(found.format) && LIKE_GS1.test(found.rawValue);
    return mayBeGs1 ? (await read(picture()))[0] : found.rawValue;
  }

  // A barcode is one scan as long as it stays in front of the camera.
  async function watch(mine) {
    while (stream === mine) {
      const text = video.videoWidth ? await look().catch(() => undefined) : undefined;
      const now = performance.now();
      if (text && stream === mine) {
        const isNew = text !== seen.text || now - seen.at > GONE_MS;
        seen = { text, at: now };
        if (isNew) deliver(text);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
};
