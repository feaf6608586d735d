// What the browser's programs have in common: a server, agents, a browser, and waiting.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { chromium } from "playwright-core";

export const PATIENCE = 30_000;
export const PASSWORD = "four words of no song";

/** Asks again and again until there is an answer, and gives it. */
export const until = async (what, found, patience = PATIENCE) => {
  const deadline = Date.now() + patience;
  while (Date.now() < deadline) {
    const answer = await found();
    if (answer) return answer;
    await new Promise((wake) => { setTimeout(wake, 25); });
  }
  throw new Error(`it did not come to this: ${what}`);
};

const running = new Set();
const start = (program, args, options) => {
  const child = spawn(program, args, options);
  running.add(child);
  child.once("exit", () => running.delete(child));
  return child;
};

/** Ends what was started here. */
export const stopAll = () => Promise.all([...running].map((child) => new Promise((gone) => {
  child.once("exit", gone);
  child.kill("SIGTERM");
})));

/** A server of its own on loopback: what its ready file says, and its process. */
export const startServer = async (program, work, args = []) => {
  const ready = join(work, "ready.json");
  const child = start(program, ["--data", join(work, "server"), "--listen", "127.0.0.1:0",
    "--ready-file", ready, ...args], { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, INVIEW_LOG: "error" } });
  const read = () => {
    if (child.exitCode !== null) throw new Error("the server did not start");
    try { return existsSync(ready) && JSON.parse(readFileSync(ready, "utf8")); } catch { return null; }
  };
  return { child, ...await until("a server that listens", read) };
};

/** Agents of examples/load.rs; each line that they say goes to `said`. */
export const startAgents = (program, server, args, said = () => {}) => {
  const child = start(program, ["--server", server.address, "--ca", server.authority, ...args],
    { stdio: ["ignore", "pipe", "inherit"] });
  createInterface({ input: child.stdout }).on("line", (line) => said(JSON.parse(line)));
  const over = new Promise((done) => { child.once("exit", done); });
  return { child, over };
};

/** The system's Chromium, without a window. */
export const startBrowser = (program) => chromium.launch({
  executablePath: program,
  // As root, and on machines without user namespaces, its sandbox does not start; it sees this server only.
  args: ["--no-sandbox", "--enable-precise-memory-info"],
});

/** A browser of somebody who is signed in to nothing yet. */
export const newPerson = async (browser, options = {}) => {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  page.faults = [];
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 40[034]/.test(message.text())) page.faults.push(message.text());
  });
  return page;
};

/** The first administrator, by the link that the server prints. */
export const firstAdmin = async (page, server) => {
  await page.goto(server.sign_in);
  if (!page.url().includes("/first-admin")) await page.goto(new URL("/first-admin", server.address).href);
  await page.getByLabel("Name").fill("ada@example.org");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByLabel("The same again").fill(PASSWORD);
  await page.getByRole("button", { name: "Make the account" }).click();
  await page.waitForURL((url) => !url.pathname.includes("first-admin"));
};

/** An exam by its form; the page of the exam is open afterwards. */
export const makeExam = async (page, server, name, alertAfter) => {
  await page.goto(new URL("/exams", server.address).href);
  const form = page.locator("details.new");
  if (await form.getAttribute("open") === null) await form.locator("summary").click();
  await page.getByLabel("What the exam is called").fill(name);
  await page.getByLabel("Tell the candidate after, in seconds").fill(String(Math.min(alertAfter, 2)));
  await page.getByLabel("Alert the proctor after, in seconds").fill(String(alertAfter));
  await page.getByRole("button", { name: "Make the exam" }).click();
  await page.waitForURL(/\/exams\/[0-9a-f-]{36}/);
  return new URL(page.url()).pathname.split("/")[2];
};

/** Imports a list; the codes that it gave. */
export const importList = async (page, csv) => {
  await page.getByLabel("The file").setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.getByRole("button", { name: "Import the list" }).click();
  await page.getByRole("heading", { name: "Codes and links" }).waitFor();
  return page.locator("table.links tbody td[data-label=Code]").allTextContents();
};
