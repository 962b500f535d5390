// Helpers for the page; no HTML is made from text.

export const root = document.body.dataset.root;

export const $ = (id) => document.getElementById(id);
export const emit = (name, detail) =>
  document.dispatchEvent(new CustomEvent(`floor:${name}`, { detail }));
export const on = (name, listener) =>
  document.addEventListener(`floor:${name}`, ({ detail }) => listener(detail));

// Returns an element: h("button.chip", { "data-lot": "L-1", onclick() {} }, "L-1", …)
export const h = (spec, attributes = {}, ...children) => {
  const [tag, ...classes] = spec.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
};

const SVG = "http://www.w3.org/2000/svg";
export const icon = (name) => {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${document.body.dataset.sprite}#${name}`);
  svg.append(use);
  return svg;
};

// Returns a date as the language writes it.
export const day = (iso) => {
  const [year, month, date] = iso.split("-");
  return (document.documentElement.dataset.date ?? "%Y-%m-%d")
    .replace("%Y", year).replace("%m", month).replace("%d", date);
};
// Returns a time of day in the site's time zone.
const { lang, dataset } = document.documentElement;
const CLOCK = new Intl.DateTimeFormat(lang || "en",
  { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: dataset.zone });
export const clock = (time) => CLOCK.format(new Date(time));

// Settings of this tablet; they can be lost.
export const setting = (name, value) => {
  if (value === undefined) return localStorage.getItem(`floor-${name}`);
  localStorage.setItem(`floor-${name}`, value);
  return value;
};
