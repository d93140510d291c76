// Bundles parts.js into one script of the page, with the names, versions and licences of all that is in it.
import {readFileSync, readdirSync, writeFileSync} from "node:fs";
import {build} from "esbuild";

const target = "../../engine/spvrisk/report/page/plot.min.js";

const {metafile, outputFiles} = await build({
  entryPoints: ["parts.js"],
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "Plot",
  charset: "utf8",
  target: "es2020",
  legalComments: "none",
  metafile: true,
  write: false,
});

const bundled = Object.values(metafile.outputs).flatMap(({inputs}) =>
  Object.entries(inputs).filter(([, {bytesInOutput}]) => bytesInOutput > 0).map(([file]) => file));
const folders = new Set(bundled.map((file) => file.match(/^node_modules\/(@[^/]+\/[^/]+|[^/]+)/)?.[0]).filter(Boolean));

const byLicence = new Map();
for (const folder of [...folders].sort()) {
  const {name, version} = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${name} has no licence`);
  const text = readFileSync(`${folder}/${file}`, "utf8").replaceAll("\r\n", "\n").trim();
  if (text.includes("*/") || text.includes("</")) throw new Error(`the licence of ${name} does not fit a comment`);
  byLicence.set(text, [...(byLicence.get(text) ?? []), `${name} ${version}`]);
}

const notices = [...byLicence].map(([text, names]) => `${names.join(", ")}\n\n${text}`);
const head = `/*!\nMade by "make report-script" from tools/report. It holds:\n\n${notices.join("\n\n---\n\n")}\n*/\n`;
const code = outputFiles[0].text;
if (code.includes("</script") || code.includes("<!--")) throw new Error("the code does not fit a script element");
writeFileSync(target, head + code);
console.log(`${target}: ${head.length + code.length} bytes, ${folders.size} packages`);
