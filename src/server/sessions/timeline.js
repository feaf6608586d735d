// The timeline of a session's page: zoomed by buttons, keys, wheel and drag, and tied to the rows of the table.
// Without this it is the drawing of the whole exam.
"use strict";
(() => {
  const zoom = document.getElementById("zoom");
  if (!zoom) return;
  document.documentElement.classList.add("scripted");
  const words = { ...zoom.dataset };

  // As the server has them, in seconds.
  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200];
  const DAY = 86400;
  const TICKS = 8;
  const THIN = 0.35;
  const SHORTEST = 2;
  // A bar that somebody asks for is drawn at least as wide as this part of the whole.
  const SEEN = 0.02;

  let svg;
  let extent;
  let bars;
  // What is shown, from and to; null: the whole.
  let view = null;
  let chosen = location.hash.startsWith("#i-") ? location.hash.slice(3) : "";

  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const clock = (seconds) => {
    const whole = Math.floor(seconds);
    const two = (number) => String(number).padStart(2, "0");
    const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
  };
  const shown = () => view ?? [0, extent];

  // ---- Drawing

  const read = () => {
    svg = zoom.querySelector(".timeline");
    extent = Number(svg.dataset.extent) / 1000;
    const seconds = (element, name) => (parseFloat(element.getAttribute(name)) / 100) * extent;
    bars = [...svg.querySelectorAll(".bar, .unheard")].map((element) => (
      { element, of: element.dataset.of, start: seconds(element, "x"), lasts: seconds(element, "width") }));
  };
  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const drawTicks = ([from, to]) => {
    for (const old of svg.querySelectorAll(".grid, .tick")) old.remove();
    const height = Number(svg.querySelector(".track").getAttribute("height"));
    const step = STEPS.find((it) => (to - from) / it < TICKS) ?? Math.ceil((to - from) / DAY / TICKS) * DAY;
    for (let number = Math.ceil(from / step); number * step <= to; number += 1) {
      const x = ((number * step - from) / (to - from)) * 100;
      const anchor = x < 3 ? "start" : x > 95 ? "end" : "middle";
      svg.querySelector(".track").after(make("line", { class: "grid", x1: `${x}%`, x2: `${x}%`, y1: 0, y2: height + 4 }));
      const text = make("text", { class: number % 2 ? "tick minor" : "tick", x: `${x}%`, y: height + 18, "text-anchor": anchor });
      text.textContent = clock(number * step);
      svg.append(text);
    }
  };
  const draw = () => {
    const [from, to] = shown();
    const percent = (at) => clamp(((at - from) / (to - from)) * 100, 0, 100);
    for (const { element, of, start, lasts } of bars) {
      const [left, right] = [percent(start), percent(start + lasts)];
      element.toggleAttribute("hidden", start + lasts < from || start > to);
      element.setAttribute("x", `${left}%`);
      element.setAttribute("width", `${right - left}%`);
      element.classList.toggle("thin", right - left < THIN);
      element.classList.toggle("is-chosen", Boolean(of) && of === chosen);
    }
    drawTicks([from, to]);
    const text = (view ? words.sayPart : words.sayWhole).replace("{from}", clock(from)).replace("{to}", clock(to));
    const said = document.getElementById("shown");
    const bar = chosen && bars.find(({ of }) => of === chosen);
    const all = bar ? `${text}. ${bar.element.querySelector("title").textContent}` : text;
    if (said.textContent !== all) said.textContent = all;
    const able = { in: to - from > Math.min(SHORTEST, extent) * 1.001, out: view, back: view && from > 0, on: view && to < extent, whole: view };
    for (const button of zoom.querySelectorAll("[data-do]")) button.setAttribute("aria-disabled", String(!able[button.dataset.do]));
    for (const row of document.querySelectorAll(".intervals tr[id]")) {
      const is = row.id === `i-${chosen}`;
      row.classList.toggle("is-chosen", is);
      if (is) row.setAttribute("aria-current", "true"); else row.removeAttribute("aria-current");
    }
  };

  // ---- What is shown

  const show = (from, to) => {
    const length = clamp(to - from, Math.min(SHORTEST, extent), extent);
    const start = clamp(from + (to - from - length) / 2, 0, extent - length);
    view = length > extent * 0.999 ? null : [start, start + length];
    draw();
  };
  const scale = (factor, at = 0.5) => {
    const [from, to] = shown();
    const fixed = from + (to - from) * at;
    show(fixed - (fixed - from) * factor, fixed + (to - fixed) * factor);
  };
  const move = (share) => {
    if (!view) return;
    const [from, to] = view;
    const by = clamp((to - from) * share, -from, extent - to);
    show(from + by, to + by);
  };
  const acts = { in: () => scale(0.5), out: () => scale(2), back: () => move(-0.25), on: () => move(0.25), whole: () => { view = null; draw(); } };

  // One interval, in the drawing and in the table.
  const choose = (id) => {
    chosen = id;
    const bar = bars.find(({ of }) => of === id);
    const [from, to] = shown();
    const isSeen = bar && bar.start >= from && bar.start + bar.lasts <= to && bar.lasts >= (to - from) * SEEN;
    if (!bar || isSeen) { draw(); return; }
    const around = Math.max(bar.lasts * 5, 30);
    show(bar.start + bar.lasts / 2 - around, bar.start + bar.lasts / 2 + around);
  };
  const step = (by) => {
    const all = bars.filter(({ of }) => of);
    if (!all.length) return;
    const now = all.findIndex(({ of }) => of === chosen);
    const [from] = shown();
    // Without one: the first that is shown, or the last before.
    const first = all.findIndex(({ start }) => start >= from);
    const next = now >= 0 ? now + by : first < 0 ? all.length - 1 : by > 0 ? first : first - 1;
    choose(all[clamp(next, 0, all.length - 1)].of);
  };
  const toRow = (id) => {
    const row = document.getElementById(`i-${id}`);
    row?.scrollIntoView({ block: "nearest" });
    row?.querySelector(".locate")?.focus({ preventScroll: true });
  };

  // ---- Buttons and keys

  zoom.addEventListener("click", (event) => {
    const act = event.target.closest("[data-do]");
    if (act && act.getAttribute("aria-disabled") !== "true") acts[act.dataset.do]();
  });
  const keys = { "+": acts.in, "=": acts.in, "-": acts.out, ArrowLeft: acts.back, ArrowRight: acts.on, 0: acts.whole,
    n: () => step(1), p: () => step(-1) };
  zoom.addEventListener("keydown", (event) => {
    const act = !event.ctrlKey && !event.metaKey && !event.altKey && keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".locate");
    const row = event.target.closest(".intervals tr[id^=i-]");
    if (!row || (!button && event.target.closest("a, button, summary, label, textarea"))) return;
    choose(row.id.slice(2));
    if (button) zoom.scrollIntoView({ block: "nearest" });
  });

  // ---- Wheel and drag

  const share = (event) => {
    const { left, width } = svg.getBoundingClientRect();
    return clamp((event.clientX - left) / width, 0, 1);
  };
  zoom.addEventListener("wheel", (event) => {
    if (!event.target.closest(".timeline")) return;
    // A wheel alone scrolls the page.
    if (event.ctrlKey || event.metaKey) scale(2 ** (clamp(event.deltaY, -200, 200) / 200), share(event));
    else if (view && Math.abs(event.deltaX) > Math.abs(event.deltaY)) move(event.deltaX / 800);
    else return;
    event.preventDefault();
  }, { passive: false });

  let drag = null;
  zoom.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.target.closest(".timeline")) return;
    drag = { on: event.target, x: event.clientX, from: share(event), box: null };
    svg.setPointerCapture(event.pointerId);
  });
  zoom.addEventListener("pointermove", (event) => {
    if (!drag || (!drag.box && Math.abs(event.clientX - drag.x) < 5)) return;
    drag.box ??= svg.appendChild(make("rect", { class: "selecting", y: 0, height: svg.querySelector(".track").getAttribute("height") }));
    const [from, to] = [drag.from, share(event)].sort((one, other) => one - other);
    drag.box.setAttribute("x", `${from * 100}%`);
    drag.box.setAttribute("width", `${(to - from) * 100}%`);
  });
  const stop = () => { drag?.box?.remove(); drag = null; };
  zoom.addEventListener("pointercancel", stop);
  zoom.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { on, box, from: begun } = drag;
    const ended = share(event);
    stop();
    const [from, to] = shown();
    const at = (part) => from + (to - from) * part;
    if (box) show(at(Math.min(begun, ended)), at(Math.max(begun, ended)));
    else if (on.dataset.of) { choose(on.dataset.of); toRow(on.dataset.of); return; }
    // Keys go on from here.
    zoom.querySelector("[data-do]").focus({ preventScroll: true });
  });

  document.addEventListener("renewed", () => {
    stop();
    read();
    if (view && view[1] > extent) view = null;
    draw();
  });
  read();
  if (chosen) choose(chosen); else draw();
})();
