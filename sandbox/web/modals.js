// A modal of the bot as a dialog with a form. Knows Discord's input components; the answer goes to `submit`.

import { el, iconButton, openDialog } from "./dom.js";
import { optionsOf } from "./components.js";
import { renderMarkdown } from "./markdown.js";
import { selectMenu } from "./select.js";

let nextId = 0;

/**
 * Open the modal. `submit(fields, files)` -> promise of an error sentence or null; the dialog stays while there is one.
 */
export function openModal(modal, { store, submit }) {
  const fields = modal.components.flatMap((component) => readField(component, store));
  const problem = el("p", { class: "form-problem", role: "alert" });
  const send = el("button", { type: "submit", class: "button button-primary", text: "Submit" });
  const form = el(
    "form",
    { class: "dialog-form", novalidate: true },
    el("div", { class: "dialog-fields" }, fields.map((field) => field.node)),
    problem,
    el("div", { class: "dialog-buttons" }, el("button", { type: "button", class: "button button-secondary", text: "Cancel", onclick: () => dialog.close() }), send),
  );
  const titleId = `modal-title-${(nextId += 1)}`;
  const dialog = el(
    "dialog",
    { class: "dialog modal", "aria-labelledby": titleId, testid: "modal" },
    el("header", { class: "dialog-head" }, el("h2", { id: titleId, text: modal.title }), iconButton("close", "Close", { onclick: () => dialog.close() })),
    form,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = fields.map((field) => field.check?.()).find(Boolean);
    problem.textContent = wrong ?? "";
    if (wrong) return;
    send.setAttribute("aria-busy", "true");
    problem.textContent = (await submit(...collect(fields))) ?? "";
    send.removeAttribute("aria-busy");
    if (!problem.textContent) dialog.close();
  });
  openDialog(dialog);
  form.querySelector("input, textarea, select, button.select")?.focus();
}

function collect(fields) {
  const values = {};
  const files = [];
  for (const field of fields.filter(({ id }) => id)) {
    if (field.files) values[field.id] = field.files().map((file) => ({ file: files.push(file) - 1 }));
    else values[field.id] = field.value();
  }
  return [values, files];
}

// A label names and explains one input; an old-style row holds one text input with its own label.
function readField(component, store) {
  if (component.type === 1) return component.components.flatMap((child) => readField(child, store));
  if (component.type === 10) return [{ node: el("div", { class: "markdown" }, renderMarkdown(component.content, store.names)) }];
  const input = component.type === 18 ? component.component : component;
  const make = INPUTS[input.type];
  if (!make) return [];
  const label = component.label ?? input.label ?? "";
  const id = `field-${(nextId += 1)}`;
  const field = make({ ...input, label, domId: id }, store);
  const isRequired = input.required !== false && input.type !== 23;
  return [
    {
      id: input.custom_id,
      ...field,
      check: () => (isRequired && !field.hasValue() ? `Please fill in “${label}”.` : field.check?.() ?? null),
      node: el(
        "div",
        { class: "field" },
        el("label", { for: id }, label, isRequired ? el("span", { class: "required", "aria-hidden": "true", text: " *" }) : null),
        component.description ? el("p", { class: "field-help", text: component.description }) : null,
        field.node,
      ),
    },
  ];
}

const INPUTS = {
  4: textInput,
  3: choice,
  5: choice,
  6: choice,
  7: choice,
  8: choice,
  19: fileInput,
  21: (input) => toggles(input, "radio"),
  22: (input) => toggles(input, "checkbox"),
  23: (input) => {
    const node = el("input", { type: "checkbox", id: input.domId, checked: input.default });
    return { node, value: () => node.checked, hasValue: () => true };
  },
};

function textInput(input) {
  const isLong = input.style === 2;
  const node = el(isLong ? "textarea" : "input", { id: input.domId, value: input.value ?? "", placeholder: input.placeholder, maxlength: input.max_length ?? 4000, rows: isLong ? 5 : null, type: isLong ? null : "text", autocomplete: "off" });
  const check = () => {
    const length = node.value.length;
    return length && length < (input.min_length ?? 0) ? `“${input.label}” needs at least ${input.min_length} characters.` : null;
  };
  return { node, check, value: () => node.value, hasValue: () => node.value.trim() !== "" };
}

function choice(input, store) {
  const node = selectMenu({ options: optionsOf(input, store), placeholder: input.placeholder, min: 0, max: input.max_values ?? 1, label: input.label });
  node.id = input.domId;
  return { node, value: () => node.values, hasValue: () => node.values.length >= (input.min_values ?? 1) };
}

function fileInput(input) {
  const node = el("input", { type: "file", id: input.domId, multiple: (input.max_values ?? 1) > 1 });
  return { node, files: () => [...node.files], value: () => [], hasValue: () => node.files.length > 0 };
}

function toggles(input, type) {
  const boxes = (input.options ?? []).map((option) => el("input", { type, name: input.domId, value: option.value, checked: option.default }));
  const rows = boxes.map((box, index) => el("label", { class: "toggle" }, box, el("span", {}, input.options[index].label, input.options[index].description ? el("small", { text: input.options[index].description }) : null)));
  const chosen = () => boxes.filter((box) => box.checked).map((box) => box.value);
  return {
    node: el("div", { id: input.domId, role: "group", class: "toggles" }, rows),
    value: () => (type === "radio" ? chosen()[0] ?? "" : chosen()),
    hasValue: () => chosen().length > 0,
  };
}
