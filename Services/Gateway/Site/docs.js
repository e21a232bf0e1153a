// Shows the API's description: parts, operations, what they take and answer.
import { element } from "/page.js";

const description = await (await fetch("/api/v1/openapi.json")).json();

// A text of the description: what stands between backticks is code. Nothing of it is ever read as HTML.
export function prose(text = "") {
  return text.split(/`([^`\n]+)`/).map((part, index) => index % 2 ? element("code", {}, part) : part);
}

function resolve(value) {
  if (!value?.$ref) return value;
  return value.$ref.split("/").slice(1).reduce((place, key) => place[key], description);
}

// A schema in a short form that reads like the JSON it describes.
function sketch(schema, indent = "", depth = 0) {
  const name = schema?.$ref?.split("/").pop();
  if (name && depth > 1) return name;
  const found = resolve(schema) ?? {};
  const limits = [found.minLength && `≥ ${found.minLength}`, found.maxLength && `≤ ${found.maxLength} characters`,
    found.minimum !== undefined && `≥ ${found.minimum}`, found.maximum !== undefined && `≤ ${found.maximum}`,
    found.format, found.pattern].filter(Boolean).join(", ");
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((one) => JSON.stringify(one)).join(" | ");
  const choices = found.oneOf ?? found.anyOf;
  if (choices && !found.properties) return choices.map((one) => sketch(one, indent, depth + 1)).join(" | ");
  if (found.properties) {
    const deeper = indent + "  ";
    const lines = Object.entries(found.properties).map(([key, value]) =>
      `${deeper}${key}${found.required?.includes(key) ? "" : "?"}: ${sketch(value, deeper, depth + 1)}`);
    return `{\n${lines.join("\n")}\n${indent}}`;
  }
  if (found.items) return `[ ${sketch(found.items, indent, depth + 1)} ]`;
  if (found.additionalProperties?.$ref || found.additionalProperties?.type) {
    return `{ any name: ${sketch(found.additionalProperties, indent, depth + 1)} }`;
  }
  return [[found.type ?? "anything"].flat().join(" or "), limits && `(${limits})`].filter(Boolean).join(" ");
}

function contents(content = {}) {
  return Object.entries(content).flatMap(([type, { schema }]) => [
    element("p", {}, element("code", {}, type)),
    ...(schema && Object.keys(schema).length ? [element("pre", { tabIndex: 0 }, sketch(schema))] : [])]);
}

function row(...cells) { return element("tr", {}, ...cells.map((cell) => element("td", {}, cell))); }

function operation(path, method, one) {
  const inside = element("div", { className: "inside" });
  if (one.description) inside.append(element("p", {}, ...prose(one.description)));
  if (one.security?.length === 0) inside.append(element("p", {}, "Needs no token."));
  if (one.parameters) {
    inside.append(element("h4", {}, "Parameters"), element("table", {}, ...one.parameters.map(resolve).map((it) =>
      row(element("code", {}, it.name + (it.required ? "" : "?")), it.in, sketch(it.schema), element("span", {}, ...prose(it.description))))));
  }
  if (one.requestBody) inside.append(element("h4", {}, "Content"), ...contents(one.requestBody.content));
  inside.append(element("h4", {}, "Answers"));
  for (const [status, answer] of Object.entries(one.responses)) {
    const found = resolve(answer);
    inside.append(element("p", {}, element("strong", {}, status), " ", ...prose(found.description)));
    if (/^2/.test(status)) inside.append(...contents(found.content));
  }
  return element("details", { className: "operation", id: one.operationId },
    element("summary", {}, element("span", { className: `method ${method}` }, method.toUpperCase()),
      element("code", { className: "path" }, path), element("span", { className: "what" }, ...prose(one.summary))), inside);
}

const parts = description.tags.map(({ name, description: about }) => {
  const found = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).filter(([, one]) => one.tags?.includes(name)).map(([method, one]) => [path, method, one]));
  return element("section", { id: name }, element("h2", {}, about), ...found.map((one) => operation(...one)));
});
document.getElementById("parts").append(...description.tags.map(({ name, description: about }) =>
  element("li", {}, element("a", { href: "#" + name }, about))));
document.getElementById("document").replaceChildren(
  element("h1", {}, "The API"), element("p", { className: "lead" }, ...prose(description.info.description)), ...parts);
const wanted = document.getElementById(location.hash.slice(1));
if (wanted) { wanted.open = true; wanted.scrollIntoView(); }
