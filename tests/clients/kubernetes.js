// Of each object of Kubernetes' API, as JSON on a line of standard input, what is wrong with it by the
// API's schemas, as a JSON list on a line. Those of kubernetes-models let names pass that there are not;
// they are looked up in its declarations.
const fs = require("fs");
const path = require("path");
const readline = require("readline");

const ROOT = path.dirname(require.resolve("kubernetes-models/package.json"));

// Properties of the interface that a declaration begins with: {name: {text of the type}}; and of the
// types that it imports, their files.
function declaration(file) {
  const text = fs.readFileSync(file, "utf8").replace(/\/\*[^]*?\*\//g, "");
  const imports = {};
  for (const [, names, from] of text.matchAll(/import \{ (.*) \} from "(.*)";/g)) {
    for (const name of names.split(", ")) {
      imports[name] = from.startsWith(".")
        ? path.resolve(path.dirname(file), from) + ".d.ts"
        : path.join(ROOT, "..", from) + ".d.ts";
    }
  }
  const body = /export interface \w+[^{]*\{\n([^]*?)\n\}/.exec(text);
  const properties = {};
  for (const [, name, type] of (body ? body[1] : "").matchAll(/^    "([^"]+)"\??: ([^]*?);$/gm)) {
    properties[name] = type;
  }
  return { properties, imports };
}

function unknown(value, file, at, wrong) {
  const { properties, imports } = declaration(file);
  if (Object.keys(properties).length === 0) {
    return; // a number or text of its own, such as a quantity
  }
  for (const [name, inner] of Object.entries(value)) {
    if (!(name in properties)) {
      wrong.push(`${at}.${name} is not known`);
      continue;
    }
    const type = Object.keys(imports).find((each) => new RegExp(`\\b${each}\\b`).test(properties[name]));
    const isMap = properties[name].includes("[key: string]");
    const each = Array.isArray(inner) || isMap ? Object.values(inner) : [inner];
    each.filter((one) => type && one !== null && typeof one === "object")
      .forEach((one, i) => unknown(one, imports[type], `${at}.${name}${Array.isArray(inner) ? `[${i}]` : ""}`, wrong));
  }
}

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const object = JSON.parse(line);
  const place = path.join(ROOT, object.apiVersion, object.kind);
  const wrong = [];
  try {
    const Model = require(`kubernetes-models/${object.apiVersion}/${object.kind}`)[object.kind];
    new Model(object).validate();
    unknown(object, place + ".d.ts", object.kind, wrong);
  } catch (error) {
    wrong.push(error.message);
  }
  console.log(JSON.stringify(wrong));
});
