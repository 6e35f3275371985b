// The panel above the composer: which command is being typed, its options as chips, and a list to choose from.
// Knows suggestions and keys; what is typed belongs to the composer.

import { el, icon } from "./dom.js";
import { describeOption } from "./suggestions.js";

const FEW_OPTIONS = 8; // a command with more shows as chips only what was chosen; the list below has the rest

export class Picker {
  #items = [];
  #active = -1;
  #isChosenByKey = false;

  /** `input`: the text field that keeps the focus. `onPick(suggestion)`, `onChip(option)`, `onMore()`. */
  constructor({ input, onPick, onChip, onMore }) {
    this.input = input;
    this.onMore = onMore;
    this.onPick = onPick;
    this.onChip = onChip;
    this.head = el("div", { class: "picker-head" });
    this.list = el("div", { class: "listbox", role: "listbox", id: "picker-list", "aria-label": "Suggestions", testid: "picker-list" });
    this.node = el("div", { class: "picker", hidden: true, testid: "picker" }, this.head, this.list, this.#keysHint());
    // Pressing in the panel must not take the focus out of the text field.
    this.node.addEventListener("mousedown", (event) => event.preventDefault());
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /** The suggestion that Enter or Tab would take, or null. */
  get active() {
    return this.#items[this.#active] ?? null;
  }

  /** Whether the active suggestion was reached with the arrow keys. */
  get isDeliberate() {
    return this.#isChosenByKey && this.#active >= 0;
  }

  close() {
    this.node.hidden = true;
    this.#items = [];
    this.#active = -1;
    this.#isChosenByKey = false;
    this.input.removeAttribute("aria-activedescendant");
    this.input.removeAttribute("aria-controls");
    this.input.removeAttribute("aria-describedby");
  }

  /**
   * Show suggestions. `guide`: {entry, tokens, current, problems, isWaiting} of the command being typed, or null.
   * The first suggestion is made active when `hasDefault`, else the reader has to choose.
   */
  show({ items, guide, title, hasDefault }) {
    const isSame = this.isOpen && this.#items.length === items.length && this.#items.every((item, index) => item.label === items[index].label && item.kind === items[index].kind);
    this.#items = items;
    if (!isSame) {
      this.#active = hasDefault && items.length ? 0 : -1;
      this.#isChosenByKey = false;
    }
    this.head.replaceChildren(...this.#headNodes(guide, title));
    this.list.replaceChildren(...items.map((item, index) => this.#row(item, index)));
    this.list.hidden = !items.length;
    this.node.hidden = !items.length && !guide && !title;
    this.input.setAttribute("aria-controls", "picker-list");
    // What an option is for is read out with the field that it is typed in.
    if (guide?.current) this.input.setAttribute("aria-describedby", "picker-help");
    else this.input.removeAttribute("aria-describedby");
    this.#mark();
  }

  /** Handle a key of the text field; returns whether it was used up. */
  handleKey(event) {
    if (!this.isOpen || !this.#items.length || event.altKey || event.ctrlKey || event.metaKey) return false;
    const count = this.#items.length;
    const next = { ArrowDown: (this.#active + 1) % count, ArrowUp: (this.#active <= 0 ? count : this.#active) - 1 }[event.key];
    if (next !== undefined) {
      this.#active = next;
      this.#isChosenByKey = true;
      this.#mark();
      return true;
    }
    if (event.key === "Tab" && !event.shiftKey) {
      this.onPick(this.active ?? this.#items[0]);
      return true;
    }
    return false;
  }

  #mark() {
    [...this.list.children].forEach((row, index) => {
      row.classList.toggle("is-active", index === this.#active);
      row.setAttribute("aria-selected", String(index === this.#active));
    });
    const row = this.list.children[this.#active];
    row?.scrollIntoView({ block: "nearest" });
    if (row) this.input.setAttribute("aria-activedescendant", row.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #row(item, index) {
    const sign = { command: "slash", option: "plus", file: "file", mention: null }[item.kind];
    return el(
      "div",
      { class: `option option-${item.kind}`, role: "option", id: `picker-${index}`, testid: "picker-option", onclick: () => this.onPick(item) },
      sign ? el("span", { class: "option-sign" }, icon(sign, 16)) : null,
      el("span", { class: "option-text" }, el("span", { class: "option-name", text: item.label }), item.description ? el("span", { class: "option-description", text: item.description }) : null),
      item.note ? el("span", { class: "option-note", text: item.note }) : null,
    );
  }

  #headNodes(guide, title) {
    if (!guide) return title ? [el("p", { class: "picker-title", text: title })] : [];
    const { entry, tokens, current, problems, isWaiting } = guide;
    const problem = problems.find(({ isMissing }) => !isMissing);
    const nodes = [el("p", { class: "picker-title" }, el("strong", { text: `/${entry.name}` }), ` ${entry.description}`)];
    if (entry.options.length) nodes.push(el("div", { class: "chips", testid: "chips" }, this.#chips(guide)));
    if (current) {
      const hint = [current.description, describeOption(current)].filter(Boolean).join(" · ");
      nodes.push(el("p", { class: "picker-option-help", id: "picker-help" }, el("strong", { text: current.name }), ` ${hint}`, isWaiting ? el("span", { class: "spinner", "aria-hidden": "true" }) : null));
    }
    if (problem) nodes.push(el("p", { class: "picker-problem", role: "status", testid: "picker-problem" }, icon("warning", 15), problem.text));
    return nodes;
  }

  #chips({ entry, tokens, current, problems }) {
    const { options } = entry;
    const isChosen = (option) => option.required || option === current || tokens.some((token) => token.option === option);
    const shown = options.length > FEW_OPTIONS ? options.filter(isChosen) : options;
    const chips = shown.map((option) => this.#chip(option, { tokens, current, problems }));
    const numHidden = options.length - shown.length;
    if (numHidden && current) chips.push(el("button", { type: "button", class: "chip chip-more", tabindex: -1, testid: "more-options", onclick: () => this.onMore() }, `+ ${numHidden} more`));
    else if (numHidden) chips.push(el("span", { class: "chip-hint", text: `${numHidden} options, all of them in the list` }));
    return chips;
  }

  #chip(option, { tokens, current, problems }) {
    const token = tokens.find((candidate) => candidate.option === option);
    const isWrong = problems.some((problem) => problem.option === option && !problem.isMissing);
    const state = isWrong ? "is-wrong" : token?.raw ? "is-set" : option.required ? "is-required" : "";
    const name = option.required ? `${option.name}*` : option.name;
    return el(
      "button",
      { type: "button", class: `chip ${state} ${current === option ? "is-current" : ""}`, tabindex: -1, title: option.description, testid: "chip", onclick: () => this.onChip(option) },
      token?.raw ? [el("span", { class: "chip-name", text: name }), el("span", { class: "chip-value", text: token.raw })] : name,
    );
  }

  #keysHint() {
    const key = (text) => el("kbd", { text });
    return el("p", { class: "picker-keys", "aria-hidden": "true" }, key("↑"), key("↓"), " choose ", key("Tab"), " take ", key("Enter"), " send ", key("Esc"), " close");
  }
}
