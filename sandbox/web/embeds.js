// Rich embeds of a message. Knows Discord's embed object; text goes through Markdown, never through HTML.

import { el } from "./dom.js";
import { picture } from "./lightbox.js";
import { renderInline, renderMarkdown } from "./markdown.js";
import { clock } from "./time.js";

/** All embeds of a message, or null. `names` as for renderMarkdown; alt texts are taken from the attachments. */
export function renderEmbeds(embeds, attachments, names) {
  if (!embeds?.length) return null;
  const altOf = (url) => attachments.find((attachment) => attachment.url === url)?.description;
  return el("div", { class: "embeds" }, embeds.map((embed) => renderEmbed(embed, altOf, names)));
}

function renderEmbed(embed, altOf, names) {
  const body = el("div", { class: "embed-body" }, author(embed.author), title(embed, names));
  if (embed.description) body.append(el("div", { class: "embed-description markdown" }, renderMarkdown(embed.description, names)));
  if (embed.fields?.length) body.append(fields(embed.fields, names));
  const card = el("article", { class: "embed", testid: "embed" }, el("div", { class: "embed-top" }, body, thumbnail(embed.thumbnail, altOf)));
  if (embed.image?.url) card.append(picture({ ...embed.image, alt: embed.image.description ?? altOf(embed.image.url), className: "embed-image" }));
  if (embed.footer || embed.timestamp) card.append(footer(embed));
  if (Number.isInteger(embed.color) && embed.color > 0) card.style.setProperty("--stripe", `#${embed.color.toString(16).padStart(6, "0")}`);
  return card;
}

const isWeb = (address) => /^https?:\/\//u.test(address ?? "");

function author(given) {
  if (!given?.name) return null;
  const name = isWeb(given.url) ? el("a", { href: given.url, target: "_blank", rel: "noreferrer", text: given.name }) : given.name;
  return el("div", { class: "embed-author" }, given.icon_url?.startsWith("/") ? el("img", { src: given.icon_url, alt: "" }) : null, name);
}

function title(embed, names) {
  if (!embed.title) return null;
  const text = renderInline(embed.title, names);
  return el("div", { class: "embed-title" }, isWeb(embed.url) ? el("a", { href: embed.url, target: "_blank", rel: "noreferrer" }, text) : text);
}

function thumbnail(given, altOf) {
  if (!given?.url) return null;
  return picture({ ...given, alt: given.description ?? altOf(given.url), className: "embed-thumbnail" });
}

function fields(list, names) {
  return el(
    "dl",
    { class: "embed-fields" },
    list.map((field) =>
      el(
        "div",
        { class: field.inline ? "embed-field inline" : "embed-field" },
        el("dt", {}, renderInline(field.name, names)),
        el("dd", { class: "markdown" }, renderMarkdown(field.value, names)),
      ),
    ),
  );
}

function footer(embed) {
  const when = embed.timestamp ? clock(Date.parse(embed.timestamp)) : null;
  return el("div", { class: "embed-footer", text: [embed.footer?.text, when].filter(Boolean).join(" · ") });
}
