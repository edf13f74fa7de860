/* Draws the figures of report/charts.py as SVG. They are written as plotly's, and what they use of it is drawn here:
   bars (stacked, either way, with error bars), lines, points with names, filled bands, a second y axis. */
const drawChart = (() => {
  "use strict";
  const NS = "http://www.w3.org/2000/svg";
  const FONT = 12.5, LINE = 16;
  const DASHES = { solid: "", dash: "7 4", dot: "2 3", dashdot: "7 3 2 3", longdash: "11 4", longdashdot: "11 3 2 3" };
  const canvas = document.createElement("canvas").getContext("2d");
  const listed = (value, k) => (Array.isArray(value) ? value[k] : value);

  const el = (tag, attributes = {}, ...children) => {
    const node = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) if (value !== undefined && value !== null) node.setAttribute(name, value);
    node.append(...children);
    return node;
  };
  /* Texts come escaped, with <br> for new lines and <extra> for what nobody needs. */
  const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": "\"", "&#x27;": "'" };
  const lines = (text) => String(text ?? "").replace(/<extra>.*?<\/extra>/g, "").split("<br>")
    .map((line) => line.replace(/&(?:lt|gt|amp|quot|#x27);/g, (entity) => ENTITIES[entity]));

  /* ---- scales ---- */
  const isWord = (value) => typeof value === "string";
  const stacked = (bars, values, names) => {
    const sums = new Map();
    return bars.map((trace) => trace[values].map((value, k) => {
      const key = `${trace[names][k]}\n${value < 0}`;
      const from = sums.get(key) ?? 0;
      sums.set(key, from + value);
      return [from, from + value];
    }));
  };
  const extent = (numbers) => numbers.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  const niceStep = (span, n) => {
    const raw = span / n, size = 10 ** Math.floor(Math.log10(raw));
    return [1, 2, 2.5, 5, 10].map((step) => step * size).find((step) => step >= raw * 0.999);
  };
  const ticksOf = (axis, [low, high], room) => {
    if (axis.tickvals) return axis.tickvals.map((value, k) => [value, axis.ticktext?.[k]]).filter(([value]) => value >= low - 1e-9 && value <= high + 1e-9);
    const step = niceStep(high - low || 1, Math.max(2, Math.min(6, room)));
    const found = [];
    for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k += 1) found.push([k * step]);
    return found;
  };
  const written = (axis, value, text) => {
    if (text !== undefined) return text;
    const percent = axis.tickformat === ".0%";
    const number = percent ? value * 100 : value;
    const digits = Math.abs(number) < 10 ? 2 : 0;
    const rounded = String(Number(number.toFixed(digits))).replace(/\B(?=(\d{3})+$)/g, ",");
    return `${rounded.replace("-", "\u2212")}${percent ? "%" : ""}`;
  };

  /* What lies along an axis: names, or numbers with some room around them. */
  const spread = (name, traces, layout, stacks) => {
    const letter = name[0];
    const mine = traces.filter((trace) => letter === "x" || (trace.yaxis ?? "y") === name);
    const axis = layout[name === "x" ? "xaxis" : `yaxis${name.slice(1)}`] ?? {};
    const values = mine.flatMap((trace) => trace[letter]).filter((value) => value !== null && value !== undefined);
    if (values.some(isWord)) return { axis, names: [...new Set(values)] };
    const numbers = [...values];
    for (const trace of mine) {
      const stack = stacks.get(trace);
      if (stack && (trace.orientation === "h") === (letter === "x")) numbers.push(0, ...stack.flat());
      const error = trace[`error_${letter}`];
      if (error) trace[letter].forEach((value, k) => numbers.push(value - error.arrayminus[k], value + error.array[k]));
    }
    let [low, high] = axis.range ?? extent(numbers.length ? numbers : [0, 1]);
    if (axis.rangemode === "tozero") [low, high] = [Math.min(0, low), Math.max(0, high)];
    if (low === high) high = low + (Math.abs(low) || 1);
    if (!axis.range) {
      const pad = (high - low) * 0.05;
      [low, high] = [low === 0 ? 0 : low - pad, high === 0 ? 0 : high + pad];
    }
    return { axis, low, high };
  };

  /* ---- words ---- */
  const widthOf = (text, size = FONT) => {
    canvas.font = `${size}px ${drawChart.family}`;
    return canvas.measureText(text).width;
  };
  const write = (parent, x, y, texts, attributes = {}) => {
    const node = el("text", { x, y, ...attributes });
    texts.forEach((text, k) => node.append(el("tspan", { x, dy: k ? LINE - 1 : undefined }, text)));
    parent.append(node);
    return node;
  };
  /* The tip has the whole of a long name. */
  const shortened = (text, most = 20) => ([...text].length > most ? `${[...text].slice(0, most - 1).join("")}…` : text);
  /* Names under a category axis: as they are, broken shorter, slanted, or every so many of them. */
  const fitted = (names, band, thin) => {
    const parts = names.map((name) => lines(name.replaceAll("\u200b", "")));
    const widest = Math.max(...parts.flat().map((line) => widthOf(line, 12)));
    if (widest <= band - 4) return { parts, every: 1, deep: Math.max(...parts.map((part) => part.length)) * (LINE - 1) };
    if (thin) return { parts, every: Math.ceil((widest + 10) / band), deep: LINE };
    if (!parts.flat().some((line) => / |[a-z]{4}/i.test(line))) {
      const room = Math.max(1, Math.floor((band - 3) / 12));
      const short = parts.map((part) => part.join("").match(new RegExp(`.{1,${room}}`, "gsu")) ?? [""]);
      return { parts: short, every: 1, deep: Math.max(...short.map((part) => part.length)) * (LINE - 1) };
    }
    const joined = parts.map((part) => [part.join(" ")]);
    return { parts: joined, every: 1, slanted: true, deep: Math.max(...joined.map(([line]) => widthOf(line, 12))) * 0.77 + 12 };
  };

  /* ---- marks ---- */
  const SYMBOLS = {
    circle: (r) => `M${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0`,
    square: (r) => `M${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
    diamond: (r) => `M0 ${-1.3 * r}L${1.3 * r} 0L0 ${1.3 * r}L${-1.3 * r} 0z`,
    "triangle-up": (r) => `M0 ${-1.2 * r}L${1.15 * r} ${0.9 * r}H${-1.15 * r}z`,
    x: (r) => `M${-r} ${-r}L${r} ${r}M${r} ${-r}L${-r} ${r}`,
    cross: (r) => `M0 ${-1.2 * r}V${1.2 * r}M${-1.2 * r} 0H${1.2 * r}`,
  };
  const symbol = (name, r, colour, place) => {
    const open = name === "x" || name === "cross";
    return el("path", { d: SYMBOLS[name ?? "circle"](r), transform: `translate(${place[0]} ${place[1]})`, fill: open ? "none" : colour,
      stroke: open ? colour : undefined, "stroke-width": open ? 2.4 : undefined });
  };
  const tipOf = (trace, k) => {
    const own = listed(trace.hovertext, k);
    const text = own ?? listed(trace.hovertemplate, k) ?? "";
    return lines(text.replace("%{y:.1%}", () => `${(trace.y[k] * 100).toFixed(1)}%`)).filter(Boolean);
  };

  return Object.assign((box, figure, colours, { width, onPick, printing } = {}) => {
    const { data, layout } = figure;
    const { ink, soft, grid, card } = colours;
    const bars = data.filter((trace) => trace.type === "bar");
    const across = bars[0]?.orientation === "h";
    const full = Math.max(240, width ?? box.clientWidth), height = printing ? Math.min(layout.height, across ? 320 : 250) : layout.height;
    const stacks = new Map(stacked(bars, across ? "x" : "y", across ? "y" : "x").map((stack, k) => [bars[k], stack]));
    const axes = { x: spread("x", data, layout, stacks), y: spread("y", data, layout, stacks) };
    if (data.some((trace) => trace.yaxis === "y2")) axes.y2 = spread("y2", data, layout, stacks);

    /* ---- legend ---- */
    const shown = data.length > 1 ? data.filter((trace) => trace.showlegend !== false && trace.name) : [];
    const items = [];
    let x = 0, row = 0;
    for (const trace of shown) {
      const wide = 26 + widthOf(lines(trace.name)[0]) + 18;
      if (x && x + wide > full) { x = 0; row += 1; }
      items.push([trace, x, row]);
      x += wide;
    }
    const top = items.length ? (row + 1) * 22 + 8 : 16;

    /* ---- room ---- */
    const vertical = (name) => axes[name].names
      ? axes[name].names.map((text) => lines(text)[0])
      : ticksOf(axes[name].axis, [axes[name].low, axes[name].high], Math.floor(height / 55)).map(([value, text]) => written(axes[name].axis, value, text));
    const titled = (name) => (axes[name]?.axis.title ? LINE + 6 : 0);
    const left = Math.max(...vertical("y").map((text) => widthOf(text)), 0) + 10 + titled("y");
    const right = axes.y2 ? Math.max(...vertical("y2").map((text) => widthOf(text))) + 12 : Math.max(layout.margin?.r ?? 12, 12);
    const inner = full - left - right;
    const under = axes.x.names && fitted(axes.x.names, inner / axes.x.names.length, !bars.length);
    const bottom = (under ? under.deep + 8 : LINE + 6) + titled("x");
    const deep = Math.max(80, height - top - bottom);
    const spanOf = (name) => (name === "x" ? [left, left + inner] : axes[name].axis.autorange === "reversed" ? [top, top + deep] : [top + deep, top]);
    const scaled = (name) => {
      const { names, low, high } = axes[name];
      const [from, to] = spanOf(name);
      if (!names) return (value) => from + ((value - low) / (high - low)) * (to - from);
      const places = new Map(names.map((text, k) => [text, k]));
      const loose = bars.length ? 0.5 : names.length > 1 ? 0.35 : 0.5;
      return (value) => from + ((places.get(value) + loose) / (names.length - 1 + 2 * loose)) * (to - from);
    };
    const at = Object.fromEntries(Object.keys(axes).map((name) => [name, scaled(name)]));

    const svg = el("svg", { width: full, height: top + deep + bottom, viewBox: `0 0 ${full} ${top + deep + bottom}`, class: "main-svg",
      "font-family": drawChart.family, "font-size": FONT, fill: ink });
    const lie = el("g", { class: "grid", "aria-hidden": "true" });
    svg.append(lie);

    /* ---- axes ---- */
    for (const name of Object.keys(axes)) {
      const { axis, names, low, high } = axes[name];
      const upright = name !== "x";
      const ticks = names ? names.map((text) => [text, text]) : ticksOf(axis, [low, high], upright ? Math.floor(height / 55) : Math.floor(inner / 70));
      ticks.forEach(([value, text], k) => {
        const place = at[name](value);
        if (axis.showgrid !== false && !names) {
          const zero = axis.zeroline && value === 0;
          lie.append(el("path", { d: upright ? `M${left} ${place}H${left + inner}` : `M${place} ${top}V${top + deep}`, stroke: zero ? axis.zerolinecolor ?? soft : grid, "stroke-width": zero ? 1.5 : 1 }));
        }
        if (upright) {
          const beyond = name === "y2";
          write(lie, beyond ? left + inner + 8 : left - 8, place, names ? lines(text).slice(0, 1) : [written(axis, value, text)],
            { dy: ".35em", "text-anchor": beyond ? "start" : "end", class: "ytick" });
        } else if (!names) {
          write(lie, place, top + deep + LINE, [written(axis, value, text)], { "text-anchor": "middle", class: "xtick" });
        } else if (k % under.every === 0) {
          const slant = under.slanted ? { transform: `rotate(-50 ${place} ${top + deep + 10})`, "text-anchor": "end" } : { "text-anchor": "middle" };
          write(lie, place, top + deep + (under.slanted ? 12 : LINE), under.parts[k], { "font-size": 12, class: "xtick", ...slant });
        }
      });
      if (axis.title && upright) {
        const middle = top + deep / 2;
        write(lie, 12, middle, [axis.title.text], { transform: `rotate(-90 12 ${middle})`, "text-anchor": "middle", fill: soft });
      } else if (axis.title) {
        write(lie, left + inner / 2, top + deep + bottom - 5, [axis.title.text], { "text-anchor": "middle", fill: soft });
      }
    }
    lie.append(el("path", { d: `M${left} ${top + deep}H${left + inner}`, stroke: grid }));
    const put = (ref, name, value) => (ref === "paper" ? (name === "x" ? left + value * inner : top + (1 - value) * deep) : at[ref ?? name](value));
    for (const shape of layout.shapes ?? []) {
      lie.append(el("path", {
        d: `M${put(shape.xref, "x", shape.x0)} ${put(shape.yref, "y", shape.y0)}L${put(shape.xref, "x", shape.x1)} ${put(shape.yref, "y", shape.y1)}`,
        stroke: shape.line.color, "stroke-width": shape.line.width, "stroke-dasharray": DASHES[shape.line.dash] || null,
      }));
    }
    for (const note of layout.annotations ?? []) {
      const high = note.yanchor === "top";
      write(lie, put("paper", "x", note.x), put("paper", "y", note.y) + (high ? 12 : -4), lines(note.text),
        { "text-anchor": note.xanchor === "left" ? "start" : "end", fill: soft });
    }

    /* ---- marks; those that lead somewhere can be pointed at, tabbed to and pressed ---- */
    const marks = [];
    const names = el("g", { "aria-hidden": "true", "pointer-events": "none" });
    const halo = { stroke: card, "stroke-width": 3, "paint-order": "stroke" };
    const offer = (node, trace, k) => {
      const tip = tipOf(trace, k), wanted = listed(trace.customdata, k);
      if (!tip.length && !wanted) { node.setAttribute("aria-hidden", "true"); return node; }
      node.setAttribute("class", wanted ? "mark-on" : "mark-off");
      node.dataset.tip = tip.join("\n");
      if (wanted) {
        node.setAttribute("role", "button");
        node.setAttribute("tabindex", "-1");
        node.setAttribute("aria-label", tip.join(" "));
        node.pick = () => onPick?.(wanted);
        marks.push(node);
      }
      return node;
    };
    const thick = bars.length && (across ? deep / axes.y.names.length : inner / axes.x.names.length) * (1 - (layout.bargap ?? 0.2));
    bars.forEach((trace) => {
      const layer = el("g", { class: "bars" });
      stacks.get(trace).forEach(([from, to], k) => {
        const [low, high] = [at[across ? "x" : "y"](from), at[across ? "x" : "y"](to)].sort((a, b) => a - b);
        const middle = across ? at.y(trace.y[k]) : at.x(trace.x[k]);
        const place = across
          ? { x: low, y: middle - thick / 2, width: high - low, height: thick }
          : { x: middle - thick / 2, y: low, width: thick, height: high - low };
        const node = offer(el("g", {}, el("rect", { ...place, fill: listed(trace.marker.color, k) })), trace, k);
        const text = listed(trace.text, k);
        if (text && trace.textposition === "outside") {
          write(names, middle, low - 5, [text], { "text-anchor": "middle", "font-size": thick < 24 ? 10.5 : 12, ...halo });
        } else if (text && high - low > widthOf(text, 12) + 6) {
          write(node, (low + high) / 2, middle, [text], { "text-anchor": "middle", dy: ".35em", fill: trace.textfont?.color ?? "#fff", "font-size": 12 });
        }
        layer.append(node);
      });
      const error = trace.error_x;
      if (error) {
        trace.x.forEach((value, k) => {
          const [low, high, y] = [at.x(value - error.arrayminus[k]), at.x(value + error.array[k]), at.y(trace.y[k])];
          layer.append(el("path", { d: `M${low} ${y - 4}v8M${low} ${y}H${high}M${high} ${y - 4}v8`, fill: "none", stroke: ink, "stroke-width": 1.4, opacity: 0.75, "pointer-events": "none" }));
        });
      }
      svg.append(layer);
    });
    for (const trace of data.filter(({ type }) => type === "scatter")) {
      const layer = el("g", { class: "points" });
      const points = trace.x.map((value, k) => [at.x(value), trace.y[k] === null ? null : at[trace.yaxis ?? "y"](trace.y[k])]);
      const path = points.map(([px, py], k) => (py === null ? "" : `${k && points[k - 1][1] !== null ? "L" : "M"}${px.toFixed(1)} ${py.toFixed(1)}`)).join("");
      const colour = trace.line?.color;
      if (trace.fill === "toself") layer.append(el("path", { d: `${path}z`, fill: trace.fillcolor, "aria-hidden": "true" }));
      else if (trace.mode.includes("lines")) layer.append(el("path", { d: path, fill: "none", stroke: colour, "stroke-width": trace.line.width, "stroke-dasharray": DASHES[trace.line.dash] || null, "stroke-linejoin": "round", "aria-hidden": "true" }));
      if (trace.mode.includes("markers")) {
        points.forEach((place, k) => {
          if (place[1] === null) return;
          const r = (trace.marker?.size ?? 6) / 2;
          /* A small point gets a larger field around it, so that it can be hit. */
          const node = el("g", {}, el("circle", { cx: place[0], cy: place[1], r: Math.max(r, 11), fill: "transparent" }),
            symbol(listed(trace.marker?.symbol, k), r, listed(trace.marker?.color, k) ?? colour, place));
          const text = listed(trace.text, k);
          if (trace.mode.includes("text") && text) {
            const [way, side] = (listed(trace.textposition, k) ?? "top center").split(" ");
            const move = side === "center" ? [0, way === "top" ? -r - 6 : r + 15] : [side === "right" ? r + 5 : -r - 5, 4.5];
            const name = shortened(lines(text)[0]), wide = widthOf(name);
            /* Where the name begins, moved so that it stays inside the drawing. */
            const from = place[0] + move[0] - { center: wide / 2, right: 0, left: wide }[side];
            write(names, Math.max(2, Math.min(from, full - wide - 2)), place[1] + move[1], [name], halo);
          }
          layer.append(offer(node, trace, k));
        });
      }
      svg.append(layer);
    }

    const key = el("g", { class: "key", "aria-hidden": "true" });
    for (const [trace, from, line] of items) {
      const y = line * 22 + 12, colour = trace.line?.color ?? listed(trace.marker?.color, 0);
      if (trace.type === "bar") key.append(el("rect", { x: from, y: y - 6, width: 12, height: 12, fill: listed(trace.marker.color, 0) }));
      else if (trace.fill) key.append(el("rect", { x: from, y: y - 6, width: 20, height: 12, fill: trace.fillcolor }));
      else {
        if (trace.mode.includes("lines")) key.append(el("path", { d: `M${from} ${y}h20`, stroke: colour, "stroke-width": 2, "stroke-dasharray": DASHES[trace.line?.dash] || null }));
        if (trace.mode.includes("markers")) key.append(symbol(listed(trace.marker?.symbol, 0), 4, colour, [from + 10, y]));
      }
      write(key, from + 26, y, lines(trace.name), { dy: ".35em" });
    }
    svg.append(names, key);
    marks[0]?.setAttribute("tabindex", "0");
    box.replaceChildren(svg);
    box.marks = marks;
  }, { family: "sans-serif" });
})();
