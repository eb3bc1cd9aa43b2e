"use strict";
// A page of a report in a browser that nobody looks at.
const assert = require("node:assert");
const { createRequire } = require("node:module");
const installed = createRequire(process.cwd() + "/");
const { chromium } = installed("playwright-core");
const AXE = installed.resolve("axe-core/axe.min.js");
const url = "file://" + process.argv[2];

const LOOKS = [
  { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  { viewport: { width: 390, height: 844 }, colorScheme: "light" },
];

async function open(browser, options, said) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => said.push("a dialog: " + dialog.message()));
  page.on("request", (request) => { if (request.url() !== url) said.push("a request: " + request.url()); });
  await page.goto(url);
  return page;
}

async function quiet(browser, look) {
  const said = [];
  const page = await open(browser, look, said);
  const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert(wide <= inner, `the page is ${wide} wide in a window of ${inner}`);
  const lost = await page.evaluate(() =>
    [...document.querySelectorAll("a[href^='#']")].map((a) => a.hash.slice(1)).filter((id) => !document.getElementById(id)));
  assert.deepEqual(lost, [], "anchors that lead nowhere");
  await filters(page);
  await anchors(page);
  assert.deepEqual(said, []);
  await page.context().close();
}

async function filters(page) {
  const rows = page.locator("tr[data-verdict]:visible");
  const all = await rows.count();
  await page.fill("#search", "life-4 terminated");
  assert.equal(await rows.count(), 1);
  await page.fill("#search", "");
  await page.uncheck("input[value=pass]");
  assert.equal(await page.locator("tr[data-verdict=pass]:visible").count(), 0);
  assert((await page.locator("#shown").textContent()).includes(String(await rows.count())));
  await page.check("input[value=pass]");
  assert.equal(await rows.count(), all);
}

// An anchor opens what it leads into, even where a filter hides it.
async function anchors(page) {
  await page.fill("#search", "nothing has these words");
  await page.evaluate(() => { location.hash = "#rule-LIFE-4"; });
  await page.locator("#rule-LIFE-4").waitFor({ state: "visible" });
  const last = page.locator("details.finding").last();
  if (await last.count() === 0) return;
  const id = await last.getAttribute("id");
  await page.evaluate((hash) => { location.hash = hash; }, `#${id}-step-1`);
  await page.locator(`[id="${id}-step-1"]`).waitFor({ state: "visible" });
}

// So many findings are alike, and the checker looks at each pair of elements.
const CHECKED_MAX = 20;

async function accessible(browser, look) {
  // The checker is a script of its own, which the page's policy would not let run.
  const page = await open(browser, { ...look, bypassCSP: true }, []);
  if (await page.locator("details.finding").count() > CHECKED_MAX) return page.context().close();
  await page.addScriptTag({ path: AXE });
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const told = violations.map((v) => `${v.id}: ${v.nodes.length}, such as ${v.nodes[0].html}`);
  assert.deepEqual(told, []);
  await page.context().close();
}

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    for (const look of LOOKS) {
      await quiet(browser, look);
      await accessible(browser, look);
    }
  } finally {
    await browser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
