// Draws the charts of the page with Observable Plot, lets their figures be read by mouse and keyboard, and makes controls
// of choices. The data of a chart stand beside it as JSON: the fields of spvrisk.charts.chart, with its texts in words.
"use strict";

(() => {
  const page = JSON.parse(document.querySelector("script.looks").textContent);
  const INK = "#1a1a1a", GREY = "#5f5f5f", PALE = "#e4e4e4";
  const LETTERS = 12, LINE = 16;
  const WIDE = 640, NARROW = 460, PRINTED = 690, GAP = 20; // pixels: panels beside each other, names over bars, A4
  const numbers = new Intl.NumberFormat(page.language, {maximumSignificantDigits: 7});

  function made(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }
  const html = (tag, attributes = {}, ...children) => made(document.createElement(tag), attributes, children);
  const svg = (tag, attributes = {}, ...children) =>
    made(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

  // ---- texts: how wide they are, and where their lines end

  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = `${LETTERS}px ${getComputedStyle(document.body).fontFamily}`;
  const widthOf = (text) => Math.max(0, ...text.split("\n").map((line) => ruler.measureText(line).width));
  const widest = (texts) => Math.max(0, ...texts.map(widthOf));
  const linesOf = (text) => text.split("\n").length;

  // what is not broken: a word or a letter of Japanese, with marks that may not end or begin a line
  const TOKEN =
    /[（「『【]*(?:[\u2e80-\u9fff\uf900-\uffef]|[^\s\u2e80-\u9fff\uf900-\uffef]+)[、。，．・：；）」』】ー～]*\s*/g;

  function wrapped(text, room) {
    const lines = [""];
    for (const word of text.match(TOKEN) ?? []) {
      if (lines.at(-1) && widthOf((lines.at(-1) + word).trimEnd()) > room) lines.push("");
      lines.push(lines.pop() + word);
    }
    return lines.map((line) => line.trimEnd()).join("\n");
  }

  function labelled({label, unit}) {
    if (!label || !unit) return label || unit;
    return page.language === "ja" ? `${label}（${unit}）` : `${label}, ${unit}`;
  }

  function shown(axis, value) {
    if (axis.scale === "date") return String(value);
    return axis.percent ? `${numbers.format(100 * value)} %` : numbers.format(value);
  }

  // ---- looks: a series has a pen, a part a fill with a hatch, so that colour is never all that tells them apart

  const HATCHES = {
    "///": "M0,6 L6,0", "\\\\\\": "M0,0 L6,6", "...": "M2,3 h2", xx: "M0,6 L6,0 M0,0 L6,6", "--": "M0,3 h6",
    "++": "M3,0 v6 M0,3 h6",
  };
  const shelf = svg("defs");
  document.body.append(svg("svg", {class: "shelf", "aria-hidden": "true"}, shelf));
  const hatched = new Map();

  function filled({colour, hatch}) {
    if (!hatch) return colour;
    const key = colour + hatch;
    if (!hatched.has(key)) {
      const id = `hatch-${hatched.size}`;
      const line = {stroke: colour === "#ffffff" ? GREY : "white", "stroke-width": hatch === "..." ? 2 : 0.8};
      shelf.append(
        svg("pattern", {id, width: 6, height: 6, patternUnits: "userSpaceOnUse"},
          svg("rect", {width: 6, height: 6, fill: colour}), svg("path", {d: HATCHES[hatch], ...line})),
      );
      hatched.set(key, `url(#${id})`);
    }
    return hatched.get(key);
  }

  const cycled = (looks, i) => looks[i % looks.length];
  const layer = (i) => filled(cycled(page.layers, i));
  const grey = (within) => `hsl(0 0% ${100 * (0.93 - 0.5 * (1 - within))}%)`;
  const dashes = ({dash}) => (Array.isArray(dash) ? dash[1].join(" ") : null);
  const thick = (within) => 1.5 + 5 * (1 - within);

  // the same in all panels of a chart
  function pensOf(chart) {
    const marks = chart.panels.flatMap((panel) => panel.marks);
    const series = marks.filter(({mark}) => ["Line", "Points", "Ranges"].includes(mark)).map(({name}) => name);
    return new Map([...new Set(series)].map((name, i) => [name, cycled(page.pens, i)]));
  }

  // ---- the frame of a panel: where its axes end, and the room that its texts take

  function numbersOn(axis, mark, named) {
    if (mark.mark === "Reference") return mark.axis === axis ? [mark.at, mark.low, mark.high] : [];
    if (mark.mark === "Stack" && axis === "y") return [0, 1];
    const places = axis === "x" ? [mark.x, mark.edges] : [mark.y, mark.heights, mark.mark === "Histogram" ? [0] : []];
    const lies = axis === (named ? "x" : "y"); // along which bars, ranges and intervals lie
    return [...places, ...(lies ? [mark.base, mark.value, mark.low, mark.high] : [])].flatMap((found) => found ?? []);
  }

  function endsOf(panel, name) {
    const axis = panel[name], named = panel.y.names.length > 0;
    if (axis.names.length) return [axis.names.length - 0.5, -0.5];
    if (axis.ends) return axis.ends;
    const found = panel.marks.flatMap((mark) => numbersOn(name, mark, named)).filter((each) => each !== null);
    if (!found.length) return [0, 1];
    const low = Math.min(...found), high = Math.max(...found), room = 0.04 * (high - low || 1);
    if (axis.scale === "log") return [low, high];
    const bound = axis.percent && low >= 0 && high <= 1;
    return [low === 0 || (bound && low < room) ? 0 : low - room, high === 0 || (bound && high === 1) ? high : high + room];
  }

  // names stand over their bars where the page is narrow; of panels beside each other the first alone has names
  function frameOf(panel, width, over, names, bare) {
    const named = names.length > 0;
    const room = over ? Math.floor(0.5 * width) : Infinity; // for figures where names are in the same line
    const texts = named ? panel.marks.flatMap((mark) => mark.texts ?? []).map((text) => wrapped(text, room)) : [];
    const labels = panel.marks.filter(({mark, axis, label}) => mark === "Reference" && axis === "x" && label);
    const ends = {x: endsOf(panel, "x"), y: endsOf(panel, "y")};
    const ticks = named ? [] : rounds(panel.y, ends.y, width < NARROW ? 220 : 290, 55);
    const lines = Math.max(1, ...names.map(linesOf));
    const twice = named && panel.marks.some((mark) => mark.mark === "Points" && mark.y.some((at) => at !== Math.round(at)));
    const own = Math.max(lines, twice ? 2 : 1, ...texts.map(linesOf)); // lines of text in a row
    const row = over ? 18 + LINE * own : Math.max(26, LINE * own + 8);
    const inner = named ? row * names.length : width < NARROW ? 220 : 290;
    const marginTop = 8 + LINE * labels.length, marginBottom = 26;
    return {
      named, over, names, bare, labels, ends, ticks, width, room, marginTop, marginBottom,
      marginLeft: named ? (over || bare ? 12 : widest(names) + 14) : widest(ticks.map(([, text]) => text)) + 16,
      marginRight: texts.length && !over ? widest(texts) + 16 : 28,
      height: inner + marginTop + marginBottom,
    };
  }

  // a place of names: where these stand over their bars, bars lie in the lower half of the room
  const placed = (at, {over}) => (over ? Math.round(at) + 0.4 * (at - Math.round(at)) + 0.26 : at);
  const half = ({over}) => (over ? 0.16 : 0.31);

  function pixelOf(value, {ends, marginLeft, marginRight, width}, log) {
    const [low, high, at] = [...ends.x, value].map((each) => (log ? Math.log(each) : each));
    return marginLeft + ((at - low) / (high - low)) * (width - marginLeft - marginRight);
  }

  // ---- marks of Plot for each mark of a chart

  const rowsOf = (mark, ...names) =>
    mark[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, mark[name][i] ?? null])));

  const haloed = {fill: INK, stroke: "white", strokeWidth: 4, fontSize: LETTERS};

  const drawn = {
    Line(mark, frame, pens) {
      const pen = pens.get(mark.name), curve = mark.steps ? "step-after" : "linear";
      const ends = {x: "x", y1: "low", y2: "high", fill: pen.colour, fillOpacity: 0.18, curve, clip: true};
      const band = mark.low.length ? [Plot.areaY(rowsOf(mark, "x", "low", "high"), ends)] : [];
      const look = {stroke: pen.colour, strokeWidth: 1.8, strokeDasharray: dashes(pen), curve, clip: true};
      return [...band, Plot.line(rowsOf(mark, "x", "y"), {x: "x", y: "y", ...look})];
    },
    Band(mark) {
      const ends = {x: "x", y1: "low", y2: "high", fill: grey(mark.within), stroke: GREY, strokeWidth: 0.4, clip: true};
      return [Plot.areaY(rowsOf(mark, "x", "low", "high"), ends)];
    },
    Stack(mark) {
      const top = mark.x.map(() => 0);
      return mark.heights.map((heights, i) => {
        const rows = mark.x.map((x, k) => ({x, low: top[k], high: (top[k] += heights[k] ?? 0)}));
        return Plot.areaY(rows, {x: "x", y1: "low", y2: "high", fill: layer(i), stroke: "white", strokeWidth: 0.6, clip: true});
      });
    },
    Histogram(mark) {
      const rows = mark.heights.map((height, i) => ({from: mark.edges[i], to: mark.edges[i + 1], height}));
      const ends = {x1: "from", x2: "to", y1: () => 0, y2: "height", insetLeft: 0.5};
      return [Plot.rect(rows, {...ends, fill: filled(page.fills[mark.role])})];
    },
    Bars(mark, frame) {
      const at = (d) => placed(d.at, frame), room = half(frame);
      const ends = {x1: "base", x2: "value", y1: (d) => at(d) - room, y2: (d) => at(d) + room};
      const bars = Plot.rect(rowsOf(mark, "at", "base", "value"), {...ends, fill: filled(page.fills[mark.role])});
      return [bars, ...intervals(mark, mark.at, frame, INK), ...beside(mark, mark.at, frame)];
    },
    Ranges(mark, frame, pens) {
      const look = {stroke: pens.get(mark.name).colour, strokeWidth: thick(mark.within)};
      const rows = rowsOf(mark, "at", "low", "high");
      return [Plot.ruleY(rows, {y: (d) => placed(d.at, frame), x1: "low", x2: "high", ...look})];
    },
    Points(mark, frame, pens, log) {
      const {colour} = pens.get(mark.name), at = frame.named ? mark.y : mark.x;
      const look = mark.many ? {r: 1.3, fill: GREY, fillOpacity: 0.6, clip: true} : {r: 4, fill: colour, stroke: "white"};
      const y = (d) => (frame.named ? placed(d.y, frame) : d.y);
      const texts = frame.named ? beside(mark, mark.y, frame) : near(mark, frame, log);
      return [...intervals(mark, at, frame, colour), Plot.dot(rowsOf(mark, "x", "y"), {x: "x", y, ...look}), ...texts];
    },
    Cells(mark) {
      const most = Math.max(1e-9, ...mark.values.flat().filter((value) => value !== null));
      const cells = mark.values.flatMap((row, r) => row.map((value, c) => ({
        x1: mark.x[c], x2: mark.x[c + 1], y1: mark.y[r], y2: mark.y[r + 1],
        fill: `rgb(0 0 0 / ${(0.2 * (value ?? 0)) / most})`,
      })));
      return [Plot.rect(cells, {x1: "x1", x2: "x2", y1: "y1", y2: "y2", fill: "fill"})];
    },
    Reference(mark, frame) {
      const [first, last] = [`${mark.axis}1`, `${mark.axis}2`];
      const rule = mark.axis === "x" ? Plot.ruleX : Plot.ruleY;
      const known = mark.low !== null && mark.low < mark.high;
      const ends = {[first]: "low", [last]: "high", fill: GREY, fillOpacity: 0.25};
      const band = known ? [Plot.rect([mark], ends)] : [];
      const line = rule([mark.at], {stroke: INK, strokeDasharray: "4 2"});
      const text = {y: "at", text: "label", frameAnchor: "left", textAnchor: "start", dy: -9, dx: 4, ...haloed};
      return [...band, line, ...(mark.label && mark.axis === "y" ? [Plot.text([mark], text)] : [])];
    },
  };

  function intervals(mark, at, frame, colour) {
    const rows = (mark.low ?? []).map((low, i) => ({at: at[i], low, high: mark.high[i]}));
    const look = {stroke: colour, strokeWidth: 1.3};
    if (!frame.named) return [Plot.ruleX(rows, {x: "at", y1: "low", y2: "high", ...look})];
    return [Plot.ruleY(rows, {y: (d) => placed(d.at, frame), x1: "low", x2: "high", ...look})];
  }

  // figures of names: in a column at the right, or over the bars where the names are
  function beside(mark, at, {named, over, room}) {
    const lifted = (place) => Math.round(place) + 0.7 * (place - Math.round(place)) - 0.22;
    const rows = at.map((place, i) => ({place: over ? lifted(place) : place, text: wrapped(mark.texts[i] ?? "", room)}));
    const where = over ? {textAnchor: "end", lineHeight: 1.15} : {textAnchor: "start", dx: 8};
    return named ? [Plot.text(rows, {y: "place", text: "text", frameAnchor: "right", ...where, ...haloed})] : [];
  }

  // figures of points: under them to the right, where an increasing line leaves room
  function near(mark, frame, log) {
    return mark.texts.map((text, i) => {
      const after = pixelOf(mark.x[i], frame, log) + widthOf(text) + 12 < frame.width;
      const where = after ? {textAnchor: "start", dx: 6, dy: 12} : {textAnchor: "end", dx: 8, dy: 18};
      return Plot.text([{x: mark.x[i], y: mark.y[i]}], {x: "x", y: "y", text: () => text, ...where, ...haloed});
    });
  }

  // names over their bars
  function overNames({over, names}) {
    const rows = over ? names.map((name, i) => ({name, at: i - 0.22})) : [];
    return Plot.text(rows, {y: "at", text: "name", frameAnchor: "left", textAnchor: "start", lineHeight: 1.15, ...haloed});
  }

  // what stands over all else: figures in cells
  function cellTexts(panel) {
    return panel.marks.filter(({mark}) => mark === "Cells").map((mark) => {
      const rows = mark.texts.flatMap((row, r) => row.map((text, c) =>
        ({x: (mark.x[c] + mark.x[c + 1]) / 2, y: (mark.y[r] + mark.y[r + 1]) / 2, text})));
      return Plot.text(rows, {x: "x", y: "y", text: "text", ...haloed});
    });
  }

  // labels of lines across, each in a row of its own over the panel, on the side that has room
  function labels(panel, frame) {
    return frame.labels.map((mark, i) => {
      const at = pixelOf(mark.at, frame, panel.x.scale === "log"), width = widthOf(mark.label);
      const after = at + width + 12 < frame.width || at < width + 12;
      const where = {textAnchor: after ? "start" : "end", dx: after ? 5 : -5, dy: LINE * (i - frame.labels.length) + 2};
      const shift = after ? Math.min(0, frame.width - at - width - 12) : 0;
      const line = svg("line", {x1: at, x2: at, y1: 6 + LINE * i, y2: frame.marginTop, stroke: INK, "stroke-dasharray": "4 2"});
      const text = Plot.text([mark], {x: "at", text: "label", frameAnchor: "top", ...where, dx: where.dx + shift, ...haloed});
      return [() => line, text];
    }).flat();
  }

  function axes({x}, frame) {
    const room = frame.width - frame.marginLeft - frame.marginRight;
    const given = x.ticks.length ? x.ticks : rounds(x, frame.ends.x, room, 80);
    const across = spaced(given, frame, x.scale === "log"), up = frame.ticks.map(([place]) => place);
    const textOf = (ticks) => (at) => ticks.find(([place]) => place === at)[1];
    const plain = {label: null, fontSize: LETTERS, lineHeight: 1.15}, grid = {stroke: PALE, strokeOpacity: 1};
    const axisY = (ticks, text) => Plot.axisY({ticks, text, tickSize: 0, ...plain});
    const onX = [Plot.gridX({ticks: across, ...grid}), Plot.axisX({ticks: across, text: textOf(given), tickSize: 4, ...plain})];
    if (!frame.named) return [...onX, Plot.gridY({ticks: up, ...grid}), axisY(up, textOf(frame.ticks))];
    return frame.over || frame.bare ? onX : [...onX, axisY(frame.names.map((_, i) => i), (i) => frame.names[i])];
  }

  // round places on an axis with their texts, as far apart as pixels say: 1, 2, 5 times a power of ten
  function rounds(axis, [low, high], length, apart) {
    const inside = (place) => low <= place && place <= high;
    const texts = (places) => places.filter(inside).map((place) => [place, shown(axis, place)]);
    const tens = [...Array(19).keys()].map((k) => 10 ** (k - 6));
    if (axis.scale === "log") return texts(tens.flatMap((ten) => [1, 2, 5].map((times) => times * ten)));
    const least = ((high - low) * apart) / length;
    const power = 10 ** Math.floor(Math.log10(least)), times = [1, 2, 5, 10].find((each) => each * power >= least);
    const step = axis.scale === "date" ? Math.max(1, times * power) : times * power;
    const first = Math.ceil(low / step), n = Math.floor(high / step) - first + 1;
    return texts(Array.from({length: n}, (_, k) => Number(((first + k) * step).toPrecision(12))));
  }

  // of ticks as many as neither touch nor are cut off
  function spaced(ticks, frame, log) {
    let last = 2;
    return ticks.filter(([place, text]) => {
      const at = pixelOf(place, frame, log), room = widthOf(text) / 2;
      if (at - room < last || at + room > frame.width) return false;
      last = at + room + 10;
      return true;
    }).map(([place]) => place);
  }

  function plotted(panel, frame, pens, picks) {
    const {width, height, marginLeft, marginRight, marginTop, marginBottom} = frame;
    const marks = panel.marks.flatMap((mark) => drawn[mark.mark](mark, frame, pens, panel.x.scale === "log"));
    const look = {symbol: "triangle", rotate: 180, r: 6, dy: -7, fill: INK, stroke: "white", ariaDescription: "picks"};
    const picked = picks.length ? [Plot.dot(picks, {x: "at", y: () => 0, title: "name", ...look})] : [];
    return Plot.plot({
      width, height, marginLeft, marginRight, marginTop, marginBottom,
      style: {fontFamily: "inherit", fontSize: `${LETTERS}px`, overflow: "visible", background: "none"},
      x: {type: panel.x.scale === "log" ? "log" : "linear", domain: frame.ends.x, axis: null},
      y: {type: panel.y.scale === "log" ? "log" : "linear", domain: frame.ends.y, axis: null},
      marks: [...axes(panel, frame), ...marks, overNames(frame), ...cellTexts(panel), ...labels(panel, frame), ...picked],
    });
  }

  // ---- figures

  const charts = [...document.querySelectorAll("figure.chart")].map((figure) => ({
    figure,
    chart: JSON.parse(figure.querySelector("script.chart").textContent),
    drawing: figure.querySelector(".drawing"),
    tables: [...figure.querySelectorAll(".data table")],
    width: 0,
  }));

  function swatches(marks, pens) {
    const box = (fill) => svg("rect", {width: 22, height: 12, y: 1, fill, stroke: GREY, "stroke-width": 0.5});
    return marks.flatMap((mark) => {
      const {name, mark: kind} = mark, pen = pens.get(name);
      const line = (width, dash) =>
        svg("line", {x2: 22, y1: 7, y2: 7, stroke: pen.colour, "stroke-width": width, "stroke-dasharray": dash ?? ""});
      const dot = mark.many ? {r: 2, fill: GREY} : {r: 4, fill: pen?.colour};
      if (kind === "Line") return [[name, line(2, dashes(pen))]];
      if (kind === "Ranges") return [[name, line(thick(mark.within))]];
      if (kind === "Points") return [[name, svg("circle", {cx: 11, cy: 7, ...dot})]];
      if (kind === "Band") return [[name, box(grey(mark.within))]];
      if (kind === "Histogram" || kind === "Bars") return [[name, box(filled(page.fills[mark.role]))]];
      return kind === "Stack" ? mark.names.map((each, i) => [each, box(layer(i))]) : [];
    });
  }

  function legend(marks, pens) {
    const first = ([name], i, all) => name && all.findIndex(([other]) => other === name) === i;
    const items = swatches(marks, pens).filter(first).map(([name, swatch]) =>
      html("li", {}, svg("svg", {width: 22, height: 14, "aria-hidden": "true"}, swatch), name));
    return items.length > 1 ? [html("ul", {class: "legend"}, ...items)] : [];
  }

  const stacked = ({mark}) => mark === "Stack"; // areas are named at their panel

  function draw(each, width) {
    const {chart, drawing, tables} = each, n = chart.panels.length, pens = pensOf(chart);
    const over = width < NARROW || chart.arranged === "column";
    const columns = width < WIDE || chart.arranged === "column" ? 1 : chart.arranged === "row" ? n : Math.min(n, 2);
    const shared = chart.arranged === "row" && columns > 1;
    const namesOf = ({y, marks}) => {
      const texts = Math.min(0.5 * width, widest(marks.flatMap((mark) => (y.names.length ? mark.texts ?? [] : []))));
      const [least, rims] = chart.arranged === "column" ? [0.28, 100] : [0.36, 60];
      const room = over ? Math.max(least * width, width - texts - rims) : Math.min(230, 0.3 * width);
      return y.names.map((name) => wrapped(name, room));
    };
    const margin = shared ? widest(namesOf(chart.panels[0])) : 0;
    const room = Math.floor((width - margin - GAP * (columns - 1)) / columns);
    const frames = chart.panels.map((panel, i) =>
      frameOf(panel, i || !shared ? room : room + margin, over, namesOf(panel), shared && i > 0));
    if (chart.arranged === "column") aligned(frames);
    if (shared) levelled(frames);
    const [low, high] = frames[0].ends.x, picks = (chart.picks ?? []).filter(({at}) => low <= at && at <= high);
    const panels = chart.panels.map((panel, i) => panelOf(each, panel, frames[i], pens, tables[i], i ? [] : picks));
    drawing.style.gridTemplateColumns = [room + margin, ...Array(columns - 1).fill(room)].map((px) => `${px}px`).join(" ");
    const others = chart.panels.flatMap((panel) => panel.marks).filter((mark) => !stacked(mark));
    drawing.replaceChildren(...legend(others, pens), ...panels);
    each.width = width;
  }

  // panels under each other have their places under each other, and many of them are low
  function aligned(frames) {
    const [left, right] = ["marginLeft", "marginRight"].map((side) => Math.max(...frames.map((frame) => frame[side])));
    for (const frame of frames) {
      Object.assign(frame, {marginLeft: left, marginRight: right});
      if (frames.length > 2 && !frame.named) frame.height = 150 + frame.marginTop + frame.marginBottom;
    }
  }

  // panels beside each other have their rows beside each other
  function levelled(frames) {
    const most = (of) => Math.max(...frames.map(of)), marginTop = most((frame) => frame.marginTop);
    const inner = most((frame) => frame.height - frame.marginTop - frame.marginBottom);
    for (const frame of frames) Object.assign(frame, {marginTop, height: marginTop + inner + frame.marginBottom});
  }

  function panelOf({chart, figure}, panel, frame, pens, table, picks) {
    const titles = [panel.title && html("b", {}, panel.title), !frame.named && labelled(panel.y)].filter(Boolean);
    const heading = titles.flatMap((title, i) => (i ? [html("br"), title] : [title]));
    const drawing = plotted(panel, frame, pens, picks);
    const name = [figure.querySelector("figcaption").textContent, panel.title].filter(Boolean).join(": ");
    made(drawing, {role: "img", "aria-label": name}, []);
    drawing.querySelector('[aria-description="picks"]')?.classList.add("picked");
    for (const each of drawing.querySelectorAll("[aria-label], [aria-description]")) { // an image has one name
      each.removeAttribute("aria-label");
      each.removeAttribute("aria-description");
    }
    const under = html("p", {class: "axis along"}, labelled(panel.x));
    under.style.marginLeft = `${frame.marginLeft}px`;
    const areas = legend(panel.marks.filter(stacked), pens);
    const box = html("div", {class: "panel"}, html("p", {class: "axis"}, ...heading), ...areas, drawing, under);
    drawing.querySelectorAll(".picked path").forEach((path, i) =>
      path.addEventListener("click", () => reach(`${chart.choice}-${picks[i].option}`)));
    if (table?.rows.length > 1) readable(box, drawing, panel, frame, table, name);
    return box;
  }

  // ---- reading a panel: the row of its table that is nearest to the pointer, or that arrow keys lead to

  const aloud = html("p", {class: "aloud", role: "status"});
  document.querySelector("main").append(aloud);

  function readable(box, drawing, panel, frame, table, name) {
    const heads = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
    const rows = [...table.tBodies[0].rows].map((row) => ({at: Number(row.dataset.at), cells: [...row.cells]}));
    const axis = frame.named ? "y" : "x", scale = drawing.scale(axis), places = rows.map(({at}) => scale.apply(at));
    const across = frame.named
      ? {x1: frame.marginLeft, x2: frame.width - frame.marginRight}
      : {y1: frame.marginTop, y2: frame.height - frame.marginBottom};
    const hair = svg("line", {...across, class: "hair"}), tip = html("div", {class: "tip", "aria-hidden": "true"});
    let current = -1;

    function show(i) {
      current = Math.max(0, Math.min(rows.length - 1, i));
      const [first, ...others] = rows[current].cells.map((cell) => cell.textContent);
      const lines = others.map((text, k) => [heads[k], text]).filter(([, text]) => text !== "");
      const told = lines.map(([head, text]) => html("div", {}, html("span", {}, head), " ", text));
      tip.replaceChildren(html("b", {}, first), ...told);
      made(hair, {[`${axis}1`]: places[current], [`${axis}2`]: places[current]}, []);
      drawing.append(hair);
      box.append(tip);
      const at = drawing.getBoundingClientRect(), outer = box.getBoundingClientRect(), shrunk = at.width / frame.width;
      const x = frame.named ? 0.5 * at.width : places[current] * shrunk, beside = x + 14 + tip.offsetWidth <= at.width;
      const after = Math.min(x + 14, at.width - tip.offsetWidth), before = x - 14 - tip.offsetWidth;
      const left = beside || before < 0 ? after : before;
      const y = frame.named ? places[current] * shrunk + 16 : frame.marginTop + 4;
      tip.style.left = `${Math.max(0, left) + at.left - outer.left}px`;
      tip.style.top = `${y + at.top - outer.top}px`;
    }

    function hide() {
      current = -1;
      hair.remove();
      tip.remove();
    }

    function nearest(event) {
      const at = drawing.getBoundingClientRect();
      const pixel = ((frame.named ? event.clientY - at.top : event.clientX - at.left) * frame.width) / at.width;
      return places.reduce((best, place, i) => (Math.abs(place - pixel) < Math.abs(places[best] - pixel) ? i : best), 0);
    }

    const steps = {
      ArrowLeft: () => current - 1, ArrowUp: () => current - 1, ArrowRight: () => current + 1, ArrowDown: () => current + 1,
      Home: () => 0, End: () => rows.length - 1,
    };
    made(box, {tabindex: 0, role: "group", "aria-label": `${name}. ${page.keys}`}, []);
    for (const kind of ["pointermove", "pointerdown"]) drawing.addEventListener(kind, (event) => show(nearest(event)));
    drawing.addEventListener("pointerleave", hide);
    box.addEventListener("blur", hide);
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") hide();
      if (!(event.key in steps)) return;
      event.preventDefault();
      show(steps[event.key]());
      aloud.textContent = tip.innerText;
    });
  }

  // ---- choices: a control that shows one option of several

  const choose = new Map();

  function controlled(choice) {
    const options = [...choice.children];
    if (options.length === 1) return;
    const names = options.map((option) => option.querySelector("h3").textContent);
    const label = choice.dataset.label;
    const few = options.length <= 8 && names.every((name) => name.length <= 16);
    const [control, mark] = few ? radios(choice.id, label, names) : list(choice.id, label, names);
    function pick(i) {
      options.forEach((option, k) => (option.hidden = k !== i));
      mark(i);
    }
    control.addEventListener("change", (event) => pick(Number(event.target.value)));
    choice.prepend(control);
    options.forEach((option, i) => choose.set(option.id, () => pick(i)));
    pick(Number(choice.dataset.shown));
  }

  function radios(id, label, names) {
    const buttons = names.map((_, i) => html("input", {type: "radio", name: id, value: i}));
    const labels = names.map((name, i) => html("label", {}, buttons[i], html("span", {}, name)));
    return [html("fieldset", {class: "control"}, html("legend", {}, label), ...labels), (i) => (buttons[i].checked = true)];
  }

  function list(id, label, names) {
    const control = html("select", {}, ...names.map((name, i) => html("option", {value: i}, name)));
    return [html("label", {class: "control"}, html("span", {}, label), control), (i) => (control.value = i)];
  }

  // show what an address leads to: options that hold it, details around it
  function reach(id) {
    const target = document.getElementById(id);
    if (!target) return;
    for (let each = target; each; each = each.parentElement) {
      choose.get(each.id)?.();
      if (each.tagName === "DETAILS") each.open = true;
    }
    target.scrollIntoView();
    if (target.tabIndex === -1 && target.hasAttribute("tabindex")) target.focus({preventScroll: true});
    if (location.hash !== `#${id}`) history.replaceState(null, "", `#${id}`);
  }

  // ---- the page

  // what is wider than its place is scrolled, by keys too
  const wide = new ResizeObserver((entries) => {
    for (const {target} of entries) {
      if (target.scrollWidth > target.clientWidth) target.tabIndex = 0;
      else target.removeAttribute("tabindex");
    }
  });

  document.documentElement.classList.add("scripted");
  document.querySelectorAll(".choice").forEach(controlled);
  document.querySelectorAll(".scroll").forEach((each) => wide.observe(each));
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#"]');
    if (!link) return;
    event.preventDefault();
    reach(link.getAttribute("href").slice(1));
  });
  window.addEventListener("hashchange", () => reach(location.hash.slice(1)));

  const fit = new ResizeObserver((entries) => {
    for (const {target, contentRect} of entries) {
      const each = charts.find(({drawing}) => drawing === target), width = Math.floor(contentRect.width);
      if (width > 0 && width !== each.width) draw(each, width);
    }
  });
  charts.forEach(({drawing}) => fit.observe(drawing));

  const shownCharts = () => charts.filter(({drawing}) => drawing.clientWidth > 0);
  window.addEventListener("beforeprint", () => shownCharts().forEach((each) => draw(each, PRINTED)));
  window.addEventListener("afterprint", () =>
    shownCharts().forEach((each) => draw(each, Math.floor(each.drawing.clientWidth))));

  if (location.hash) reach(location.hash.slice(1));
})();
