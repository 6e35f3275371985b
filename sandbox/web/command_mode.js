// Slash commands in the composer: what the typed line means now, what to offer, what to send. Knows the picker and the
// line; the text field itself belongs to the composer.

import { Autocomplete } from "./autocomplete.js";
import { checkLine, entriesOf, fileLabel, OPTION, parseLine } from "./command_line.js";
import { placeOf, suggestCommands, suggestOptions } from "./suggestions.js";

export class CommandMode {
  #picked = new Map(); // "option\nshown text" -> value, of the choices that the bot offered
  #files = new Map(); // label in the line -> File, for attachment options

  /** `page`: {store, interactions}; `picker`; `onChange()` is called when new choices came from the bot. */
  constructor({ page, picker, onChange }) {
    this.page = page;
    this.picker = picker;
    this.autocomplete = new Autocomplete({
      page,
      onChoices: (choices, option) => {
        for (const choice of choices) this.remember({ option, label: choice.name, value: choice.value });
        onChange();
      },
    });
  }

  get entries() {
    return entriesOf(this.page.store.usableCommands);
  }

  get world() {
    const { store } = this.page;
    return { users: store.members, roles: [...store.roles.values()], channels: [...store.channels.values()].filter(({ kind }) => kind !== "dm"), files: this.#files, picked: this.#picked };
  }

  parse(text) {
    return parseLine(text, this.entries);
  }

  check(line) {
    return checkLine(line, this.world);
  }

  /** Note that this shown text of an option stands for this value. */
  remember({ option, label, value }) {
    this.#picked.set(`${option.name}\n${label.toLowerCase().trim()}`, value);
  }

  /** The attachment options of the line that have no file yet. */
  freeFileOptions(line) {
    return line.entry.options.filter((option) => option.type === OPTION.attachment && !line.tokens.some((token) => token.option === option && this.#files.has(token.raw)));
  }

  /** The line with this file as the option's value, or in place of the one it had. */
  withFile(text, option, file) {
    const label = fileLabel(file.name);
    this.#files.set(label, file);
    const token = this.parse(text).tokens.find((candidate) => candidate.option === option);
    const head = token ? text.slice(0, token.start) : `${text.trimEnd()} `;
    return `${head}${option.name}:${label} ${token ? text.slice(token.stop) : ""}`;
  }

  /** Where the caret goes for an option: {text, caret}; an option that is not there yet is added. */
  placeFor(text, option) {
    const token = this.parse(text)?.tokens?.find((candidate) => candidate.option === option);
    if (token) return { text, caret: token.valueStart + text.slice(token.valueStart, token.stop).trimEnd().length };
    const longer = `${text.trimEnd()} ${option.name}:`;
    return { text: longer, caret: longer.length };
  }

  /** Show in the picker what fits the line and the caret. */
  show(line, text, caret) {
    if (line.stage === "name") this.#showNames(text, line);
    else this.#showOptions(line, text, caret);
  }

  #showNames(text, line) {
    const { bot } = this.page.store;
    const items = suggestCommands(text, line.query, this.entries);
    const nothing = this.entries.length ? `No command starts with /${line.query}` : `${bot.name} has no commands yet: it is ${!bot.is_member ? "not in this server" : bot.online ? "starting" : "not running"}.`;
    this.picker.show({ items, guide: null, title: items.length ? `Commands of ${bot.name}` : nothing, hasDefault: true });
  }

  #showOptions(line, text, caret) {
    const { world } = this;
    const checked = checkLine(line, world);
    const place = placeOf(line, text, caret, world);
    const current = place.token && !place.isDone ? place.token.option : null;
    const offered = current?.autocomplete ? this.autocomplete.choicesFor(line, place.token, checked.values) : null;
    const items = suggestOptions(line, text, caret, world, offered);
    // What is being typed is not wrong yet.
    const isUnfinished = (problem) => (problem.option ? problem.option === current && (items.length || problem.token?.raw === "") : items.length);
    const [first] = items;
    const isCompletion = current ? Boolean(place.token.raw) && first?.kind === "choice" : Boolean(place.word.text) && first?.kind === "option";
    this.picker.show({
      items,
      guide: { entry: line.entry, tokens: line.tokens, current, problems: checked.problems.filter((problem) => !isUnfinished(problem)), isWaiting: Boolean(current?.autocomplete) && this.autocomplete.isWaiting },
      hasDefault: isCompletion || first?.kind === "file",
    });
  }

  /**
   * What Enter does with the line: {send: {entry, options, files}}, or {problem, option, isMissing} with a sentence.
   */
  prepare(text) {
    const typed = this.parse(text);
    if (typed.stage === "name" && !typed.entry) return { problem: `There is no command ${text.trim().split(/\s/u)[0]}. Type / to see them all.`, option: null };
    const line = typed.stage === "name" ? this.parse(`${text.trim()} `) : typed;
    const { values, problems } = this.check(line);
    if (problems.length) return { problem: problems[0].text, option: problems[0].option, isMissing: problems[0].isMissing };
    const files = [];
    const numbered = (value) => (value?.label === undefined ? value : { file: files.push(this.#files.get(value.label)) - 1 });
    const options = Object.fromEntries(Object.entries(values).map(([name, value]) => [name, numbered(value)]));
    return { send: { entry: line.entry, options, files, text: text.trim() } };
  }
}
