"use strict";
// Pages of reports in a browser that nobody looks at.
const assert = require("node:assert");
const { createRequire } = require("node:module");
const installed = createRequire(process.cwd() + "/");
const { chromium } = installed("playwright-core");
const AXE = installed.resolve("axe-core/axe.min.js");
const LOOKS = [
  { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  { viewport: { width: 390, height: 844 }, colorScheme: "light" },
];

async function open(browser, url, options, said) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  page.on("dialog", (dialog) => said.push("a dialog: " + dialog.message()));
  page.on("request", (request) => { if (request.url() !== url) said.push("a request: " + request.url()); });
  await page.goto(url);
  return page;
}

// Gives how many findings the page has.
async function quiet(browser, url, look) {
  const said = [];
  const page = await open(browser, url, look, said);
  const [wide, inner] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert(wide <= inner, `the page is ${wide} wide in a window of ${inner}`);
  const lost = await page.evaluate(() =>
    [...document.querySelectorAll("a[href^='#']")].map((a) => a.hash.slice(1)).filter((id) => !document.getElementById(id)));
  assert.deepEqual(lost, [], "anchors that lead nowhere");
  await filters(page);
  await anchors(page);
  assert.deepEqual(said, []);
  const findings = await page.locator("details.finding").count();
  await page.context().close();
  return findings;
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

// So many are open at first.
const OPEN_MAX = 10;

// What is closed at first is text until it is wanted: when it is opened, by and by for a search, on paper, without a script.
async function built(browser, url, look) {
  const page = await open(browser, url, look, []);
  const findings = page.locator("details.finding");
  const last = findings.last();
  await last.locator("summary").first().click();
  await last.locator(".steps").waitFor({ state: "visible" });
  const rest = page.locator("details.finding > noscript");
  await page.waitForFunction(() => !document.querySelector("details.finding > noscript"));
  assert.equal(await rest.count(), 0);
  assert.equal(await page.locator("details.finding > .body").count(), await findings.count());
  await page.context().close();
  const plain = await open(browser, url, { ...look, javaScriptEnabled: false }, []);
  const closed = plain.locator("details.finding").last();
  await closed.locator("summary").first().click();
  await closed.locator(".steps").waitFor({ state: "visible" });
  await plain.context().close();
}

// Further findings are like these, and the checker looks at each pair of elements.
const CHECKED_MAX = 20;

async function accessible(browser, url, look) {
  // The checker is a script of its own, which the page's policy would not let run.
  const page = await open(browser, url, { ...look, bypassCSP: true }, []);
  await page.addScriptTag({ path: AXE });
  // It names every element for what else it found too, which is half of its time, unless only violations are asked for.
  const { violations } = await page.evaluate(() => globalThis.axe.run({ resultTypes: ["violations"] }));
  const told = violations.map((v) => `${v.id}: ${v.nodes.length}, such as ${v.nodes[0].html}`);
  assert.deepEqual(told, []);
  await page.context().close();
}

(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    for (const file of process.argv.slice(2)) {
      for (const look of LOOKS) {
        const findings = await quiet(browser, "file://" + file, look);
        if (findings > OPEN_MAX) await built(browser, "file://" + file, look);
        if (findings <= CHECKED_MAX) await accessible(browser, "file://" + file, look);
      }
    }
  } finally {
    await browser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
