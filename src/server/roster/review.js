// Reviews by keyboard and without leaving the page. Without this the buttons send forms.
"use strict";
(() => {
  const verdicts = { a: "acknowledged", 1: "fine", 2: "technical", 3: "violation", 4: "unsure", u: "withdrawn" };

  // On the page of the queue there is one alert, and one verdict to take back: keys are about these.
  const isQueue = location.pathname === "/review";
  let isSending = false;

  const tell = (place, text) => {
    let said = place.querySelector(".said");
    if (!said) {
      said = document.createElement("p");
      said.className = "said note";
      said.setAttribute("role", "alert");
      (place.querySelector("form.review")).append(said);
    }
    said.textContent = text;
  };

  const send = async (place, verdict) => {
    const form = place.querySelector("form.review");
    // In the queue a key must not be taken for an alert that nobody has seen yet, or twice for this one.
    if (!form || (isQueue && isSending)) return;
    isSending = true;
    const note = form.querySelector("[name=note]")?.value.trim() || "";
    try {
      const answer = await fetch(`/v1${form.getAttribute("action")}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ verdict, note }),
      });
      if (!answer.ok) throw new Error(String(answer.status));
      await renew(place);
    } catch (error) {
      const { sayNotKept } = document.querySelector("[data-say-not-kept]").dataset;
      tell(place, sayNotKept.replace("{status}", () => error.message));
      isSending = false;
    }
  };

  // The next alert takes the place of the one that was judged, in one step: from when it is seen, keys are about it.
  const advance = async (place) => {
    const main = document.getElementById("main");
    // The verdict is kept: what fails now is the page alone.
    const text = await fetch(location.href).then((answer) => (answer.ok && !answer.redirected ? answer.text() : "")).catch(() => "");
    const next = new DOMParser().parseFromString(text, "text/html").getElementById("main");
    if (!next) { location.reload(); return; }
    const had = place.contains(document.activeElement);
    // The same element goes on, so that what it says anew is read out.
    const status = main.querySelector("[role=status]");
    const counted = next.querySelector("[role=status]");
    const { className, textContent } = counted;
    counted.replaceWith(status);
    main.replaceChildren(...next.childNodes);
    status.className = className;
    status.textContent = textContent;
    isSending = false;
    const heading = document.getElementById("what") || main.querySelector("h1");
    heading.tabIndex = -1;
    if (had) heading.focus({ preventScroll: true });
  };

  // In the roster the row comes by itself; on a session's page it is fetched.
  const renew = async (place) => {
    if (isQueue) { await advance(place); return; }
    isSending = false;
    if (place.matches(".row")) return;
    const answer = await fetch(location.href);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.getElementById(place.id);
    if (!next) return;
    const held = place.contains(document.activeElement);
    place.replaceChildren(...next.childNodes);
    if (held) place.querySelector("summary")?.focus();
  };

  const place = (element) => element.closest?.("[data-interval]");

  document.addEventListener("submit", (event) => {
    const verdict = event.submitter?.value;
    if (!event.target.matches("form.review") || !verdict) return;
    event.preventDefault();
    send(place(event.target), verdict);
  });

  // Single keys, and only while the focus is in the row that they are about, but for the queue.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input, textarea, select")) return;
    const verdict = verdicts[event.key.toLowerCase()];
    const row = isQueue ? document.getElementById(verdict === "withdrawn" ? "undo" : "next") : place(event.target);
    if (!row || !verdict) return;
    event.preventDefault();
    send(row, verdict);
  });
})();
