// Asks the bot for choices while an option is typed, not at every key. Knows one question at a time.

const PAUSE_MS = 160;

export class Autocomplete {
  #key = "";
  #choices = null;
  #timer = null;
  isWaiting = false;

  /** `page`: {store, interactions}. `onChoices(choices, option)` is called when an answer for the newest question came. */
  constructor({ page, onChoices }) {
    this.page = page;
    this.onChoices = onChoices;
  }

  /** The choices for what is typed now, or those before while new ones are on their way, or null. */
  choicesFor(line, token, values) {
    const key = `${line.entry.name}\n${token.option.name}\n${token.raw}`;
    if (key === this.#key) return this.#choices;
    if (this.#key.split("\n").slice(0, 2).join("\n") !== `${line.entry.name}\n${token.option.name}`) this.#choices = null;
    this.#key = key;
    this.isWaiting = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(key, line, token, values), PAUSE_MS);
    return this.#choices;
  }

  async #ask(key, line, token, values) {
    const { store, interactions } = this.page;
    const others = Object.entries(values).filter(([, value]) => typeof value !== "object");
    const options = { ...Object.fromEntries(others), [token.option.name]: token.raw };
    let choices = [];
    try {
      const outcome = await interactions.run({ user_id: store.me.id, channel_id: store.currentId, kind: "autocomplete", command: line.entry.command.id, path: line.entry.path, options, focused: token.option.name });
      choices = outcome.choices ?? [];
    } catch {
      choices = []; // no help with this word; it can still be typed in full
    }
    if (key !== this.#key) return;
    this.isWaiting = false;
    this.#choices = choices;
    this.onChoices(choices, token.option);
  }
}
