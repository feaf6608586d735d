// The roster that is live: rows come as HTML over /v1/stream, in the order of their urgency.
// What the page shows without this is the same, as of when it was loaded.
"use strict";
(() => {
  const roster = document.getElementById("roster");
  const live = document.getElementById("live");
  const search = document.getElementById("search");
  const title = document.title.replace(/^\(\d+\) /, "");
  // What the server's clock says, whatever this machine's does.
  let ahead = Number(roster.dataset.now) - Date.now();
  let place = roster.dataset.place;
  // What the script says, in the language of the page.
  const words = roster.dataset;
  const only = roster.dataset.exam ? `&exam=${roster.dataset.exam}` : "";
  const now = () => Date.now() + ahead;

  // What a person chose here stays chosen; without storage it holds until the page is closed.
  const remember = (name, value) => {
    try { localStorage.setItem(`inview-${name}`, value); } catch { /* not kept */ }
  };
  const recall = (name, otherwise) => {
    try { return localStorage.getItem(`inview-${name}`) ?? otherwise; } catch { return otherwise; }
  };

  // ---- Time

  const clock = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000));
    const two = (n) => String(n).padStart(2, "0");
    const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
    return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  };
  const say = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const tell = (row) => {
    for (const time of row.querySelectorAll("time")) {
      const { since, ago } = time.dataset;
      if (since) say(time, clock(now() - since));
      if (ago) say(time, words.sayAgo.replace("{time}", clock(now() - ago)));
    }
  };

  // ---- Order

  const names = new Intl.Collator(document.documentElement.lang, { numeric: true, sensitivity: "base" });
  const places = (row) => ({
    exam: [row.dataset.examName || ""],
    room: [row.dataset.room || "", row.dataset.examName || ""],
  });
  // What is of no exam, or in no room, comes last.
  const inPlace = (one, other) => {
    if (!grouped) return 0;
    const [a, b] = [places(one)[grouped], places(other)[grouped]];
    for (const at of a.keys()) {
      const order = !a[at] - !b[at] || names.compare(a[at], b[at]);
      if (order) return order;
    }
    return 0;
  };
  let grouped = "";
  const readKey = ({ dataset }) => [Number(dataset.rank), Number(dataset.since || 0), dataset.name];
  // Of rows that have not changed since it was read.
  const keysOf = new WeakMap();
  const key = (row) => {
    let found = keysOf.get(row);
    if (!found) keysOf.set(row, found = readKey(row));
    return found;
  };
  const compare = (a, b) => {
    const [one, other] = [key(a), key(b)];
    return inPlace(a, b) || one[0] - other[0] || (one[0] < 6 ? one[1] - other[1] : 0) || names.compare(one[2], other[2]);
  };
  // Rows do not move while somebody is about to press something.
  let restless = 0;
  let unsorted = false;
  // Those that may stand in the wrong place; `null`: all.
  let astray = null;
  for (const event of ["pointermove", "pointerdown", "wheel", "touchmove"]) {
    roster.addEventListener(event, () => { restless = Date.now() + 1200; }, { passive: true });
  }
  const sort = () => {
    if (Date.now() < restless) { unsorted = true; return; }
    unsorted = false;
    const moving = astray;
    astray = new Set();
    const rows = [...roster.children];
    const sorted = [...rows].sort(compare);
    if (rows.every((row, place) => row === sorted[place])) return;
    const held = document.activeElement?.closest?.(".row");
    const top = held?.getBoundingClientRect().top;
    const fixed = held && roster.contains(held) ? sorted.indexOf(held) : -1;
    if (moving && !moving.has(held)) {
      // The others stand in order already: to move all is to lay the page out anew.
      for (let place = sorted.length - 1; place >= 0; place -= 1) {
        const [row, next] = [sorted[place], sorted[place + 1] || null];
        if (moving.has(row) && row.nextElementSibling !== next) roster.insertBefore(row, next);
      }
    } else {
      // All others move around the one that has the focus, which would lose it.
      sorted.forEach((row, place) => {
        if (place < fixed) roster.insertBefore(row, held);
        else if (place !== fixed) roster.append(row);
      });
    }
    if (fixed >= 0) scrollBy(0, held.getBoundingClientRect().top - top);
  };

  // ---- What is shown

  let chosen = "";
  const rooms = document.querySelector("#rooms select");
  const groups = document.querySelector("#groups select");
  // The first row of each group that is shown bears its name.
  const head = () => {
    let before = null;
    for (const row of roster.children) {
      if (row.hidden || !grouped) { delete row.dataset.group; continue; }
      const name = places(row)[grouped].filter(Boolean).join(" · ") || (grouped === "exam" ? words.sayNoExam : words.sayNoRoom);
      if (name === before) delete row.dataset.group; else row.dataset.group = name;
      before = name;
    }
  };
  const states = document.querySelectorAll("input[name=state]");
  const matches = (row) => {
    const text = search.value.trim().toLowerCase();
    const isThere = !rooms?.value || row.dataset.room === rooms.value;
    return isThere && (!chosen || row.dataset.state === chosen) && (!text || row.dataset.name.toLowerCase().includes(text));
  };
  const count = () => {
    const counts = { "": roster.children.length };
    let fresh = 0;
    let shown = 0;
    for (const row of roster.children) {
      counts[row.dataset.state] = (counts[row.dataset.state] || 0) + 1;
      if (row.classList.contains("is-new")) fresh += 1;
      if (!row.hidden) shown += 1;
    }
    for (const element of document.querySelectorAll("[data-count]")) {
      say(element, String(counts[element.dataset.count] || 0));
    }
    const text = fresh ? `(${fresh}) ${title}` : title;
    if (document.title !== text) document.title = text;
    head();
    document.getElementById("unmatched").hidden = shown > 0 || counts[""] === 0;
    document.getElementById("none").hidden = counts[""] > 0;
  };
  const show = () => {
    for (const row of roster.children) row.hidden = !matches(row);
    count();
  };
  search.addEventListener("input", show);
  for (const state of states) {
    state.addEventListener("change", () => { chosen = state.value; show(); });
  }
  document.getElementById("tools").hidden = false;
  const exams = document.getElementById("exams");
  if (exams) {
    exams.elements.exam.addEventListener("change", () => exams.submit());
    rooms.addEventListener("change", show);
    groups.addEventListener("change", () => {
      grouped = groups.value;
      remember("group", grouped);
      astray = null;
      sort();
      head();
    });
  }
  // Rooms can be chosen once somebody sits in one.
  const tellRooms = () => {
    if (!exams) return;
    const known = new Set([...rooms.options].map((option) => option.value));
    const fresh = new Set([...roster.children].map((row) => row.dataset.room || "").filter((room) => !known.has(room)));
    for (const room of [...fresh].sort(names.compare)) rooms.add(new Option(room, room));
    rooms.parentElement.hidden = rooms.options.length < 2;
    groups.parentElement.hidden = false;
  };

  const read = (html) => {
    const template = document.createElement("template");
    template.innerHTML = html;
    return template.content.firstElementChild;
  };

  // ---- Rows out of sight

  // They hold their names alone, which are to be found and read out; what else they show is kept as text. A
  // thousand rows with all of it are what makes a page heavy and slow to lay out.
  const folded = new WeakMap();
  const fold = (row) => {
    folded.set(row, row.outerHTML);
    row.replaceChildren(row.firstElementChild);
  };
  const unfold = (row) => {
    const html = folded.get(row);
    if (!html) return;
    folded.delete(row);
    row.append(...[...read(html).children].slice(1));
    tell(row);
  };
  const sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) unfold(target);
      else if (!folded.has(target) && !target.contains(document.activeElement)) fold(target);
    }
  }, { rootMargin: "100% 0px" });
  addEventListener("beforeprint", () => { for (const row of roster.children) unfold(row); });

  // ---- Rows that have changed

  const waiting = new Map();
  let isDrawing = false;
  // The row stays the same element, so that what is focused in it can stay focused.
  const patch = (row, next, html) => {
    const focus = row.contains(document.activeElement) ? document.activeElement : null;
    const path = focus && [focus.tagName, focus.value || focus.getAttribute("href") || ""];
    for (const { name } of [...row.attributes]) if (!next.hasAttribute(name)) row.removeAttribute(name);
    for (const { name, value } of next.attributes) row.setAttribute(name, value);
    if (folded.has(row)) {
      folded.set(row, html);
      row.replaceChildren(next.firstElementChild);
    } else row.replaceChildren(...next.childNodes);
    if (!focus) return;
    const same = [...row.querySelectorAll("a, button, input")].find((it) =>
      it.tagName === path[0] && (it.value || it.getAttribute("href") || "") === path[1]);
    (same || row.querySelector("a")).focus({ preventScroll: true });
  };
  // Each alert is news once, also when it comes back after another one of its session.
  const known = new Set();
  const isNews = ({ classList, dataset: { interval } }) => {
    if (!classList.contains("is-new") || known.has(interval)) return false;
    known.add(interval);
    return true;
  };
  for (const row of roster.children) { isNews(row); sight.observe(row); }
  const draw = () => {
    isDrawing = false;
    const fresh = [];
    let isMoved = false;
    for (const html of waiting.values()) {
      const next = read(html);
      if (!next) continue;
      const row = document.getElementById(next.id);
      const shown = row || next;
      if (!row || compare(row, next) !== 0) {
        isMoved = true;
        astray?.add(shown);
      }
      if (row) patch(row, next, html); else { roster.append(next); sight.observe(next); }
      keysOf.delete(shown);
      shown.hidden = !matches(shown);
      tell(shown);
      if (isNews(shown)) fresh.push(shown);
    }
    waiting.clear();
    tellRooms();
    if (isMoved) sort();
    count();
    if (fresh.length) document.dispatchEvent(new CustomEvent("alerts", { detail: fresh }));
  };
  const take = (html) => {
    const id = /id="(s-[^"]+)"/.exec(html);
    if (!id) return;
    waiting.set(id[1], html);
    if (isDrawing) return;
    isDrawing = true;
    // Not by frames: a page in the background has none, and must alert.
    setTimeout(draw, 100);
  };

  // ---- The stream

  let stream;
  let heard = Date.now();
  let stale = null;
  let isOver = false;
  const clockTime = (ms) => new Date(ms).toLocaleTimeString(document.documentElement.lang);
  const tellLive = () => {
    live.hidden = false;
    live.classList.toggle("is-stale", stale !== null);
    say(live, isOver ? words.sayOver :
      stale === null ? words.sayLive : words.sayStale.replace("{time}", clockTime(stale)));
  };
  const alive = (event) => {
    heard = Date.now();
    stale = null;
    if (event?.lastEventId) place = event.lastEventId;
    tellLive();
  };
  const lost = () => {
    if (stale === null) stale = heard;
    tellLive();
  };
  const open = () => {
    stream?.close();
    heard = Date.now();
    stream = new EventSource(`/v1/stream?as=html&lang=${document.documentElement.lang}${only}&after=${encodeURIComponent(place)}`);
    stream.addEventListener("alive", (event) => {
      ahead = Date.parse(event.data) - Date.now();
      alive(event);
    });
    stream.addEventListener("row", (event) => { alive(event); take(event.data); });
    stream.addEventListener("reset", (event) => { alive(event); reload(); });
    // The browser asks again by itself, unless it is refused; `check` tells when that takes long.
    stream.onerror = () => {
      if (stream.readyState === EventSource.CLOSED) { lost(); retry(); }
    };
  };
  let retrying = 0;
  const retry = () => {
    clearTimeout(retrying);
    retrying = setTimeout(reload, 4000 + Math.random() * 3000);
  };
  // Everything again, in place of what is there.
  const reload = async () => {
    clearTimeout(retrying);
    stream?.close();
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.redirected && new URL(answer.url).pathname === "/login") {
        isOver = true;
        return lost();
      }
      if (!answer.ok) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const next = page.getElementById("roster");
      const ids = new Set([...next.children].map((row) => row.id));
      for (const row of [...roster.children]) if (!ids.has(row.id)) row.remove();
      for (const row of next.children) waiting.set(row.id, row.outerHTML);
      place = next.dataset.place;
      draw();
      open();
    } catch {
      lost();
      retry();
    }
  };
  // The server says something every 15 s; a connection of a machine that slept says nothing.
  let closedFor = 0;
  const check = () => {
    closedFor = stream.readyState === EventSource.OPEN ? 0 : closedFor + 1;
    if (closedFor > 5) lost();
    if (isOver || Date.now() - heard < 40_000) return;
    lost();
    open();
  };
  addEventListener("online", () => { if (!isOver) open(); });
  document.addEventListener("visibilitychange", check);
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) open(); });

  setInterval(() => {
    check();
    if (document.hidden) return;
    if (unsorted) sort();
    // Only what can be seen: the others are told when they come into view.
    const height = innerHeight;
    for (const row of roster.children) {
      if (row.hidden) continue;
      const { top, bottom } = row.getBoundingClientRect();
      if (top > height) break;
      if (bottom >= 0) tell(row);
    }
  }, 1000);

  // ---- Alerts: what is new is heard, told to the desktop, and to a screen reader

  const sound = document.getElementById("sound");
  const notify = document.getElementById("notify");
  const keys = document.getElementById("keys");
  const help = document.getElementById("help");
  const said = document.getElementById("said");

  const hint = document.getElementById("hint");

  let audio;
  // Browsers are silent until somebody has touched the page.
  const wake = () => {
    if (!sound.checked) return;
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume().then(() => { hint.hidden = true; }, () => {});
  };
  const ring = () => {
    if (!sound.checked) return;
    wake();
    // What is played while the browser is silent would all be heard at once later.
    hint.hidden = audio.state === "running";
    if (!hint.hidden) return;
    // Two soft tones, the second one higher.
    [[0, 587], [0.18, 784]].forEach(([after, pitch]) => {
      const [tone, volume, at] = [audio.createOscillator(), audio.createGain(), audio.currentTime + after];
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.25, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, at + 0.5);
      tone.connect(volume).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.55);
    });
  };
  sound.checked = recall("sound", "on") === "on";
  sound.addEventListener("change", () => {
    remember("sound", sound.checked ? "on" : "off");
    ring();
  });
  for (const event of ["pointerdown", "keydown"]) addEventListener(event, wake, { passive: true });

  const canNotify = "Notification" in window;
  const tellNotify = () => {
    notify.checked = canNotify && Notification.permission === "granted" && recall("notify", "off") === "on";
    notify.disabled = !canNotify || Notification.permission === "denied";
    notify.parentElement.title = notify.disabled ? words.sayNotAllowed : "";
  };
  notify.addEventListener("change", async () => {
    remember("notify", notify.checked ? "on" : "off");
    if (notify.checked && Notification.permission === "default") await Notification.requestPermission();
    tellNotify();
  });
  tellNotify();

  // Several at one time are one sound.
  let rang = 0;
  document.addEventListener("alerts", ({ detail: rows }) => {
    const what = rows.map((row) => `${row.dataset.name}: ${row.dataset.kind}`);
    say(said, words.sayNewAlert.replace("{what}", () => what.slice(0, 5).join("; ")));
    if (Date.now() - rang > 1500) { rang = Date.now(); ring(); }
    if (notify.checked && document.hidden) {
      const title = rows.length === 1 ? what[0] : words.sayNewAlerts.replace("{number}", rows.length);
      const note = new Notification(title, { body: rows.length === 1 ? "" : what.slice(0, 5).join("\n"), tag: "inview" });
      note.onclick = () => {
        focus();
        rows[0].querySelector("a").focus();
        note.close();
      };
    }
  });

  // ---- Keys

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const row = event.target.closest?.(".row");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (keys.checked && event.key === "/") search.focus();
    else if (keys.checked && event.key === "n") {
      const fresh = [...roster.children].filter((it) => !it.hidden && it.classList.contains("is-new"));
      fresh[(fresh.indexOf(row) + 1) % fresh.length]?.querySelector("a").focus();
    }
    else if (row && step) {
      let next = row;
      do next = step > 0 ? next.nextElementSibling : next.previousElementSibling; while (next?.hidden);
      next?.querySelector("a").focus();
    } else return;
    event.preventDefault();
  });

  const tellKeys = () => { help.hidden = !keys.checked; };
  keys.checked = recall("keys", "on") === "on";
  keys.addEventListener("change", () => {
    remember("keys", keys.checked ? "on" : "off");
    tellKeys();
  });
  tellKeys();

  if (groups) {
    groups.value = recall("group", "");
    grouped = groups.value;
  }
  tellRooms();
  sort();
  show();
  open();
})();
