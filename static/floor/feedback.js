// Signals the result by a color, a tone and a vibration, so that users need not look.
import { $, emit, h, icon, setting } from "floor/dom";

// Pairs of frequency in Hz and length in ms, played in order.
const TONES = {
  scanned: [[1320, 60]],
  done: [[880, 80], [1320, 120]],
  kept: [[660, 90], [660, 90]],
  bad: [[220, 180], [0, 60], [196, 320]],
};
const BUZZES = { scanned: [30], done: [40, 40, 40], kept: [60], bad: [250, 80, 250] };
let audio = null;

const isOn = () => setting("sound") !== "off";

// Browsers play no sound before the first tap or key.
function wake() {
  audio ??= new AudioContext();
  if (audio.state === "suspended") audio.resume();
}

function play(kind) {
  if (!isOn() || !audio || audio.state !== "running") return;
  let at = audio.currentTime;
  for (const [frequency, ms] of TONES[kind]) {
    if (frequency) {
      const type = kind === "bad" ? "square" : "sine";
      const tone = new OscillatorNode(audio, { frequency, type });
      const loudness = new GainNode(audio, { gain: 0.25 });
      tone.connect(loudness).connect(audio.destination);
      tone.start(at);
      tone.stop(at + ms / 1000);
    }
    at += ms / 1000;
  }
}

// kind: scanned, done, kept or bad
export const signal = (kind, text) => {
  const band = $("band");
  band.dataset.kind = kind;
  band.replaceChildren(icon(band.dataset[`icon${kind}`]), h("span", {}, text));
  document.documentElement.dataset.signal = kind;
  play(kind);
  if (isOn()) navigator.vibrate?.(BUZZES[kind]);
  emit("signal", { kind, text });
};

export const initSignals = () => {
  for (const name of ["pointerdown", "keydown"]) {
    window.addEventListener(name, wake, { capture: true });
  }
  const button = $("sound");
  const show = () => button.setAttribute("aria-pressed", String(isOn()));
  button.addEventListener("click", () => {
    setting("sound", isOn() ? "off" : "on");
    show();
    play("scanned");
  });
  show();
};

// Keeps the screen on while the page is visible.
export const stayAwake = async () => {
  const hold = async () => {
    if (document.hidden) return;
    try {
      await navigator.wakeLock?.request("screen");
    } catch { /* refused when the battery is low */ }
  };
  document.addEventListener("visibilitychange", hold);
  await hold();
};
