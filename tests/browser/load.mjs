// A thousand sessions and a page that shows them: how soon alerts show, what the page costs, how it answers, and
// what heartbeats cost the server. See scripts/load.
//
// usage: node load.mjs SERVER LOAD CHROMIUM WORK SESSIONS ALERTS BEATING
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { newPerson, startAgents, startBrowser, startServer, stopAll, until } from "./pages.mjs";

const [serverProgram, loadProgram, chromium, work, ...figures] = process.argv.slice(2);
const [sessions, alerts, beating] = figures.map(Number);
const HEARTBEAT = 10;

const ticks = Number(execFileSync("getconf", ["CLK_TCK"]));
/** Seconds of a processor that a process has had. */
const cpu = (pid) => {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticks;
};
const rss = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
/** Of that, what no other process shares, which is what Chromium's own task manager tells. */
const own = (pid) => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return [...text.matchAll(/Private_\w+:\s+(\d+)/g)].reduce((sum, [, kilobytes]) => sum + Number(kilobytes), 0) / 1024;
};
const sleep = (ms) => new Promise((wake) => { setTimeout(wake, ms); });
const share = (list, part) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * part))];
const both = (list) => `p50 ${share(list, 0.5).toFixed(0)} ms, p99 ${share(list, 0.99).toFixed(0)} ms, longest ${Math.max(...list).toFixed(0)} ms (${list.length})`;
const table = (what, figure, target) => console.log(`| ${what} | ${figure} | ${target} |`);

const freePort = () => new Promise((found) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => found(port));
  });
});

/** What the server has of a processor meanwhile, as a share of one. */
const during = async (server, work) => {
  const [before, begun] = [cpu(server.child.pid), performance.now()];
  await work();
  return (cpu(server.child.pid) - before) / ((performance.now() - begun) / 1000);
};

/** The processes that show pages, of this browser: below the one that was started. */
const renderers = async (browser) => {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
};

const shown = async (browser) => {
  const server = await startServer(serverProgram, work);
  const missed = new Map();
  const answered = new Map();
  // An alert is one when its report comes: what is measured is not how long it has to last.
  const agents = startAgents(loadProgram, server, ["--manager", server.manager_token_file, "--sessions", String(sessions),
    "--every", "300", "--seconds", "3600", "--alert-after-ms", "1000", "--share", "5"], (said) => {
    if (said.interval) answered.set(said.interval, said.answered_ms);
    else missed.set(said.missed, (missed.get(said.missed) ?? 0) + 1);
  });
  const page = await newPerson(browser);
  await page.goto(server.sign_in);
  await page.goto(server.address);
  await until("all sessions", async () => {
    const count = (state) => page.locator(`[data-count="${state}"]`).textContent().then(Number);
    await sleep(500);
    return await count("") >= sessions && await count("not_started") === 0;
  }, 600_000);
  await sleep(2 * HEARTBEAT * 1_000);
  await page.locator("#live", { hasText: "● live" }).waitFor();
  // A frame after the row has become an alert it is on the screen.
  await page.evaluate(() => {
    window.seen = {};
    const look = () => {
      for (const row of document.querySelectorAll(".row.is-new, .row.s-alert, .row.s-could_not_look")) {
        const { interval } = row.dataset;
        if (interval) window.seen[interval] ??= performance.timeOrigin + performance.now();
      }
    };
    look();
    let due = false;
    new MutationObserver(() => {
      if (due) return;
      due = true;
      requestAnimationFrame(() => { due = false; look(); });
    }).observe(document.getElementById("roster"), { subtree: true, childList: true, attributes: true, attributeFilter: ["class", "data-interval"] });
  });
  const begun = Date.now();
  const latencies = (seen) => Object.entries(seen).filter(([interval]) => (answered.get(interval) ?? 0) > begun)
    .map(([interval, at]) => at - answered.get(interval));
  let measured = [];
  const busy = await during(server, () => until("the alerts", async () => {
    await sleep(1_000);
    measured = latencies(await page.evaluate(() => window.seen));
    return measured.length >= alerts;
  }, 600_000));
  table(`an answered report, until its alert is on the page`, both(measured), "p99 ≤ 1 s");

  // From a key to the frame that shows it, while rows change.
  await page.locator("#search").focus();
  await page.evaluate(() => {
    window.delays = [];
    document.getElementById("search").addEventListener("keydown", (event) => {
      // When it was pressed, not when the page got to it.
      const pressed = event.timeStamp;
      requestAnimationFrame(() => setTimeout(() => window.delays.push(performance.now() - pressed)));
    });
  });
  for (let round = 0; round < 12; round += 1) {
    for (const key of ["4", "4", "5", "Backspace", "Backspace", "Backspace"]) {
      await page.keyboard.press(key);
      await sleep(100);
    }
  }
  const typed = await page.evaluate(() => window.delays);
  table("a key in the search, until its frame", both(typed), "p99 ≤ 100 ms");

  const heap = await page.evaluate(() => performance.memory.usedJSHeapSize / 1048576);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("HeapProfiler.collectGarbage");
  const live = await page.evaluate(() => performance.memory.usedJSHeapSize / 1048576);
  const pids = await renderers(browser);
  const pid = pids.reduce((a, b) => (own(a) > own(b) ? a : b));
  table("the page's memory", `JavaScript ${heap.toFixed(0)} MB, ${live.toFixed(0)} MB of it in use; its process ${own(pid).toFixed(0)} MB, ${rss(pid).toFixed(0)} MB with what it shares with others`, "≤ 200 MB");
  table(`the server, ${sessions} sessions, one page`, `${(100 * busy).toFixed(0)} % of a core, ${rss(server.child.pid).toFixed(0)} MB`, "");
  for (const [what, count] of missed) console.log(`missed: ${count} times: ${what}`);
  await page.context().close();
  await stopAll();
  await agents.over;
};

const heard = async () => {
  const folder = join(work, "beats");
  mkdirSync(folder);
  const port = await freePort();
  const server = await startServer(serverProgram, folder, ["--metrics", `127.0.0.1:${port}`]);
  const answered = async () => {
    const text = await fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
    const count = /^inview_http_requests_total\{.*heartbeats.*status="200".*\} (\d+)/m.exec(text);
    return Number(count?.[1] ?? 0);
  };
  // A program may open so many files.
  const programs = Math.ceil(beating / 1_000);
  let missed = 0;
  for (let number = 0; number < programs; number += 1) {
    startAgents(loadProgram, server, ["--token", server.agent_token_file, "--sessions", String(Math.ceil(beating / programs)),
      "--seconds", "3600", "--quiet", "--share", "50"], () => { missed += 1; });
  }
  // All have begun once as many come as should.
  const rate = async (seconds) => {
    const [before, begun] = [await answered(), performance.now()];
    await sleep(seconds * 1_000);
    return (await answered() - before) / ((performance.now() - begun) / 1_000);
  };
  await until("all heartbeats", async () => await rate(HEARTBEAT) > 0.97 * beating / HEARTBEAT, 600_000);
  missed = 0;
  let came = 0;
  const busy = await during(server, async () => { came = await rate(3 * HEARTBEAT); });
  const figure = `${(100 * busy).toFixed(0)} % of a core, ${rss(server.child.pid).toFixed(0)} MB; ${came.toFixed(0)} came a second, ${missed} were missed`;
  table(`the server, ${beating} sessions with heartbeats alone`, figure, "≤ 50 %");
};

const browser = await startBrowser(chromium);
try {
  console.log("| what | measured | target |\n|---|---|---|");
  if (sessions) await shown(browser);
  if (beating) await heard();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
  await stopAll();
}
