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
  const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 1e6];
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

  function options(place, { head, words, series }) {
    const bars = place.dataset.kind === "bars";
    const ink = colour("--ink-2");
    const grid = { stroke: colour("--rule"), width: 1 };
    const font = "12px " + getComputedStyle(document.body).fontFamily;
    const word = (at) => words[at] ?? "";
    const last = words.length - 1; // shown while the pointer is elsewhere
    const at = (count, width) => Math.max(1, Math.ceil(count / Math.max(1, Math.floor(width / 90))));
    return {
      width: place.clientWidth - 2 * parseFloat(getComputedStyle(place).paddingLeft),
      height: 220,
      cursor: { drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: bars ? [-0.6, words.length - 0.4] : undefined },
        y: { range: (u, low, high) => [Math.min(0, low), Math.max(1, high * 1.05)] },
      },
      axes: [
        {
          stroke: ink, font, grid: { show: false }, ticks: grid,
          splits: (u) => {
            const step = at(words.length, u.width);
            return words.map((_, index) => index).filter((index) => index % step === 0);
          },
          values: (u, splits) => splits.map(word),
        },
        { stroke: ink, font, grid, ticks: grid, size: 60, incrs: bars ? WHOLE : undefined },
      ],
      series: [
        { label: head, value: (u, index) => word(index ?? last) },
        ...series.map(({ name, kind }) => ({
          label: name,
          value: (u, value, at) => value ?? u.data[at][last],
          stroke: colour(COLOURS[kind]),
          width: bars ? 0 : 2,
          fill: bars ? colour(COLOURS[kind]) : undefined,
          paths: bars ? uPlot.paths.bars({ size: [0.6, 80] }) : uPlot.paths.stepped({ align: 1 }),
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
