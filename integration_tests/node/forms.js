// Fills in forms in a headless browser. It reads from standard input {chromium, forms: [{schema, config, picture}]}
// and prints for each form {submitted, errors, text}. `picture` names a PNG to write, or is null.
const { buildSync } = require("esbuild");
const { chromium } = require("playwright-core");
const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const given = JSON.parse(readFileSync(0, "utf8"));

function bundle() {
  const built = buildSync({
    entryPoints: [join(__dirname, "form.jsx")],
    bundle: true,
    write: false,
    jsx: "automatic",
    nodePaths: [process.env.NODE_PATH],
    define: { "process.env.NODE_ENV": '"production"' },
  });
  return built.outputFiles[0].text;
}

function branchOf(schema, value) {
  return schema.oneOf.findIndex((branch) =>
    Object.entries(branch.properties).every(([name, part]) => part.const === undefined || part.const === value[name]),
  );
}

// Enters a value where a person would: types text, chooses branches, adds items.
async function enter(page, id, schema, value) {
  const field = page.locator(`[id="${id}"]`);
  if (schema.oneOf) {
    const branch = schema.oneOf[branchOf(schema, value)];
    await page.locator(`[id="${id}__oneof_select"]`).selectOption({ label: branch.title });
    await enter(page, id, { ...branch, type: "object" }, value);
  } else if (schema.type === "object") {
    for (const [name, part] of Object.entries(value)) {
      if (schema.properties[name] === undefined) throw new Error(`${id} has no ${name}`);
      if (schema.properties[name].const === undefined) await enter(page, `${id}_${name}`, schema.properties[name], part);
    }
  } else if (schema.type === "array" && schema.uniqueItems && schema.items.enum) {
    for (const one of value) await page.locator(`[id="${id}-${schema.items.enum.indexOf(one)}"]`).check();
  } else if (schema.type === "array") {
    for (const [index, one] of value.entries()) {
      if ((await page.locator(`[id="${id}_${index}"], [id="${id}_${index}__oneof_select"]`).count()) === 0) {
        await page.locator(`[id="${id}__add"]`).click();
      }
      await enter(page, `${id}_${index}`, schema.items, one);
    }
  } else if (schema.enum) {
    await field.selectOption({ label: String(value) });
  } else if (schema.type === "boolean") {
    await field.check(); // until then it is neither true nor false
    await field.setChecked(value);
  } else if (schema.format === "date-time") {
    await field.fill(`${value.slice(0, 10)}T00:00`);
  } else {
    await field.fill(String(value));
  }
}

async function main() {
  const browser = await chromium.launch({ executablePath: given.chromium, args: ["--no-sandbox"] });
  const context = await browser.newContext({ timezoneId: "UTC", viewport: { width: 900, height: 1000 } });
  context.setDefaultTimeout(60_000);
  const script = bundle();
  const done = [];
  for (const { schema, config, picture } of given.forms) {
    const page = await context.newPage();
    const thrown = [];
    page.on("pageerror", (error) => thrown.push(String(error)));
    await page.setContent(`<style>${readFileSync(join(__dirname, "form.css"))}</style><div id="form"></div>`);
    await page.addScriptTag({ content: script });
    await page.evaluate((shown) => window.show(shown), schema);
    await page.locator("form").waitFor();
    await enter(page, "root", schema, config);
    if (picture) await page.screenshot({ path: picture, fullPage: true });
    await page.locator("button[type=submit]").click();
    await page.waitForFunction(() => window.result || window.errors).catch(() => {});
    const { submitted, errors } = await page.evaluate(() => ({ submitted: window.result, errors: window.errors }));
    done.push({ submitted, errors: [...(errors ?? []), ...thrown], text: await page.locator("form").innerText() });
    await page.close();
  }
  await browser.close();
  console.log(JSON.stringify(done));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
