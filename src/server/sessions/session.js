// The page of a session, renewed when /v1/stream says that something has changed. What somebody types, has
// opened or is about to press stays as it is. What the page shows without this is the same, as of when it was
// loaded.
"use strict";
(() => {
  const main = document.getElementById("main");
  // What the script says, in the language of the page.
  const words = { ...document.getElementById("live").dataset };
  const { session, place: begin } = words;
  let place = begin;
  let heard = Date.now();
  // Why nothing more comes, once that is so.
  let isOver = "";
  let stream;

  const tell = (isStale) => {
    const live = document.getElementById("live");
    live.hidden = false;
    live.classList.toggle("is-stale", isStale);
    const text = isOver ||
      (isStale ? words.sayStale.replace("{time}", new Date(heard).toLocaleTimeString(document.documentElement.lang)) : words.sayLive);
    if (live.textContent !== text) live.textContent = text;
  };

  // ---- What has changed takes the place of what was there

  const isElement = (node) => node.nodeType === Node.ELEMENT_NODE;
  const isHeld = (node) => node.contains(document.activeElement) ||
    [...node.querySelectorAll("textarea")].some((text) => text.value !== text.defaultValue);
  // By what one thing is found again: its id, or of a form what it asks for.
  const key = (node) => {
    if (!isElement(node)) return node.nodeName;
    const asks = node.matches("form") && `${node.getAttribute("action")} ${node.elements.kind?.value || ""}`;
    return `${node.nodeName} ${node.id || asks || node.getAttribute("aria-labelledby") || ""}`;
  };
  const renewed = (old, next) => {
    if (old.id === "live" || old.id === "shown" || old.isEqualNode(next)) return;
    if (!isElement(old)) { old.nodeValue = next.nodeValue; return; }
    if (old.matches("form.ask") || (old.matches("form") && isHeld(old))) return;
    if (old.matches("svg, form")) { old.replaceWith(next); return; }
    for (const { name } of [...old.attributes]) {
      // What somebody has opened stays open.
      if (!next.hasAttribute(name) && name !== "open") old.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    }
    const left = [...old.childNodes];
    let after = null;
    for (const child of [...next.childNodes]) {
      const found = left.findIndex((it) => key(it) === key(child));
      let now = child;
      if (found >= 0) {
        [now] = left.splice(found, 1);
        const from = after ? after.nextSibling : old.firstChild;
        // Whatever stands between is gone, or comes later; what is held must not move.
        if (now !== from && !(isElement(now) && isHeld(now))) old.insertBefore(now, from);
        const before = now.previousSibling;
        renewed(now, child);
        if (!now.isConnected) now = before ? before.nextSibling : old.firstChild;
      } else {
        old.insertBefore(child, after ? after.nextSibling : old.firstChild);
      }
      after = now;
    }
    for (const gone of left) if (!isElement(gone) || !isHeld(gone)) gone.remove();
  };

  // ---- The page again

  let isAsking = false;
  let isDue = false;
  const renew = async () => {
    if (document.hidden || isAsking) { isDue = true; return; }
    [isAsking, isDue] = [true, false];
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (answer.status === 404) isOver = words.sayGone;
      if (answer.redirected && new URL(answer.url).pathname === "/login") isOver = words.sayOver;
      if (isOver) stream.close();
      else if (!answer.ok) throw new Error(String(answer.status));
      else {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (document.title !== page.title) document.title = page.title;
        renewed(main, page.getElementById("main"));
        document.dispatchEvent(new Event("renewed"));
      }
      tell(Boolean(isOver));
    } catch {
      tell(true);
    }
    isAsking = false;
    if (isDue && !isOver) setTimeout(renew, 500);
  };

  // ---- The stream

  let retrying = 0;
  const open = () => {
    clearTimeout(retrying);
    stream?.close();
    heard = Date.now();
    stream = new EventSource(`/v1/stream?session=${session}&after=${encodeURIComponent(place)}`);
    const alive = (event) => {
      heard = Date.now();
      if (event.lastEventId) place = event.lastEventId;
      tell(false);
    };
    stream.addEventListener("alive", alive);
    for (const name of ["row", "reset"]) stream.addEventListener(name, (event) => { alive(event); renew(); });
    // The browser asks again by itself, unless it is refused.
    stream.onerror = () => {
      if (stream.readyState !== EventSource.CLOSED || isOver) return;
      tell(true);
      retrying = setTimeout(() => { open(); renew(); }, 4000 + Math.random() * 3000);
    };
  };
  // The server says something every 15 s; a connection of a machine that slept says nothing.
  const check = () => {
    if (isOver || Date.now() - heard < 40_000) return;
    tell(true);
    open();
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden || isOver) return;
    check();
    if (isDue) renew();
  });
  addEventListener("online", () => { if (!isOver) open(); });
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) { open(); renew(); } });
  setInterval(check, 1000);
  open();
})();
