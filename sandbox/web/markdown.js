// The Markdown of chat messages, as DOM nodes. Knows the syntax; who or what a mention names is asked of `names`.
// Everything typed ends up in text nodes; links are only ever http or https.

import { el } from "./dom.js";
import { timestamp } from "./time.js";

// One alternative per inline form, tried at each position from left to right. Named groups tell which one matched.
const INLINE = new RegExp(
  [
    /\\(?<escaped>[^\p{L}\p{N}\s])/u,
    /(?<fence>`+)(?<code>[^`]|[^`][\s\S]*?[^`])\k<fence>(?!`)/u,
    /\[(?<label>(?:\\.|[^\]\\\n])+)\]\(<?(?<href>https?:\/\/[^\s)>]+)>?\)/u,
    /<(?<angled>https?:\/\/[^\s>]+)>/u,
    /(?<bare>https?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]*_~|])/u,
    /<@!?(?<user>\d+)>/u,
    /<@&(?<role>\d+)>/u,
    /<#(?<channel>\d+)>/u,
    /<\/(?<command>[^:>\n]+):\d+>/u,
    /<t:(?<time>-?\d{1,13})(?::(?<style>[tTdDfFR]))?>/u,
    /<a?:(?<emoji>\w+):\d+>/u,
    /\*\*(?<bold>(?:[^*]|\*(?!\*))+?)\*\*(?!\*)/u,
    /__(?<underline>(?:[^_]|_(?!_))+?)__(?!_)/u,
    /\*(?<star>[^\s*](?:[^*\n]*[^\s*])?)\*(?!\*)/u,
    /(?<![\p{L}\p{N}])_(?<under>[^\s_](?:[^_\n]*[^\s_])?)_(?![\p{L}\p{N}])/u,
    /~~(?<strike>[^~]+)~~/u,
    /\|\|(?<spoiler>[^|]+)\|\|/u,
  ]
    .map((part) => part.source)
    .join("|"),
  "gu",
);

const MAX_DEPTH = 8; // nesting of one form in another; deeper text stays as it was typed

/** Turn one message's text into nodes. `names`: {user(id), channel(id), role(id)} -> text or undefined, command(name) -> whether it exists. */
export function renderMarkdown(text, names) {
  const out = document.createDocumentFragment();
  const parts = text.split(/```(?:[\w+-]*\n)?([\s\S]+?)```/u); // even: text, odd: code blocks
  parts.forEach((part, index) => {
    if (index % 2) out.append(el("pre", {}, el("code", { text: part.replace(/\n$/u, "") })));
    else if (part) out.append(...renderBlocks(part.replace(/^\n|\n$/gu, index ? "" : "$&"), names));
  });
  return out;
}

/** Only the inline forms: for button labels, embed titles and quoted lines. */
export function renderInline(text, names, depth = 0) {
  const nodes = [];
  let done = 0;
  if (depth >= MAX_DEPTH) return [document.createTextNode(text)];
  for (const match of text.matchAll(INLINE)) {
    if (match.index < done) continue;
    if (match.index > done) nodes.push(text.slice(done, match.index));
    nodes.push(inlineNode(match, names, depth + 1));
    done = match.index + match[0].length;
  }
  if (done < text.length) nodes.push(text.slice(done));
  return nodes;
}

function inlineNode(match, names, depth) {
  const found = match.groups;
  const inside = (text) => renderInline(text, names, depth);
  if (found.escaped) return found.escaped;
  if (found.code !== undefined) return code(found.code.replace(/^ (.+) $/u, "$1"), names);
  if (found.href) return link(found.href, inside(found.label));
  if (found.angled ?? found.bare) return link(found.angled ?? found.bare, [found.angled ?? found.bare]);
  if (found.user) return el("span", { class: "mention", text: `@${names.user(found.user) ?? "unknown"}` });
  if (found.role) return el("span", { class: "mention", text: `@${names.role(found.role) ?? "role"}` });
  if (found.channel) {
    const name = names.channel(found.channel);
    if (!name) return el("span", { class: "mention", text: "#unknown" });
    return el("button", { type: "button", class: "mention command-mention", "data-channel": found.channel, text: `#${name}` });
  }
  if (found.command) return el("button", { type: "button", class: "mention command-mention", "data-command": found.command, text: `/${found.command}` });
  if (found.time) return timestamp(Number(found.time) * 1000, found.style ?? "f");
  if (found.emoji) return `:${found.emoji}:`;
  if (found.bold) return el("strong", {}, inside(found.bold));
  if (found.underline) return el("u", {}, inside(found.underline));
  if (found.star ?? found.under) return el("em", {}, inside(found.star ?? found.under));
  if (found.strike) return el("s", {}, inside(found.strike));
  return spoiler(inside(found.spoiler));
}

// A command written out, as `/generate bars:8`, can be taken into the message field.
function code(text, names) {
  const node = el("code", { text });
  const command = /^\/([\w-]+)/u.exec(text)?.[1];
  if (!command || !names.command?.(command)) return node;
  return el("button", { type: "button", class: "command-code", title: "Put this into the message field", "data-command": text.slice(1) }, node);
}

function link(href, children) {
  return el("a", { href, target: "_blank", rel: "noreferrer noopener" }, children);
}

function spoiler(children) {
  const show = (event) => {
    event.currentTarget.classList.add("is-open");
    event.currentTarget.removeAttribute("aria-label");
  };
  return el("button", { type: "button", class: "spoiler", "aria-label": "Spoiler, press to show", onclick: show }, el("span", {}, children));
}

// Blocks: headings, quotes, lists and small print are decided line by line.
function renderBlocks(text, names) {
  const nodes = [];
  const lines = text.split("\n");
  let at = 0;
  while (at < lines.length) {
    // One empty line after a list or a heading is only a gap.
    if (nodes.length && lines[at] === "" && at + 1 < lines.length) {
      nodes.push(el("span", { class: "gap" }));
      at += 1;
    }
    const [node, next] = readBlock(lines, at, names);
    nodes.push(node);
    at = next;
  }
  return nodes;
}

const LIST_ITEM = /^(?<indent> *)(?<marker>[-*]|\d{1,3}\.) +(?<rest>.*)$/u;
const STARTS_BLOCK = /^(?:#{1,3} |-# |> | *(?:[-*]|\d{1,3}\.) )/u;

function readBlock(lines, at, names) {
  const heading = /^(#{1,3}) +(.+)$/u.exec(lines[at]);
  if (heading) return [el("div", { class: `heading heading-${heading[1].length}` }, renderInline(heading[2], names)), at + 1];
  const small = /^-# +(.+)$/u.exec(lines[at]);
  if (small) return [el("div", { class: "small-print" }, renderInline(small[1], names)), at + 1];
  if (lines[at].startsWith("> ")) {
    const stop = endOf(lines, at, (line) => line.startsWith("> "));
    const quoted = lines.slice(at, stop).map((line) => line.slice(2)).join("\n");
    return [el("blockquote", {}, renderInline(quoted, names)), stop];
  }
  if (LIST_ITEM.test(lines[at])) {
    const isNumbered = (line) => /^ *\d/u.test(line);
    const belongs = (line) => LIST_ITEM.test(line) && (/^ {2}/u.test(line) || isNumbered(line) === isNumbered(lines[at]));
    const stop = endOf(lines, at, belongs);
    return [renderList(lines.slice(at, stop), names), stop];
  }
  const stop = endOf(lines, at + 1, (line) => !STARTS_BLOCK.test(line));
  return [el("span", { class: "text" }, renderInline(lines.slice(at, stop).join("\n"), names)), stop];
}

function endOf(lines, start, belongs) {
  let stop = start;
  while (stop < lines.length && belongs(lines[stop])) stop += 1;
  return stop;
}

function renderList(lines, names) {
  const first = LIST_ITEM.exec(lines[0]).groups;
  const isNumbered = /\d/u.test(first.marker);
  const list = el(isNumbered ? "ol" : "ul", isNumbered ? { start: Number.parseInt(first.marker, 10) } : {});
  for (const line of lines) {
    const { indent, rest } = LIST_ITEM.exec(line).groups;
    list.append(el("li", { class: indent.length > 1 ? "nested" : "" }, renderInline(rest, names)));
  }
  return list;
}
