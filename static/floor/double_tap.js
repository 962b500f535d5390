// Drops the second tap of a double tap if the first one changed what is under the finger, and the
// repeats of a held Enter. Tapping the same button again, like + or a digit, is not a double tap; a
// tap after a scan or typing is intended.
import { on } from "floor/dom";

const SETTLING_MS = 1000;
const FINGER_PX = 40;

export const dropDoubleTaps = () => {
  const NONE = { control: null, at: -Infinity, x: 0, y: 0 };
  let last = NONE;
  const forget = () => { last = NONE; };

  function isStray(control, { x, y }) {
    const isNear = Math.hypot(x - last.x, y - last.y) < FINGER_PX;
    const isSoon = performance.now() - last.at < SETTLING_MS;
    return isNear && isSoon && last.control !== control;
  }

  function drop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  function onClick(event) {
    const control = event.target.closest("a, button");
    if (!control || event.detail === 0) return; // 0: pressed by a key or a script
    if (isStray(control, event)) return drop(event);
    last = { control, at: performance.now(), x: event.x, y: event.y };
  }

  on("scan", forget);
  document.addEventListener("input", forget, { capture: true });
  document.addEventListener("click", onClick, { capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.repeat && event.target.matches("button")) drop(event);
  }, { capture: true });
};
