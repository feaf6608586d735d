// The server's pages as proctors have them: in Chromium, with agents that report. See scripts/browser-check.
//
// usage: node check.mjs SERVER LOAD CHROMIUM WORK [SCREENS]
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import {
  firstAdmin, importList, makeExam, newPerson, PASSWORD, startAgents, startBrowser, startServer, stopAll, until,
} from "./pages.mjs";

const [serverProgram, loadProgram, chromium, work, screens] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const begun = Date.now();
const say = (text) => console.log(`${((Date.now() - begun) / 1000).toFixed(1).padStart(6)}  ${text}`);

/** What agents live through, as a file. */
const recording = (name, intervals) => {
  const file = join(work, `${name}.json`);
  const full = intervals.map(([start_s, end_s]) => (
    { kind: "out_of_view", start_s, end_s, confidence: 0.97, closed_by: "seen_again", frames_looked_at: 20, frames_skipped: 80 }));
  writeFileSync(file, JSON.stringify({ duration_s: 3600, intervals: full }));
  return file;
};
const codesFile = (name, codes) => {
  const file = join(work, `${name}.codes`);
  writeFileSync(file, codes.join("\n"));
  return file;
};

/** Where the focus is, for what is done by keyboard. */
const focused = (page) => page.evaluate(() => document.activeElement?.closest("[data-interval]")?.dataset.interval);

const faults = [];
let looked = 0;
/** No serious fault of accessibility in any size and light, and nothing to be scrolled sideways. */
const look = async (page, name) => {
  for (const [width, height] of [[1440, 900], [390, 844], [320, 640]]) {
    for (const colorScheme of ["light", "dark"]) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      const here = `${name}, ${width} wide, ${colorScheme}`;
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (over > 0) faults.push(`${here}: ${over} pixels too wide`);
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => axe.run({ resultTypes: ["violations"] }));
      for (const { id, impact, help, nodes } of violations) {
        if (impact !== "serious" && impact !== "critical") continue;
        faults.push(`${here}: ${id}: ${help}: ${nodes.map(({ target }) => target.join(" ")).slice(0, 3).join("; ")}`);
      }
      if (screens) await page.screenshot({ path: join(screens, `${name}-${width}-${colorScheme}.png`) });
      looked += 1;
    }
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.emulateMedia({ colorScheme: "light" });
};

const main = async (browser) => {
  const server = await startServer(serverProgram, work);
  const at = (path) => new URL(path, server.address).href;
  const page = await newPerson(browser);
  await page.goto(at("/login"));
  await look(page, "login");
  await page.goto(server.sign_in);
  await look(page, "first-admin");
  await firstAdmin(page, server);
  say("signed in by the first link");

  const exam = await makeExam(page, server, "Physics I", 1);
  await look(page, "exam-empty");
  const names = ["Ann", "Ben", "Cleo", "Dan", "Eva", "Finn"];
  const codes = await importList(page, `name,room\n${names.map((name, at) => `${name},A${1 + at % 2}`).join("\n")}\n`);
  assert.equal(codes.length, names.length);
  await look(page, "links");
  await page.goto(await page.locator("table.links tbody td[data-label=Page]").first().textContent());
  await look(page, "join");
  say("an exam and its list");

  // An exam whose rules change while nobody has begun.
  await makeExam(page, server, "Chemistry", 5);
  await page.getByText("Change the rules").click();
  await page.getByLabel("Alert the proctor after, in seconds").fill("soon");
  await page.getByRole("button", { name: "Keep these rules" }).click();
  await page.locator("#alert_after[aria-invalid=true]").waitFor();
  await look(page, "exam-rules");
  await page.getByLabel("Alert the proctor after, in seconds").fill("7.5");
  await page.getByRole("button", { name: "Keep these rules" }).click();
  await page.locator("table.policy", { hasText: "7500" }).waitFor();
  say("an exam's rules are changed by its form, which says at a field what is wrong");

  // Somebody for another exam alone.
  const other = await makeExam(page, server, "Civil law", 1);
  const [theirs] = await importList(page, "name\nZoe\n");
  await page.goto(at("/accounts"));
  await page.locator("details.new summary").click();
  await page.getByLabel("Name").fill("pia@example.org");
  await page.getByRole("button", { name: "Make the account" }).click();
  const link = await page.locator(".joining .code").textContent();
  await look(page, "account-link");
  await page.locator(".crumb a").last().click();
  await page.getByLabel("Civil law").check();
  await page.getByRole("button", { name: "Assign" }).click();
  const proctor = await newPerson(browser);
  await proctor.goto(link);
  await look(proctor, "set-password");
  await proctor.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await proctor.getByLabel("The same again").fill(PASSWORD);
  await proctor.getByRole("button", { name: "Set the password" }).click();
  await proctor.waitForURL((url) => !url.pathname.startsWith("/password"));
  if (new URL(proctor.url()).pathname === "/login") {
    await proctor.getByLabel("Name").fill("pia@example.org");
    await proctor.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await proctor.getByRole("button", { name: "Sign in", exact: true }).click();
    await proctor.waitForURL(at("/"));
  }
  say("a proctor of another exam");

  // Sessions appear and an alert arrives on a page that was open before.
  await page.goto(at(`/?exam=${exam}`));
  await page.locator("#live", { hasText: "● live" }).waitFor();
  assert.equal(await page.locator(".row.s-not_started").count(), names.length);
  const running = { every: 100_000, seconds: 600 };
  const args = (file, list, ...more) => ["--codes", codesFile(list.name, list.codes), "--recording", file,
    "--every", String(running.every), "--seconds", String(running.seconds), ...more];
  // Of each program the first agent lives through the recording, and the others sit still.
  startAgents(loadProgram, server, args(recording("leaves", [[4, 3000]]), { name: "live", codes: codes.slice(0, 5) }));
  startAgents(loadProgram, server, args(recording("still", []), { name: "theirs", codes: [theirs] }));
  await page.locator(".row.s-fine").nth(3).waitFor();
  say("sessions appear without a reload");
  await page.waitForFunction(() => document.title.startsWith("(1) Sessions"));
  const alert = page.locator(".row.is-new");
  assert.equal(await alert.getAttribute("data-name"), "Ann");
  assert.equal(await page.locator(".roster .row").first().getAttribute("data-name"), "Ann");
  say("an alert arrives, is counted in the title and comes first");
  await look(page, "roster");
  await page.keyboard.press("n");
  assert.ok(await focused(page));
  await page.keyboard.press("a");
  await page.waitForFunction(() => document.title.startsWith("Sessions"));
  await page.locator(".row[data-name=Ann] .what", { hasText: "(acknowledged)" }).waitFor();
  await page.keyboard.press("u");
  await page.waitForFunction(() => document.title.startsWith("(1)"));
  await page.keyboard.press("2");
  await page.locator(".row[data-name=Ann] .what", { hasText: "(technical)" }).waitFor();
  say("acknowledged, undone and classified by keyboard");

  // A session's page is live, and a message reaches the candidate.
  await page.locator(".row[data-name=Ann] a.who").press("Enter");
  await page.waitForURL(/\/sessions\//);
  const ofAnn = new URL(page.url()).pathname;
  await page.locator("#live", { hasText: "● live" }).waitFor();
  await page.getByLabel("Message", { exact: true }).fill("Please come back into the picture.");
  await page.getByRole("button", { name: "Send the message" }).click();
  await page.locator(".commands .badge", { hasText: "read" }).waitFor();
  say("a message is sent and read, and the page says so by itself");
  await look(page, "session");

  // The timeline is zoomed and tied to the table; what is taken out is there.
  const shown = page.locator("#shown");
  const whole = await shown.textContent();
  assert.match(whole, /^The whole exam/);
  await page.locator("[data-do=in]").focus();
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  const [first, later] = [await shown.textContent(), async () => { await page.keyboard.press("ArrowRight"); return shown.textContent(); }];
  assert.match(first, /^[0-9:]+ to [0-9:]+/);
  assert.notEqual(await later(), first);
  assert.ok(await page.locator(".timeline .tick").count() > 1);
  await page.keyboard.press("0");
  assert.match(await shown.textContent(), /^The whole exam/);
  await page.locator("tr[data-interval] .locate").first().press("Enter");
  assert.equal(await page.locator(".timeline .is-chosen").count(), 1);
  assert.equal(await page.locator("tr.is-chosen[aria-current=true]").count(), 1);
  await look(page, "session-zoomed");
  await page.locator("[data-do=in]").press("0");
  const box = await page.locator("#zoom .timeline").boundingBox();
  await page.mouse.move(box.x + box.width * 0.2, box.y + 8);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 8, { steps: 4 });
  await page.mouse.up();
  assert.doesNotMatch(await shown.textContent(), /^The whole exam/);
  await page.locator("#zoom .timeline [data-of]:not([hidden])").first().click();
  assert.ok(await page.evaluate(() => document.activeElement.matches("tr.is-chosen .locate")), "a bar leads to its row");
  say("the timeline is zoomed by keys, buttons and drag, and tied to the table");
  const [table] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Table (CSV)" }).click()]);
  assert.match(readFileSync(await table.path(), "utf8"), /^interval,kind,family[^]*out_of_view/);
  const [signed] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Signed events" }).click()]);
  const exported = await signed.path();
  assert.equal(JSON.parse(readFileSync(exported, "utf8")).format, "inview-report-2");
  assert.match(execFileSync(serverProgram, ["verify", exported], { encoding: "utf8" }), /signed; received up to report/);
  await page.getByRole("link", { name: "Report to print" }).click();
  await page.locator(".verified", { hasText: "are as reported" }).waitFor();
  await page.getByRole("button", { name: "Print" }).waitFor();
  await look(page, "report");
  say("a session is taken out: a table, signed events that verify, a report");

  // Twenty alerts that arrive at once, after a time without the network.
  const twenty = Array.from({ length: 20 }, (_, number) => [10 + number * 20, 16 + number * 20]);
  await page.goto(at(`/?exam=${exam}`));
  await page.locator(".row[data-name=Finn] a.who").click();
  const late = startAgents(loadProgram, server, args(recording("twenty", twenty), { name: "late", codes: codes.slice(5) }, "--since", "600"));
  const open = page.locator("tr[data-interval] summary", { hasText: "to review" });
  await until("twenty alerts on the page", async () => await open.count() === 20);
  await open.first().focus();
  const keys = ["1", "2", "3", "4"];
  const words = { 1: "fine", 2: "technical", 3: "violation", 4: "unsure" };
  for (let number = 0; number < 20; number += 1) {
    const interval = await focused(page);
    const row = page.locator(`[id="i-${interval}"]`);
    await page.keyboard.press("a");
    await row.locator("summary", { hasText: "acknowledged" }).waitFor();
    const key = keys[number % 4];
    await page.keyboard.press(key);
    await row.locator("summary", { hasText: words[key] }).waitFor();
    assert.equal(await focused(page), interval, "the focus stays in the row");
    await page.keyboard.press("Tab");
  }
  assert.equal(await open.count(), 0);
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("u");
  await until("one alert to review again", async () => await open.count() === 1);
  say("twenty alerts acknowledged and classified by keyboard, one undone");

  // The exam is over: what is left is judged in the queue, a key for each.
  late.child.kill("SIGTERM");
  await late.over;
  startAgents(loadProgram, server, ["--token", server.agent_token_file, "--recording", recording("over", twenty),
    "--sessions", "1", "--every", "100000", "--since", "600", "--seconds", "1", "--end"]);
  const waits = page.locator(".badge[role=status]");
  await until("twenty alerts in the queue", async () => {
    await page.goto(at("/review"));
    return (await waits.textContent()).startsWith("20 ");
  });
  await look(page, "review");
  await page.evaluate(() => { window.isSamePage = true; });
  for (const [key, left] of [["1", "19 alerts"], ["3", "18 alerts"], ["u", "19 alerts"], ["2", "18 alerts"]]) {
    await page.keyboard.press(key);
    await waits.filter({ hasText: left }).waitFor();
  }
  // As fast as the page shows them: each press is about the alert that is there, and none is lost.
  await page.locator("#next button[value=fine]").click();
  await waits.filter({ hasText: "17 alerts" }).waitFor();
  for (let left = 16; left > 2; left -= 1) {
    await page.keyboard.press("1");
    await page.waitForFunction((text) => document.querySelector("[role=status]").textContent.startsWith(text), `${left} `, { polling: 5 });
  }
  assert.ok(await page.evaluate(() => window.isSamePage), "the page was not loaded again");
  say("alerts of an exam that is over are judged with a key for each, as fast as they are shown, and one is undone");
  const scriptless = await newPerson(browser, { javaScriptEnabled: false, storageState: await page.context().storageState() });
  await scriptless.goto(at("/review"));
  await scriptless.getByRole("button", { name: "Technical" }).click();
  await scriptless.locator(".badge[role=status]", { hasText: "2 alerts wait" }).waitFor();
  await scriptless.context().close();
  say("and without a script by a form");

  // Nothing of the first exam shows for whoever has to do with the other one.
  await proctor.goto(at("/"));
  await proctor.locator(".row[data-name=Zoe].s-fine").waitFor();
  assert.deepEqual(await proctor.locator(".row").evaluateAll((rows) => rows.map((row) => row.dataset.name)), ["Zoe"]);
  assert.deepEqual(await proctor.locator("#exams select[name=exam] option").allTextContents(), ["all exams", "Civil law"]);
  await proctor.goto(at("/exams"));
  assert.ok(!(await proctor.content()).includes("Physics"));
  for (const path of [ofAnn, `/exams/${exam}`, `/?exam=${exam}`]) {
    assert.equal((await proctor.goto(at(path))).status(), 404, path);
  }
  await look(proctor, "not-found");
  assert.equal((await proctor.goto(at(`/exams/${other}`))).status(), 200);
  say("a proctor of another exam sees that one alone");

  for (const [name, path] of [["sessions", "/"], ["exams", "/exams"], ["exam", `/exams/${exam}`], ["accounts", "/accounts"],
    ["account", "/account"], ["tokens", "/tokens"], ["webhooks", "/webhooks"], ["audit", "/audit"]]) {
    const answer = await page.goto(at(path));
    if (answer.status() === 404 && name === "audit") continue;
    assert.equal(answer.status(), 200, path);
    for (const closed of await page.locator("details.new:not([open]) > summary").all()) await closed.click();
    await look(page, name);
  }
  await page.goto(at("/accounts"));
  await page.getByRole("link", { name: "pia@example.org" }).click();
  await look(page, "account-of");
  say(`${looked} looks at pages: light and dark, 1440, 390 and 320 wide`);
  faults.push(...page.faults, ...proctor.faults);
};

const browser = await startBrowser(chromium);
try {
  await main(browser);
  if (faults.length) throw new Error(`${faults.length} faults:\n${[...new Set(faults)].join("\n")}`);
  say("all as it should be");
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
  await stopAll();
}
