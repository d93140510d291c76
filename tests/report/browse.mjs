// Opens pages in Chromium and says, as JSON, what a reader finds there. Called by test_page_browser.py:
//   node browse.mjs TOOLS CHROMIUM LOOKS
// LOOKS is a list in JSON of {file, width, whole}: a page that is wholly looked at is printed, and axe sees all of it;
// of others the first rows of each table, and charts without their marks, which takes a tenth of the time.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {pathToFileURL} from "node:url";

const [tools, chromium, looks] = process.argv.slice(2);
const require = createRequire(`${tools}/package.json`);
const playwright = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const flags = [
  "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync",
];
const UNKNOWN = "\u{ffffe}"; // assigned to nothing for ever

const browser = await playwright.chromium.launch({executablePath: chromium, args: flags});

// every option of every choice, reached by keys; the last one by the mouse, or by a list's own way, first
async function throughChoices(page) {
  const found = [];
  for (const choice of await page.$$(".choice")) {
    const select = await choice.$(".control select"), radios = await choice.$$('.control input[type="radio"]');
    const options = await choice.$$(":scope > .option"), seen = [];
    const choose = (i) => (select ? select.selectOption({index: i}) : radios.at(i).click());
    await choose(options.length - 1);
    const last = await options.at(-1).isVisible();
    await choose(0);
    await (select ?? radios[0]).focus();
    for (let i = 0; i < options.length; i++) {
      if (i) await page.keyboard.press("ArrowDown");
      await page.waitForTimeout(30);
      seen.push(await choice.evaluate((each) =>
        [...each.children].filter((option) => option.matches(".option") && !option.hidden).map(({id}) => id)));
      await drawn(page);
    }
    await page.keyboard.press(select ? "Home" : "ArrowDown"); // round to the first again
    found.push({id: await choice.getAttribute("id"), options: options.length, seen, last});
  }
  return found;
}

// charts are drawn when there is room for them
const drawn = (page) => page.waitForFunction(() =>
  [...document.querySelectorAll("figure.chart")]
    .every((each) => !each.checkVisibility() || each.querySelector(".panel > svg")));

const lookAtCharts = (page) => page.evaluate(() =>
  [...document.querySelectorAll("figure.chart")].map((figure) => {
    const shown = figure.checkVisibility();
    const panels = [...figure.querySelectorAll(".panel")].map((panel) => {
      const svg = panel.querySelector(":scope > svg"), box = figure.getBoundingClientRect();
      const texts = [...svg.querySelectorAll("text")].filter((each) => each.textContent.trim());
      const cut = texts.filter((each) => {
        const own = each.getBoundingClientRect();
        return own.left < box.left - 2 || own.right > box.right + 2;
      });
      const place = svg.getBoundingClientRect();
      return {
        place: [place.top, place.height].map(Math.round),
        shapes: svg.querySelectorAll("path, rect, circle, line").length,
        name: svg.getAttribute("aria-label"),
        cut: shown ? cut.map((each) => each.textContent) : [],
      };
    });
    const row = figure.querySelector(".drawing.row") !== null;
    const title = figure.querySelector("figcaption").textContent, rows = figure.querySelectorAll(".data tbody tr").length;
    return {id: figure.id, shown, row, title, rows, panels};
  }));

// the figures of a chart, read by keys and by the pointer
async function readChart(page) {
  const panel = await page.$(".panel[tabindex]"), rows = await page.$$eval(".data table", ([table]) =>
    [...table.tBodies[0].rows].map((row) => row.cells[0].textContent));
  const tip = () => panel.$eval(".tip", (each) => each.querySelector("b").textContent).catch(() => null);
  const read = {first: rows[0], last: rows.at(-1)};
  await panel.focus();
  await page.keyboard.press("Home");
  read.home = await tip();
  await page.keyboard.press("End");
  read.end = await tip();
  await page.keyboard.press("ArrowLeft");
  read.before = [await tip(), rows.at(-2)];
  await page.keyboard.press("Escape");
  read.escaped = await tip();
  const svg = await panel.$(":scope > svg");
  await svg.scrollIntoViewIfNeeded();
  await svg.hover();
  read.hovered = await tip();
  await page.mouse.move(0, 0);
  read.left = await tip();
  return read;
}

const shownPath = (page) => page.$$eval("#path > .option", (all) => all.filter((each) => !each.hidden).map((each) => each.id));

// paths are reached from the distribution: by a click on it, and by a link
async function pickPaths(page) {
  if (!(await page.$("#path"))) return null;
  const [click, link] = [await page.$('.picked path'), (await page.$$(".picks a")).at(-1)];
  await click.scrollIntoViewIfNeeded();
  await click.click();
  const clicked = await shownPath(page), focused = await page.evaluate(() => document.activeElement.id);
  await link.focus();
  await page.keyboard.press("Enter");
  const wanted = await link.getAttribute("href"), hash = new URL(page.url()).hash;
  return {clicked, focused, followed: await shownPath(page), wanted, hash};
}

async function followContents(page) {
  const links = await page.$$(".contents a"), last = links.at(-1);
  await last.focus();
  await page.keyboard.press("Enter");
  const id = (await last.getAttribute("href")).slice(1);
  const top = await page.$eval(`#${id}`, (each) => each.getBoundingClientRect().top < innerHeight);
  return {links: links.length, sections: (await page.$$("main > section")).length, top};
}

// characters that no font has, since they look like one that is assigned to nothing; that one is always among them
const findMissing = (page) => page.evaluate((unknown) => {
  const pen = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const size = 24, families = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const {parentElement: element, data} = walker.currentNode;
    if (element.closest("script")) continue;
    const {fontFamily} = getComputedStyle(element);
    families.set(fontFamily, (families.get(fontFamily) ?? "") + data);
  }
  function picture(character, family) {
    pen.clearRect(0, 0, size, size);
    pen.font = `16px ${family}`;
    pen.fillText(character, 2, 18);
    return pen.getImageData(0, 0, size, size).data.join();
  }
  return [...families].flatMap(([family, text]) => {
    const missing = picture("\u{10fffd}", family);
    return [...new Set(text + unknown)].filter((each) => each.trim() && picture(each, family) === missing);
  });
}, UNKNOWN);

async function findFaults(page, whole) {
  if (!whole) await page.evaluate(() => {
    for (const body of document.querySelectorAll("tbody")) [...body.rows].slice(2).forEach((row) => row.remove());
    for (const drawing of document.querySelectorAll(".panel > svg")) drawing.replaceChildren();
    for (const element of document.querySelectorAll("[hidden]")) element.remove();
  });
  await page.evaluate(axe);
  const {violations} = await page.evaluate(() => axe.run(document, {resultTypes: ["violations"], preload: false}));
  return violations.map(({id, impact, nodes}) => ({id, impact, nodes: nodes.slice(0, 3).map(({html}) => html.slice(0, 200))}));
}

async function look({file, width, whole}) {
  const context = await browser.newContext({viewport: {width, height: 900}});
  const page = await context.newPage(), said = [], asked = [], dialogs = [];
  page.on("console", (message) => said.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => said.push(`error: ${error.stack}`));
  page.on("request", (request) => asked.push(request.url()));
  page.on("dialog", (dialog) => dialogs.push(dialog.message()) && dialog.dismiss());
  const address = pathToFileURL(file).href;
  await page.goto(address);
  await drawn(page);
  const found = {choices: await throughChoices(page)};
  found.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  found.read = await readChart(page);
  found.picks = await pickPaths(page);
  found.contents = await followContents(page);
  await page.evaluate(() => document.querySelectorAll("details").forEach((each) => (each.open = true)));
  await drawn(page);
  found.open = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  found.charts = await lookAtCharts(page);
  found.missing = await findMissing(page);
  found.text = await page.evaluate(() => document.querySelector("main").innerText);
  found.language = await page.evaluate(() => document.documentElement.lang);
  const pdf = whole ? await page.pdf({preferCSSPageSize: true}) : null;
  found.pages = pdf && (pdf.toString("latin1").match(/\/Type\s*\/Page\b/g) ?? []).length;
  found.faults = await findFaults(page, whole); // the last one: it takes something away
  await context.close();
  return {...found, said, dialogs, asked: asked.filter((url) => url !== address && !url.startsWith("data:"))};
}

const out = [];
for (const each of JSON.parse(looks)) out.push(await look(each));
await browser.close();
console.log(JSON.stringify(out));
