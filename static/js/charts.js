// Draws the tables of the analysis pages as charts. Without this file the tables are shown alone.
(() => {
  "use strict";

  // A canvas does not know custom properties: compute their colors in the current theme.
  function colour(name) {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(${name})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  }
  const COLOURS = { in: "--accent", out: "--hold" };

  /** Returns the table's rows as columns: labels of the first one, numbers of each series. */
  function read(table, backwards) {
    const headers = [...table.tHead.rows[0].cells];
    const rows = [...table.tBodies[0].rows];
    if (backwards) rows.reverse();
    const series = headers
      .map((head, at) => ({ at, name: head.textContent.trim(), kind: head.dataset.series }))
      .filter((one) => one.kind);
    return {
      head: headers[0].textContent.trim(),
      words: rows.map((row) => row.cells[0].textContent.trim()),
      series,
      values: series.map(({ at }) => rows.map((row) => Number(row.cells[at].dataset.value))),
    };
  }

  /** Returns the labels of the value axis: about five round numbers, the last one above `most`. */
  function ticks(most, whole) {
    const rough = Math.max(most, whole ? 1 : 1e-6) / 5;
    const power = 10 ** Math.floor(Math.log10(rough));
    const round = [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough * 0.999);
    const step = whole ? Math.max(1, round) : round;
    const count = Math.max(1, Math.ceil(most / step - 1e-9));
    return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
  }

  // The bars of a day stand side by side: the first left of its middle, the second right of it.
  const bar = (index, count) =>
    uPlot.paths.bars(count === 1 ? { size: [0.6, 80] } : { size: [0.4, 40], align: index ? 1 : -1 });

  function options(place, { head, words, series, values }) {
    const numbers = values.flat();
    const axis = ticks(Math.max(0, ...numbers), numbers.every(Number.isInteger));
    const ink = colour("--ink-2");
    const grid = { stroke: colour("--rule"), width: 1 };
    const font = "12px " + getComputedStyle(document.body).fontFamily;
    const word = (at) => words[at] ?? "";
    const last = words.length - 1; // shown while the pointer is elsewhere
    const at = (count, width) => Math.max(1, Math.ceil(count / Math.max(1, Math.floor(width / 90))));
    return {
      width: place.clientWidth - 2 * parseFloat(getComputedStyle(place).paddingLeft),
      height: 220,
      padding: [null, 36, null, null], // half of the last label
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: [-0.6, words.length - 0.4] },
        y: { range: [0, axis.at(-1)] },
      },
      axes: [
        {
          stroke: ink, font, grid: { show: false }, ticks: grid,
          splits: (u) => {
            const step = at(words.length, u.width);
            return words.map((_, index) => index).filter((index) => (last - index) % step === 0);
          },
          values: (u, splits) => splits.map(word),
        },
        { stroke: ink, font, grid, ticks: grid, size: 60, splits: () => axis },
      ],
      series: [
        { label: head, value: (u, index) => word(index ?? last) },
        ...series.map(({ name, kind }, index) => ({
          label: name,
          value: (u, value, at) => value ?? u.data[at][last],
          stroke: colour(COLOURS[kind]),
          width: 0,
          fill: colour(COLOURS[kind]),
          paths: bar(index, series.length),
          points: { show: false },
        })),
      ],
    };
  }

  function draw(place) {
    const table = document.getElementById(place.dataset.plot);
    const found = read(table, "backwards" in place.dataset);
    place.replaceChildren();
    new uPlot(options(place, found), [found.words.map((_, at) => at), ...found.values], place);
  }

  const places = [...document.querySelectorAll(".plot")];
  const drawAll = () => places.forEach(draw);
  let width = 0;
  new ResizeObserver(() => {
    if (document.body.clientWidth !== width) drawAll();
    width = document.body.clientWidth;
  }).observe(document.body);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-theme"] });
})();
