"use strict";
const walk = JSON.parse(document.getElementById("walk").textContent);
const $ = (id) => document.getElementById(id);
const values = walk.values;
// What is open: "view:label" of steps whose inside is shown.
const opened = new Set();
let frames = [];
let at = 0;
let chosen = null;

// MARK: Text with names that are linked to values

const escapes = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const safe = (text) => String(text).replace(/[&<>"]/g, (c) => escapes[c]);
const linkers = walk.names.map((names) => {
  const all = Object.keys(names).sort((a, b) => b.length - a.length);
  if (!all.length) return null;
  const quoted = all.map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp("(?<![\\p{L}\\p{N}_.∂])(?:" + quoted.join("|") + ")(?![\\p{L}\\p{N}_])", "gu");
});

function span(key, text, extra) {
  const isGradient = key.endsWith("~");
  const kind = (extra || "name") + (isGradient ? " gradient" : "");
  return `<span class="${kind}" data-k="${safe(isGradient ? key.slice(0, -1) : key)}">${safe(text)}</span>`;
}

// Names become links, numbers know what they are the value of.
function linked(text, view) {
  let html = "";
  for (const piece of text.split(/([^\s(,]*\uE000[^\uE001]*\uE001)/)) {
    const number = piece.match(/^([^\uE000]*)\uE000([^\uE001]*)\uE001$/);
    html += number ? numeral(number[1], number[2], view) : plain(piece, view);
  }
  return html;
}

function numeral(text, symbol, view) {
  const lead = text.match(/^[(−√]*/)[0];
  const sign = lead.endsWith("−") ? "−" : "";
  const key = walk.names[view][symbol] || walk.names[view][symbol.replace(/\[[\d, ]*\]$/, "")];
  const shown = sign + text.slice(lead.length);
  const before = safe(lead.slice(0, lead.length - sign.length));
  if (!key) return `${before}<span class="number" title="${safe(symbol)}">${safe(shown)}</span>`;
  return before + span(key, shown, "number").replace("<span ", `<span title="${safe(symbol)}" `);
}

function plain(text, view) {
  const linker = linkers[view];
  if (!linker) return safe(text);
  let html = "", from = 0;
  for (const match of text.matchAll(linker)) {
    html += safe(text.slice(from, match.index)) + span(walk.names[view][match[0]], match[0]);
    from = match.index + match[0].length;
  }
  return html + safe(text.slice(from));
}

// MARK: The sequence of frames

function inside(view, label) {
  for (let deeper = view + 1; deeper < walk.views.length; deeper++) {
    const steps = walk.views[deeper].filter((s) => s.l === label || s.l.startsWith(label + "."));
    if (steps.length > 1) return steps.map((step) => ({ view: deeper, step }));
  }
  return [];
}

function shownSteps() {
  const add = (entry, list) => {
    const key = entry.view + ":" + entry.step.l;
    const parts = opened.has(key) ? inside(entry.view, entry.step.l) : [];
    if (!parts.length) return list.push({ ...entry, outer: entry.outer });
    for (const part of parts) add({ ...part, outer: key }, list);
  };
  const list = [];
  for (const step of walk.views[0]) add({ view: 0, step, outer: null }, list);
  return list;
}

function rebuild() {
  const steps = shownSteps();
  frames = steps.map((s) => ({ ...s, half: "forward" }))
    .concat(steps.slice().reverse().map((s) => ({ ...s, half: "backward" })))
    .concat(walk.updates.map((step) => ({ view: 0, step, half: "update", outer: null })));
  $("slider").max = frames.length - 1;
}

// MARK: One frame

function scalarRow(row, view) {
  const [, subject, symbols, numbers, ledger, result] = row;
  const parts = [symbols && linked(symbols, view), numbers && linked(numbers, view),
    ledger && linked(ledger, view), result && `<span class="result">${safe(result)}</span>`];
  const equals = ' <span class="equals">=</span> ';
  return linked(subject, view) + equals + parts.filter(Boolean).join(equals);
}

function row(line, view) {
  switch (line[0]) {
    case "o":
      return (line[3] ? "→ " : "") + span(line[1], line[4] || line[1])
        + ` <span class="word">${safe(line[5])}</span> <span class="result">${safe(line[2])}</span>`;
    case "r":
      return linked(line[1], view) + ' <span class="equals">=</span> ' + linked(line[2], view)
        + ` <span class="word">${safe(line[3])}</span>`;
    case "s": return scalarRow(line, view);
    case "l": return '<span class="word">ledger</span> ' + scalarRow(line, view);
    default: return `<span class="word">${safe(line[1])}</span> ${linked(line[2], view)}`;
  }
}

function article(frame) {
  const lines = frame.half === "backward" ? frame.step.B : frame.step.F;
  const title = frame.half === "backward" ? "back through " + frame.step.t : frame.step.t;
  return `<h3>${linked(title, frame.view)}</h3>`
    + lines.map((line) => `<p class="row">${row(line, frame.view)}</p>`).join("");
}

function show() {
  const frame = frames[at];
  const number = `${at + 1} of ${frames.length}`;
  $("slider").value = at;
  $("slider").setAttribute("aria-valuetext", `${number}, ${frame.half}, ${frame.step.t}`);
  $("where").innerHTML =
    `${number} · <b>${frame.half}</b> · step ${safe(frame.step.l)} · ${linked(frame.step.t, frame.view)}`;
  $("frame").innerHTML = article(frame);
  $("first").disabled = $("back").disabled = at === 0;
  $("next").disabled = $("last").disabled = at === frames.length - 1;
  $("open").disabled = frame.half === "update" || !inside(frame.view, frame.step.l).length;
  $("close").disabled = !frame.outer;
  showSource(frame);
  showGraph();
  if (frame.half !== "update") choose(frame.step.l);
}

function showSource(frame) {
  const place = frame.step.p;
  Array.from($("lines").children).forEach((line, index) => {
    const isNow = Boolean(place) && index === place[0];
    line.classList.toggle("now", isNow);
    const text = walk.source[index][1];
    if (!isNow) {
      if (line.dataset.marked) line.innerHTML = linked(text, 0);
      delete line.dataset.marked;
      return;
    }
    const [, from, to] = place;
    const points = Array.from(text);
    const part = (a, b) => linked(points.slice(a, b).join(""), frame.view);
    line.innerHTML = part(0, from) + `<mark>${part(from, to)}</mark>` + part(to);
    line.dataset.marked = "yes";
    const box = $("lines");
    box.scrollTop = Math.max(0, line.offsetTop - box.offsetTop - box.clientHeight / 2);
  });
}

// MARK: The graph

function visible(key, shown) {
  while (!shown.has(key) && key.includes(".")) key = key.slice(0, key.lastIndexOf("."));
  return key;
}

function layout(steps) {
  const boxes = new Map();
  const shown = new Set(steps.map((s) => s.step.l));
  for (const entry of steps) {
    const inputs = [];
    for (const input of entry.step.i) {
      const key = values[input] && values[input].k !== "step" ? input : visible(input, shown);
      if (key === entry.step.l || inputs.includes(key)) continue;
      if (!boxes.has(key)) {
        if (!values[key] || values[key].k === "step") continue;
        boxes.set(key, { key, rank: 0, inputs: [], isLeaf: true });
      }
      inputs.push(key);
    }
    const rank = 1 + Math.max(-1, ...inputs.map((key) => boxes.get(key).rank));
    boxes.set(entry.step.l, { key: entry.step.l, rank, inputs, entry, isLeaf: !inputs.length });
  }
  // Data and params stand just above their first use.
  for (const box of boxes.values()) {
    for (const key of box.inputs) {
      const leaf = boxes.get(key);
      if (leaf.isLeaf) leaf.rank = leaf.moved ? Math.min(leaf.rank, box.rank - 1) : box.rank - 1;
      leaf.moved = true;
    }
  }
  const rows = [];
  for (const box of boxes.values()) (rows[box.rank] = rows[box.rank] || []).push(box);
  // Many params of one step stand in several lines.
  const filled = [];
  for (const row of rows.filter(Boolean)) {
    row.sort((a, b) => (b.isLeaf ? 1 : 0) - (a.isLeaf ? 1 : 0));
    while (row.length > 6) filled.push(row.splice(0, 4));
    filled.push(row);
  }
  let width = 0;
  filled.forEach((row, index) => {
    row.sort((a, b) => (a.isLeaf ? 1 : 0) - (b.isLeaf ? 1 : 0));
    let x = 10;
    for (const box of row) {
      box.title = short(values[box.key] ? values[box.key].n : box.key, 22);
      box.second = short(values[box.key] ? values[box.key].c : "", 24);
      box.third = values[box.key] && values[box.key].G ? short("∂ " + values[box.key].gc, 26) : "";
      box.width = 16 + 7.3 * Math.max(box.title.length + 3, box.second.length, box.third.length, 7);
      box.x = x;
      box.y = 10 + index * 82;
      x += box.width + 14;
    }
    width = Math.max(width, x);
  });
  for (const row of filled) {
    const last = row[row.length - 1];
    const shift = (width - last.x - last.width - 10) / 2;
    for (const box of row) box.x += shift;
  }
  return { boxes, width: width + 4, height: 10 + filled.length * 82 };
}

const short = (text, length) => text.length > length ? text.slice(0, length - 1) + "…" : text;

function showGraph() {
  const frame = frames[at];
  const steps = shownSteps();
  const { boxes, width, height } = layout(steps);
  const order = steps.map((s) => s.step.l);
  const here = frame.half === "update" ? -1 : order.indexOf(frame.step.l);
  const forward = (key) => frame.half !== "forward" || order.indexOf(key) <= here;
  const back = (key) => frame.half === "update" || frame.half === "backward" && order.indexOf(key) >= here;
  let html = "";
  for (const box of boxes.values()) {
    for (const key of box.inputs) {
      const from = boxes.get(key);
      const [x1, y1, x2, y2] = [from.x + from.width / 2, from.y + 58, box.x + box.width / 2, box.y];
      const middle = (y1 + y2) / 2;
      const isBack = back(box.key) && values[key] && values[key].G;
      const size = isBack ? 1 + 5 * Math.sqrt(values[key].w) : 1.2;
      html += `<path class="${isBack ? "back" : ""}" style="stroke-width:${size.toFixed(1)}" d="M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}"/>`;
    }
  }
  for (const box of boxes.values()) {
    const value = values[box.key];
    const isKnown = !box.entry || forward(box.key);
    const hasGradient = value && value.G && (!box.entry ? usersBack(box.key, boxes, back) : back(box.key));
    const kind = [value ? value.k : "step", box.key === frame.step.l ? "now" : "", isKnown ? "" : "later"];
    const label = `${value ? value.n : box.key} ${value ? value.s : ""} ${box.second}`;
    html += `<g role="button" tabindex="0" class="${kind.join(" ")}" data-k="${safe(box.key)}" aria-label="${safe(label)}">`
      + `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="58" rx="7"/>`
      + text(box, 17, "", box.entry ? `${box.key} ${box.title}` : box.title)
      + (isKnown ? text(box, 34, "second", box.second) : "")
      + (hasGradient ? text(box, 51, "third", box.third) : "") + "</g>";
  }
  const svg = $("svg");
  svg.setAttribute("width", width);
  svg.setAttribute("height", height);
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.innerHTML = html;
  const now = boxes.get(frame.step.l);
  if (now) {
    const scroll = $("scroll");
    scroll.scrollTop = now.y - scroll.clientHeight / 2;
    scroll.scrollLeft = now.x + now.width / 2 - scroll.clientWidth / 2;
  }
}

function usersBack(key, boxes, back) {
  for (const box of boxes.values()) if (box.inputs.includes(key) && back(box.key)) return true;
  return false;
}

const text = (box, down, kind, words) =>
  `<text x="${box.x + 8}" y="${box.y + down}" class="${kind}">${safe(words)}</text>`;

// MARK: A value as numbers, heat map, histogram

function choose(key, half) {
  if (!values[key]) return;
  chosen = key;
  $("pick").value = key;
  const what = $("what"), before = half || what.value;
  what.innerHTML = '<option value="v">the value</option>'
    + (values[key].g ? '<option value="g">the gradient</option>' : "");
  what.value = before === "g" && values[key].g ? "g" : "v";
  showValue();
}

const numeric = (text) => text === "∞" ? Infinity : text === "−∞" ? -Infinity : Number(text.replace(/−/g, "-"));

function showValue() {
  const value = values[chosen];
  const isGradient = $("what").value === "g";
  const tensor = isGradient ? value.g : value.v;
  const name = isGradient ? value.G : value.n;
  const how = $("how").value;
  $("why").textContent = "";
  const words = `${name} ${value.s}` + (tensor.st ? `, from ${tensor.st[0]} to ${tensor.st[1]}, mean ${tensor.st[2]}` : "")
    + (tensor.part ? "; every " + tensor.part + " is in the page" : "");
  if (how === "histogram" && tensor.h) $("shown").innerHTML = `<p>${safe(words)}</p>` + histogram(tensor);
  else $("shown").innerHTML = table(tensor, words, how === "heat", isGradient ? [] : value.a);
}

function table(tensor, words, isHeat, whys) {
  const [rows, columns] = tensor.at;
  const numbers = tensor.x.map(numeric);
  const most = Math.max(...numbers.filter(Number.isFinite).map(Math.abs), 1e-300);
  const known = new Map((whys || []).map((w) => [w[0], w[1]]));
  let html = `<p>${safe(words)}</p><table>`;
  if (columns.length > 1) {
    html += "<tr><th></th>" + columns.map((c) => `<th scope="col">${c}</th>`).join("") + "</tr>";
  }
  rows.forEach((r, i) => {
    html += "<tr>" + (rows.length > 1 || tensor.n > 1 ? `<th scope="row">${safe(r)}</th>` : "<th></th>");
    columns.forEach((c, j) => {
      const place = i * columns.length + j;
      const share = Math.round(Math.min(1, Math.abs(numbers[place]) / most) * 85);
      const color = numbers[place] < 0 ? "var(--gradient)" : "var(--accent)";
      const style = isHeat ? ` style="background:color-mix(in srgb, ${color} ${share}%, transparent)"` : "";
      const index = tensor.f[place];
      const shown = safe(tensor.x[place]);
      html += `<td${style}>` + (known.has(index)
        ? `<button data-why="${index}" title="Why?">${shown}</button>` : shown) + "</td>";
    });
    html += "</tr>";
  });
  if (known.size) html += `</table><p>A number that can be pressed tells why its gradient is what it is.</p>`;
  return html + (known.size ? "" : "</table>");
}

function histogram(tensor) {
  const [low, high, counts] = tensor.h;
  const most = Math.max(...counts, 1), width = 420, height = 130, step = width / counts.length;
  let bars = "";
  counts.forEach((count, i) => {
    const tall = count / most * height;
    bars += `<rect class="bar" x="${i * step}" y="${height - tall}" width="${step - 1}" height="${tall}"><title>${count}</title></rect>`;
  });
  return `<svg role="img" aria-label="Histogram from ${safe(low)} to ${safe(high)}, at most ${most} in a bin" viewBox="0 0 ${width} ${height + 18}" style="max-width:100%" width="${width}">`
    + bars + `<text x="0" y="${height + 14}">${safe(low)}</text><text x="${width}" y="${height + 14}" text-anchor="end">${safe(high)}</text></svg>`;
}

// MARK: Nudges

function showNudge() {
  const nudge = walk.nudges[Number($("leaf").value)];
  const slider = $("push");
  slider.max = nudge.points.length - 1;
  const [step, predicted, actual, after] = nudge.points[Number(slider.value)];
  slider.setAttribute("aria-valuetext", `${nudge.name} changed by ${step}`);
  $("pushed").innerHTML = `<table><tr><td>${safe(nudge.name)}</td><td>${safe(nudge.value)} → changed by ${safe(step)}</td></tr>`
    + `<tr><td>predicted</td><td>gradient · nudge = ${safe(nudge.gradient)} · ${safe(step)} = <b>${safe(predicted)}</b></td></tr>`
    + `<tr><td>actual</td><td>${safe(walk.loss)} ${safe(nudge.loss)} → ${safe(after)}: <b>${safe(actual)}</b></td></tr></table>`
    + curve(nudge, Number(slider.value));
}

function curve(nudge, now) {
  const xs = nudge.points.map((p) => numeric(p[0]));
  const actual = nudge.points.map((p) => numeric(p[2])), predicted = nudge.points.map((p) => numeric(p[1]));
  const all = actual.concat(predicted).filter(Number.isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)], width = 300, height = 110;
  const x = (i) => 6 + (xs[i] - xs[0]) / (xs[xs.length - 1] - xs[0] || 1) * (width - 12);
  const y = (v) => 6 + (high - v) / (high - low || 1) * (height - 12);
  const path = (list) => "M" + list.map((v, i) => `${x(i).toFixed(1)} ${y(v).toFixed(1)}`).join("L");
  return `<svg role="img" aria-label="The loss over the nudge: actual, and predicted as a straight line" viewBox="0 0 ${width} ${height}" width="${width}" style="max-width:100%">`
    + `<path d="${path(predicted)}" stroke-dasharray="4 3" style="stroke:var(--dim)"/><path d="${path(actual)}" style="stroke:var(--accent);stroke-width:2"/>`
    + `<circle cx="${x(now)}" cy="${y(actual[now])}" r="4" style="fill:var(--accent)"/></svg>`;
}

// MARK: Moves

function go(to) {
  at = Math.max(0, Math.min(frames.length - 1, to));
  show();
}

function stand(label, half) {
  const place = frames.findIndex((f) => f.half === half && (f.step.l === label || f.step.l.startsWith(label + ".")));
  go(place < 0 ? 0 : place);
}

function open() {
  const frame = frames[at];
  if (frame.half === "update" || !inside(frame.view, frame.step.l).length) return;
  opened.add(frame.view + ":" + frame.step.l);
  rebuild();
  if (frame.half === "backward") go(frames.findIndex((f) => f.half === "backward" && f.step.l === frame.step.l));
  else stand(frame.step.l, frame.half);
}

function close() {
  const frame = frames[at];
  if (!frame.outer) return;
  opened.delete(frame.outer);
  rebuild();
  stand(frame.outer.slice(frame.outer.indexOf(":") + 1), frame.half);
}

function flip() {
  const frame = frames[at];
  if (frame.half === "update") return;
  const half = frame.half === "forward" ? "backward" : "forward";
  go(frames.findIndex((f) => f.half === half && f.step.l === frame.step.l && f.view === frame.view));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  const takesArrows = target.matches("select, input[type=range]:not(#slider)");
  const moves = { ArrowRight: () => go(at + 1), ArrowLeft: () => go(at - 1), ArrowDown: open, ArrowUp: close,
    Home: () => go(0), End: () => go(frames.length - 1), f: flip };
  if ((event.key === "Enter" || event.key === " ") && target.matches("g[data-k]")) {
    choose(target.dataset.k);
    return event.preventDefault();
  }
  if (!moves[event.key] || takesArrows) return;
  event.preventDefault();
  moves[event.key]();
});

// Every appearance of a value lights up with the one that is pointed at.
function light(key, isOn) {
  for (const element of document.querySelectorAll(`[data-k="${CSS.escape(key)}"]`)) element.classList.toggle("lit", isOn);
}
document.addEventListener("pointerover", (event) => {
  const element = event.target.closest("[data-k]");
  if (element) light(element.dataset.k, true);
});
document.addEventListener("pointerout", (event) => {
  const element = event.target.closest("[data-k]");
  if (element) light(element.dataset.k, false);
});
document.addEventListener("click", (event) => {
  const why = event.target.closest("[data-why]");
  if (why) {
    const entry = values[chosen].a.find((w) => String(w[0]) === why.dataset.why);
    $("why").textContent = entry ? entry[1] : "";
    return;
  }
  const element = event.target.closest("[data-k]");
  if (element) choose(element.dataset.k, element.classList.contains("gradient") ? "g" : "v");
});
$("slider").addEventListener("input", () => go(Number($("slider").value)));
for (const [id, move] of [["first", () => go(0)], ["back", () => go(at - 1)], ["next", () => go(at + 1)],
  ["last", () => go(frames.length - 1)], ["flip", flip], ["open", open], ["close", close]]) {
  $(id).addEventListener("click", move);
}
$("pick").addEventListener("change", () => choose($("pick").value));
$("what").addEventListener("change", showValue);
$("how").addEventListener("change", showValue);
$("leaf").addEventListener("change", () => {
  $("push").value = Math.round((walk.nudges[Number($("leaf").value)].points.length - 1) * 0.75);
  showNudge();
});
$("push").addEventListener("input", showNudge);
window.addEventListener("beforeprint", () => {
  $("printed").innerHTML = "<h2>Every step</h2>"
    + frames.map((f, i) => `<article><p>${i + 1} · ${f.half}</p>${article(f)}</article>`).join("");
});

// MARK: The start

$("title").innerHTML = plain(walk.title, 0) + (walk.place ? ` <small>${safe(walk.place)}</small>` : "");
$("lines").innerHTML = walk.source.map(([number, text]) =>
  `<span class="line" data-number="${safe(number)}">${linked(text, 0)}</span>`).join("");
$("pick").innerHTML = Object.keys(values).map((key) =>
  `<option value="${safe(key)}">${safe(values[key].n)} ${safe(values[key].s)}</option>`).join("");
if (walk.nudges.length) {
  $("leaf").innerHTML = walk.nudges.map((n, i) => `<option value="${i}">${safe(n.name)}</option>`).join("");
  $("leaf").dispatchEvent(new Event("change"));
} else $("nudge").remove();
$("step").insertAdjacentHTML("beforeend", walk.notes.map((n) => `<p class="hint">${safe(n)}</p>`).join(""));
rebuild();
show();
