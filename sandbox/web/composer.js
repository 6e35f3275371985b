// The field at the bottom: text, files, replies, and slash commands by way of the picker. Sends through `actions`.

import { sendTyping } from "./api.js";
import { checkLine, entriesOf, fileLabel, OPTION, parseLine } from "./command_line.js";
import { el, icon, iconButton } from "./dom.js";
import { Autocomplete } from "./autocomplete.js";
import { Picker } from "./picker.js";
import { placeOf, suggestCommands, suggestMentions, suggestOptions } from "./suggestions.js";
import { summary } from "./message.js";
import { FileTray } from "./tray.js";

const TYPING_EVERY_MS = 6000;

export class Composer {
  #reply = null;
  #picked = new Map(); // "option\nshown text" -> value, of the choices that the bot offered
  #files = new Map(); // label in the line -> File, for attachment options
  #drafts = new Map(); // channel id -> text
  #lastTyping = 0;
  #isDismissed = false;

  /** `page`: {store, actions, interactions}. */
  constructor(page) {
    this.page = page;
    this.input = el("textarea", { class: "composer-input", rows: 1, maxlength: 4000, autocomplete: "off", spellcheck: "true", "aria-label": "Message", "aria-autocomplete": "list", "aria-haspopup": "listbox", testid: "composer" });
    this.mirror = el("div", { class: "composer-mirror", "aria-hidden": "true" });
    this.tray = new FileTray({ limits: () => page.store.limits, complain: (sentence) => this.complain(sentence), onChange: () => this.refresh() });
    this.replyBar = el("div", { class: "reply-bar", hidden: true, testid: "reply-bar" });
    this.problem = el("p", { class: "composer-problem", role: "alert", testid: "composer-problem" });
    this.sendButton = iconButton("send", "Send", { class: "composer-send", testid: "send", onclick: () => this.submit() });
    this.picker = new Picker({ input: this.input, onPick: (suggestion) => this.#pick(suggestion), onChip: (option) => this.#goTo(option) });
    this.autocomplete = new Autocomplete({ page, onChoices: (choices, option) => this.#offer(choices, option) });
    this.node = el(
      "form",
      { class: "composer", "aria-label": "Write a message" },
      this.picker.node,
      this.problem,
      el(
        "div",
        { class: "composer-box" },
        this.replyBar,
        this.tray.node,
        el(
          "div",
          { class: "composer-line" },
          iconButton("plus", "Attach a file", { class: "composer-attach", testid: "attach", onclick: () => this.#browse((files) => this.addFiles(files)) }),
          iconButton("slash", "Commands", { class: "composer-slash", testid: "slash", onclick: () => this.setText("/") }),
          el("div", { class: "composer-field" }, this.mirror, this.input),
          this.sendButton,
        ),
      ),
    );
    this.node.addEventListener("submit", (event) => event.preventDefault());
    this.input.addEventListener("input", () => this.#onInput());
    this.input.addEventListener("keydown", (event) => this.#onKey(event));
    this.input.addEventListener("click", () => this.refresh());
    this.input.addEventListener("keyup", (event) => ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key) && this.refresh());
    this.input.addEventListener("paste", (event) => {
      if (!event.clipboardData.files.length) return;
      event.preventDefault();
      this.addFiles([...event.clipboardData.files]);
    });
    this.input.addEventListener("blur", () => this.picker.close());
    this.input.addEventListener("focus", () => this.refresh());
    page.store.on("commands", () => this.refresh());
  }

  get entries() {
    return entriesOf(this.page.store.commands);
  }

  #world() {
    const { store } = this.page;
    return { users: [...store.users.values()], channels: [...store.channels.values()].filter(({ kind }) => kind !== "dm"), files: this.#files, picked: this.#picked };
  }

  focus() {
    this.input.focus();
  }

  complain(sentence) {
    this.problem.textContent = sentence;
  }

  /** Put this text into the field, with the caret at its end. */
  setText(text) {
    this.input.value = text;
    this.input.focus();
    this.input.setSelectionRange(text.length, text.length);
    this.#onInput({ isOurs: true });
  }

  /** Change to another channel: each keeps its own draft. */
  enter(channel, previousId) {
    if (previousId) this.#drafts.set(previousId, this.input.value);
    this.setReply(null);
    this.complain("");
    this.input.placeholder = channel.kind === "dm" ? `Message ${this.page.store.bot.name}` : `Message #${channel.name}, / for commands`;
    this.input.setAttribute("aria-label", `${this.input.placeholder}. Type a slash for commands.`);
    this.input.value = this.#drafts.get(channel.id) ?? "";
    this.#isDismissed = true;
    this.refresh();
  }

  setReply(message) {
    this.#reply = message;
    this.replyBar.hidden = !message;
    if (!message) return;
    const author = this.page.store.person(message.author);
    this.replyBar.replaceChildren(
      icon("reply", 16),
      el("span", { class: "reply-text" }, "Replying to ", el("strong", { text: author.name }), el("span", { class: "reply-quote", text: ` ${summary(message, 60)}` })),
      iconButton("close", "Cancel reply", { onclick: () => this.setReply(null) }),
    );
    this.focus();
  }

  /** Files that were chosen, pasted or dropped: for the command being typed if it takes one, else for the message. */
  addFiles(files) {
    this.complain("");
    let rest = this.tray.allowed(files);
    const line = parseLine(this.input.value, this.entries);
    if (line?.stage === "options") {
      const free = line.entry.options.filter((option) => option.type === OPTION.attachment && !line.tokens.some((token) => token.option === option && this.#files.has(token.raw)));
      free.slice(0, rest.length).forEach((option, index) => this.#setFile(option, rest[index]));
      rest = rest.slice(free.length);
      if (rest.length) this.complain(`/${line.entry.name} takes no more files.`);
      return;
    }
    this.tray.add(rest);
    this.focus();
  }

  #setFile(option, file) {
    const label = fileLabel(file.name);
    this.#files.set(label, file);
    const text = this.input.value;
    const token = parseLine(text, this.entries).tokens.find((candidate) => candidate.option === option);
    const head = token ? text.slice(0, token.start) : `${text.trimEnd()} `;
    this.setText(`${head}${option.name}:${label} ${token ? text.slice(token.stop) : ""}`);
  }

  #browse(take) {
    const chooser = el("input", { type: "file", multiple: true, testid: "file-chooser", class: "visually-hidden", tabindex: -1, "aria-hidden": "true" });
    const finish = () => {
      chooser.remove();
      this.focus();
    };
    chooser.addEventListener("change", () => {
      take([...chooser.files]);
      finish();
    });
    chooser.addEventListener("cancel", finish);
    this.node.append(chooser);
    chooser.click();
  }

  #onInput({ isOurs = false } = {}) {
    this.#isDismissed = false;
    this.complain("");
    if (!isOurs || this.input.value !== "/") this.#sayTyping();
    this.refresh();
  }

  #sayTyping() {
    const { store } = this.page;
    const now = Date.now();
    if (!this.input.value || this.input.value.startsWith("/") || now - this.#lastTyping < TYPING_EVERY_MS) return;
    this.#lastTyping = now;
    sendTyping(store.me.id, store.currentId).catch(() => {}); // a lost typing sign harms nobody
  }

  /** Bring picker, highlighting and height in line with the text. */
  refresh() {
    const text = this.input.value;
    const caret = this.input.selectionStart;
    const line = parseLine(text, this.entries);
    this.sendButton.disabled = !text.trim() && this.tray.isEmpty;
    if (line?.stage === "options") this.#adoptTrayFiles(line);
    this.#paint(line);
    if (this.#isDismissed || document.activeElement !== this.input) this.picker.close();
    else if (line?.stage === "name") this.#showCommands(text, line);
    else if (line?.stage === "options") this.#showOptions(line, text, caret);
    else this.#showMentions(text, caret);
  }

  // A file attached before the command was typed belongs to the command's first free attachment option.
  #adoptTrayFiles(line) {
    if (this.tray.isEmpty || !line.entry.options.some(({ type }) => type === OPTION.attachment)) return;
    this.addFiles(this.tray.take());
  }

  #showCommands(text, line) {
    const items = suggestCommands(text, line.query, this.entries);
    const { bot } = this.page.store;
    const nothing = this.entries.length ? `No command starts with /${line.query}` : `${bot.name} has no commands yet: ${bot.online ? "it is starting" : "it is not running"}.`;
    this.picker.show({ items, guide: null, title: items.length ? `Commands of ${bot.name}` : nothing, hasDefault: true });
    this.picker.node.hidden = false;
  }

  #showOptions(line, text, caret) {
    const world = this.#world();
    const place = placeOf(line, text, caret, world);
    const current = place.token && !place.isDone ? place.token.option : null;
    const offered = current?.autocomplete ? this.autocomplete.choicesFor(line, place.token, checkLine(line, world).values) : null;
    const items = suggestOptions(line, text, caret, world, offered);
    const isTyping = (problem) => problem.option && problem.option === current && (items.length || problem.token?.raw === "");
    const problems = checkLine(line, world).problems.filter((problem) => !isTyping(problem) && !(problem.option === null && items.length));
    const hasDefault = Boolean(current && place.token.raw && items[0]?.kind === "choice") || items[0]?.kind === "file" || Boolean(place.word.text && items[0]?.kind === "option" && !current);
    this.picker.show({ items, guide: { entry: line.entry, tokens: line.tokens, current, problems, isWaiting: this.autocomplete.isWaiting }, hasDefault });
  }

  #showMentions(text, caret) {
    const { store } = this.page;
    const people = [{ id: store.bot.id, name: store.bot.name }, ...[...store.users.values()].filter(({ id }) => id !== store.bot.id)];
    const items = suggestMentions(text, caret, people);
    if (items.length) this.picker.show({ items, guide: null, title: "People", hasDefault: true });
    else this.picker.close();
  }

  #offer(choices, option) {
    for (const choice of choices) this.#picked.set(`${option.name}\n${choice.name.toLowerCase().trim()}`, choice.value);
    this.refresh();
  }

  // The text is drawn a second time behind the field, with the options marked; the field's own text stays on top.
  #paint(line) {
    const text = this.input.value;
    const parts = [];
    let done = 0;
    const mark = (start, stop, className) => {
      parts.push(text.slice(done, start), el("span", { class: className, text: text.slice(start, stop) }));
      done = stop;
    };
    if (line?.entry) mark(0, line.entry.name.length + 1, "mark-command");
    const { problems } = line?.stage === "options" ? checkLine(line, this.#world()) : { problems: [] };
    for (const token of line?.tokens ?? []) {
      const isWrong = token.raw !== "" && problems.some((problem) => problem.token === token);
      mark(token.start, token.valueStart + text.slice(token.valueStart, token.stop).trimEnd().length, isWrong ? "mark-option is-wrong" : "mark-option");
    }
    this.mirror.replaceChildren(...parts, text.slice(done), "\u200b");
    this.node.classList.toggle("has-command", Boolean(line?.entry));
  }

  #pick(suggestion) {
    if (suggestion.kind === "file") {
      this.#browse(([file]) => file && this.tray.allowed([file]).length && this.#setFile(suggestion.option, file));
      return;
    }
    if (suggestion.kind === "offered") this.#picked.set(`${suggestion.option.name}\n${suggestion.label.toLowerCase().trim()}`, suggestion.value);
    this.#replace(suggestion.replace);
  }

  #replace({ start, stop, text }) {
    const before = this.input.value.slice(0, start);
    const after = this.input.value.slice(stop);
    const tail = text.endsWith(" ") ? after.trimStart() : after;
    this.input.value = before + text + tail;
    const caret = before.length + text.length;
    this.input.setSelectionRange(caret, caret);
    this.#onInput({ isOurs: true });
  }

  // A chip was pressed: put the caret into its value, adding the option if it is not there yet.
  #goTo(option) {
    const text = this.input.value;
    const token = parseLine(text, this.entries)?.tokens?.find((candidate) => candidate.option === option);
    if (!token) {
      this.setText(`${text.trimEnd()} ${option.name}:`);
      return;
    }
    const stop = token.valueStart + text.slice(token.valueStart, token.stop).trimEnd().length;
    this.input.focus();
    this.input.setSelectionRange(stop, stop);
    this.refresh();
  }

  #onKey(event) {
    if (event.isComposing) return;
    if (this.picker.handleKey(event)) event.preventDefault();
    else if (event.key === "Escape") this.#onEscape(event);
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.#onEnter();
    } else if (event.key === "ArrowUp" && !this.input.value) {
      event.preventDefault();
      this.page.actions.focusLastMessage();
    }
  }

  #onEscape(event) {
    event.preventDefault();
    if (this.picker.isOpen) {
      this.#isDismissed = true;
      this.picker.close();
    } else this.setReply(null);
  }

  #onEnter() {
    const { active, isDeliberate } = this.picker;
    const line = parseLine(this.input.value, this.entries);
    const isWholeName = line?.stage === "name" && line.entry && !isDeliberate;
    const isSettled = line?.stage === "options" && !isDeliberate && !checkLine(line, this.#world()).problems.some(({ isMissing }) => !isMissing);
    if (active && !isWholeName && !isSettled) this.#pick(active);
    else this.submit();
  }

  /** Send what is in the field: a command or a message. */
  submit() {
    const text = this.input.value.trim();
    if (!text && this.tray.isEmpty) return;
    if (text.startsWith("/") && !text.startsWith("//")) this.#submitCommand(this.input.value);
    else this.#submitMessage(text);
  }

  #submitCommand(text) {
    const line = parseLine(text, this.entries);
    if (line.stage === "name" && !line.entry) {
      this.complain(`There is no command ${text.trim().split(/\s/u)[0]}. Type / to see them all.`);
      return;
    }
    const ready = line.stage === "name" ? parseLine(`${text.trim()} `, this.entries) : line;
    const { values, problems } = checkLine(ready, this.#world());
    if (problems.length) {
      const [problem] = problems;
      if (problem.isMissing) this.setText(`${text.trimEnd()} ${problem.option.name}:`);
      else if (problem.option) this.#goTo(problem.option);
      this.complain(problem.text);
      return;
    }
    const files = [];
    const options = Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, value?.label === undefined ? value : { file: files.push(this.#files.get(value.label)) - 1 }]),
    );
    this.#clear();
    this.page.actions.runCommand({ entry: ready.entry, options, files, text: text.trim() });
  }

  #submitMessage(text) {
    const { store, actions } = this.page;
    if (text.length > store.limits.max_content_length) {
      this.complain(`A message has at most ${store.limits.max_content_length} characters; this one has ${text.length}.`);
      return;
    }
    const draft = { text, files: this.tray.take(), reply: this.#reply };
    this.#clear();
    actions.send({ content: withMentions(text, store), files: draft.files, reply: draft.reply, restore: () => this.#restore(draft) });
  }

  #restore({ text, files, reply }) {
    if (!this.input.value) this.setText(text);
    this.tray.add(files);
    this.setReply(reply);
  }

  #clear() {
    this.setReply(null);
    this.#lastTyping = 0;
    this.complain("");
    this.setText("");
  }
}

// "@Ana" becomes a mention; longer names first, so that "@Ana Maria" is not taken for "@Ana".
function withMentions(text, store) {
  const people = [...store.users.values(), { id: store.bot.id, name: store.bot.name }].sort((a, b) => b.name.length - a.name.length);
  let result = text;
  for (const { id, name } of people) {
    const pattern = new RegExp(`(?<![\\p{L}\\p{N}@<])@${name.replace(/[\\^$*+?.()|[\]{}/-]/gu, "\\$&")}(?![\\p{L}\\p{N}])`, "giu");
    result = result.replace(pattern, `<@${id}>`);
  }
  return result;
}
