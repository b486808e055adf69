// Draws what <figure class="chart" data-chart="…"> says: stacked bars over time.
// The figures are in a table beside it, for whoever has no script or no sight.
"use strict";

(() => {
  const HEIGHT = 240;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const drawn = new Map();

  const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const formats = (unit) => {
    const money = unit === "usd" ? { style: "currency", currency: "USD" } : {};
    const axis = new Intl.NumberFormat("en", { ...money, notation: "compact", maximumSignificantDigits: 3 });
    const exact = new Intl.NumberFormat("en", { ...money, minimumFractionDigits: unit === "usd" ? 2 : 0, maximumSignificantDigits: 6 });
    return { axis: (value) => axis.format(value), exact: (value) => exact.format(value) };
  };

  // Each series on top of those before it.
  const stack = (series) => {
    let below = [];
    return series.map(({ values }) => {
      below = values.map((value, at) => value + (below[at] ?? 0));
      return below;
    });
  };

  // As many labels as there is room for.
  const ticks = (count, width) => {
    const every = Math.max(1, Math.ceil(count / Math.max(2, Math.floor(width / 72))));
    const places = [];
    for (let at = (count - 1) % every; at < count; at += every) places.push(at);
    return places;
  };

  const tip = (box, chart, format) => {
    const element = document.createElement("div");
    element.className = "chart-tip";
    element.hidden = true;
    box.append(element);
    const line = (at, name, text) => {
      const row = document.createElement("div");
      row.className = "chart-tip-row";
      const label = document.createElement("span");
      if (at !== null) {
        const swatch = document.createElement("span");
        swatch.className = `swatch swatch-${at}`;
        label.append(swatch);
      }
      label.append(name);
      const value = document.createElement("span");
      value.textContent = text;
      row.append(label, value);
      return row;
    };
    return (plot) => {
      const at = plot.cursor.idx;
      element.hidden = at === null || at === undefined || plot.cursor.left < 0;
      if (element.hidden) return;
      const heading = document.createElement("strong");
      heading.textContent = chart.labels[at];
      const used = chart.series.map((series, index) => [index, series.name, series.values[at]]);
      const rows = used.filter(([, , value]) => value > 0).reverse();
      const sum = used.reduce((total, [, , value]) => total + value, 0);
      element.replaceChildren(heading, ...rows.map(([index, name, value]) => line(index, name, format.exact(value))));
      if (rows.length !== 1) element.append(line(null, "Sum", format.exact(sum)));
      const left = plot.bbox.left / devicePixelRatio + plot.cursor.left;
      const isRight = left > box.clientWidth / 2;
      element.style.left = isRight ? "" : `${left + 12}px`;
      element.style.right = isRight ? `${box.clientWidth - left + 12}px` : "";
    };
  };

  const draw = (figure) => {
    const box = figure.querySelector(".chart-plot:not(.chart-empty)");
    if (!box || drawn.has(figure)) return;
    const chart = JSON.parse(figure.dataset.chart);
    const format = formats(chart.unit);
    const count = chart.labels.length;
    const grid = { stroke: variable("--line"), width: 1 };
    const axis = { stroke: variable("--muted"), font: `12px ${variable("--sans")}`, ticks: { show: false } };
    // The tallest first: what it stands on is painted over it.
    const series = stack(chart.series).map((values, at) => ({ values, color: variable(`--series-${at}`) })).reverse();
    const width = box.clientWidth;
    const plot = new window.uPlot({
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
      scales: { x: { time: false, range: () => [-0.5, count - 0.5] }, y: { range: (_, low, high) => [0, high > 0 ? high * 1.05 : 1] } },
      axes: [
        { ...axis, size: 30, grid: { show: false }, splits: (self) => ticks(count, self.width - 56), values: (_, places) => places.map((at) => chart.labels[at].split(", ").pop()) },
        { ...axis, grid, size: 56, values: (_, values) => values.map(format.axis) },
      ],
      series: [{}, ...series.map(({ color }) => ({
        fill: color, stroke: color, width: 0, points: { show: false },
        paths: window.uPlot.paths.bars({ size: [0.72, 40] }),
      }))],
      hooks: { setCursor: [tip(box, chart, format)] },
    }, [chart.labels.map((_, at) => at), ...series.map(({ values }) => values)], box);
    const sizes = new ResizeObserver(() => {
      if (box.clientWidth > 0 && box.clientWidth !== plot.width) plot.setSize({ width: box.clientWidth, height: HEIGHT });
    });
    sizes.observe(box);
    drawn.set(figure, () => { sizes.disconnect(); plot.destroy(); box.replaceChildren(); });
  };

  const forget = (figure) => {
    drawn.get(figure)();
    drawn.delete(figure);
  };

  const drawAll = () => {
    for (const figure of [...drawn.keys()]) if (!figure.isConnected) forget(figure);
    for (const figure of document.querySelectorAll("figure[data-chart]")) draw(figure);
  };

  dark.addEventListener("change", () => {
    for (const figure of [...drawn.keys()]) forget(figure);
    drawAll();
  });
  document.addEventListener("htmx:after:swap", drawAll);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", drawAll);
  else drawAll();
})();
