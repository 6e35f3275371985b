// Buttons, selects and layout components under a message. Knows Discord's component numbers; pressing goes to `context`.

import { el, icon } from "./dom.js";
import { fileCard } from "./attachments.js";
import { picture } from "./lightbox.js";
import { renderMarkdown } from "./markdown.js";
import { emojiText, selectMenu } from "./select.js";

const BUTTON_STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "secondary" };

/**
 * All components of one message, or null. `context`: {names, attachments, selectOptions(component),
 * press(customId, values) -> promise}.
 */
export function renderComponents(components, context) {
  if (!components?.length) return null;
  return el("div", { class: "components" }, components.map((component) => renderComponent(component, context)));
}

function renderComponent(component, context) {
  const render = RENDERERS[component.type];
  return render ? render(component, context) : null;
}

const children = (component, context) => (component.components ?? []).map((child) => renderComponent(child, context));

const RENDERERS = {
  1: (row, context) => el("div", { class: "component-row" }, children(row, context)),
  2: button,
  3: select,
  5: select,
  6: select,
  7: select,
  8: select,
  9: (section, context) => el("div", { class: "v2-section" }, el("div", {}, children(section, context)), section.accessory ? renderComponent(section.accessory, context) : null),
  10: (text, context) => el("div", { class: "markdown v2-text" }, renderMarkdown(text.content, context.names)),
  11: (thumbnail) => picture({ url: thumbnail.media.url, alt: thumbnail.description, className: "embed-thumbnail" }),
  12: (gallery) => el("div", { class: "v2-gallery" }, gallery.items.map((item) => picture({ url: item.media.url, alt: item.description, width: item.media.width, height: item.media.height }))),
  13: (file, context) => {
    const attachment = context.attachments.find((candidate) => candidate.url === file.file.url);
    return fileCard(attachment ?? { url: file.file.url, filename: file.name ?? "file", size: file.size ?? 0 });
  },
  14: (separator) => el("hr", { class: separator.divider === false ? "v2-space" : "v2-separator" }),
  17: (container, context) => {
    const box = el("div", { class: "v2-container" }, children(container, context));
    if (container.accent_color) box.style.setProperty("--stripe", `#${container.accent_color.toString(16).padStart(6, "0")}`);
    return box;
  },
};

function button(component, context) {
  const style = BUTTON_STYLES[component.style] ?? "secondary";
  const emoji = emojiText(component.emoji);
  const inside = [emoji ? el("span", { class: "button-emoji", text: emoji }) : null, component.label ?? null];
  if (style === "link") {
    return el("a", { class: "button button-link", href: component.url, target: "_blank", rel: "noreferrer", testid: "button" }, inside, icon("external", 14));
  }
  const node = el("button", { type: "button", class: `button button-${style}`, disabled: component.disabled, "aria-label": component.label ? null : emoji, testid: "button", "data-custom-id": component.custom_id }, inside);
  node.addEventListener("click", () => whileBusy(node, () => context.press(component.custom_id)));
  return node;
}

function select(component, context) {
  return selectMenu({
    options: context.selectOptions(component),
    placeholder: component.placeholder,
    min: component.min_values ?? 1,
    max: component.max_values ?? 1,
    isDisabled: component.disabled,
    onCommit: (values, node) => whileBusy(node, () => context.press(component.custom_id, values)),
  });
}

// Discord shows dots on the pressed button until the bot answers; a second press meanwhile does nothing.
async function whileBusy(node, action) {
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  try {
    await action();
  } finally {
    node.removeAttribute("aria-busy");
  }
}

/** The options of a select: its own, or people, roles and channels for types 5 to 8. */
export function optionsOf(component, store) {
  const chosen = new Set((component.default_values ?? []).map((value) => value.id));
  const people = store.members.map((user) => ({ label: user.name, value: user.id, default: chosen.has(user.id) }));
  const channels = [...store.channels.values()].filter((channel) => channel.kind !== "dm").map((channel) => ({ label: `#${channel.name}`, value: channel.id, default: chosen.has(channel.id) }));
  const roles = [...store.roles.values()].map((role) => ({ label: role.name.startsWith("@") ? role.name : `@${role.name}`, value: role.id, default: chosen.has(role.id) }));
  return { 3: component.options ?? [], 5: people, 6: roles, 7: [...people, ...roles], 8: channels }[component.type] ?? [];
}
