// Slash commands as one line of text, "/generate genre:rock bars:8": reading it, checking it, turning it into values.
// Pure: knows the commands' definitions and the text, no DOM and no network.

export const OPTION = { string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10, attachment: 11 };
const YES = new Set(["true", "yes", "on", "1"]);
const NO = new Set(["false", "no", "off", "0"]);

/** Every runnable line: a command, or each of its sub-commands with `path`. */
export function entriesOf(commands) {
  const entries = [];
  for (const command of commands.filter(({ type }) => type === 1)) {
    const walk = (node, path) => {
      const nested = (node.options ?? []).filter(({ type }) => type === 1 || type === 2);
      if (nested.length) for (const child of nested) walk(child, [...path, child.name]);
      else entries.push({ command, path, name: [command.name, ...path].join(" "), description: node.description, options: node.options ?? [] });
    };
    walk(command, []);
  }
  return entries.sort((a, b) => a.name.localeCompare(b.name));
}

/**
 * Read a line. Returns null when it is no command, {stage: "name", query, entry?} while the name is being typed, and
 * {stage: "options", entry, tokens, stray} after it; a token is {option, start, valueStart, stop, raw}.
 */
export function parseLine(text, entries) {
  if (!text.startsWith("/")) return null;
  const lower = text.slice(1).toLowerCase();
  const fits = entries.filter(({ name }) => lower === name || lower.startsWith(`${name} `) || lower.startsWith(`${name}\n`));
  const entry = fits.sort((a, b) => b.name.length - a.name.length)[0];
  if (!entry || lower === entry.name) return { stage: "name", query: lower.trim(), entry };
  const bodyStart = entry.name.length + 1;
  const tokens = tokensOf(text, bodyStart, entry.options);
  const stray = { start: bodyStart, stop: tokens[0]?.start ?? text.length };
  return { stage: "options", entry, tokens, stray: { ...stray, raw: text.slice(stray.start, stray.stop).trim() } };
}

function tokensOf(text, bodyStart, options) {
  if (!options.length) return [];
  const names = options.map(({ name }) => name.replace(/[-/\\^$*+?.()|[\]{}]/gu, "\\$&"));
  const heads = new RegExp(`(?<=\\s)(${names.join("|")}):`, "giu");
  heads.lastIndex = bodyStart;
  const tokens = [];
  for (let match = heads.exec(text); match; match = heads.exec(text)) {
    const option = options.find(({ name }) => name === match[1].toLowerCase());
    tokens.push({ option, start: match.index, valueStart: match.index + match[0].length, stop: text.length, raw: "" });
  }
  tokens.forEach((token, index) => {
    token.stop = tokens[index + 1]?.start ?? text.length;
    token.raw = text.slice(token.valueStart, token.stop).trim();
  });
  return tokens;
}

/**
 * Check a line of stage "options". `world`: {users, channels, files: Map label -> File, picked: Map}.
 * Returns {values, problems: [{option|null, text, token?}]}; values hold {label} for files until they are numbered.
 */
export function checkLine(line, world) {
  const values = {};
  const problems = [];
  if (line.stray.raw) problems.push({ option: null, text: `“${line.stray.raw}” is not an option of /${line.entry.name}.` });
  for (const token of line.tokens) {
    const { option, raw } = token;
    if (option.name in values) problems.push({ option, token, text: `${option.name} is given twice.` });
    const { value, problem } = raw === "" ? { problem: `${option.name} is empty.` } : readValue(option, raw, world);
    if (problem) problems.push({ option, token, text: problem });
    else values[option.name] = value;
  }
  for (const option of line.entry.options) {
    if (option.required && !line.tokens.some((token) => token.option === option)) problems.push({ option, text: `${option.name} is required.`, isMissing: true });
  }
  return { values, problems };
}

function readValue(option, raw, world) {
  if (option.choices?.length) return readChoice(option, raw);
  if (option.autocomplete) {
    const picked = world.picked.get(`${option.name}\n${raw.toLowerCase()}`);
    if (picked !== undefined) return { value: picked };
  }
  return READERS[option.type]?.(option, raw, world) ?? { value: raw };
}

function readChoice(option, raw) {
  const typed = raw.toLowerCase();
  const choice = option.choices.find(({ name, value }) => name.toLowerCase() === typed || String(value).toLowerCase() === typed);
  if (choice) return { value: choice.value };
  const unknown = /\s([\p{L}_-]+):/u.exec(raw);
  if (unknown) return { problem: `“${unknown[1]}” is not an option here.` };
  return { problem: `${option.name} must be one of the list.` };
}

const READERS = {
  [OPTION.string]: (option, raw) => {
    if (raw.length < (option.min_length ?? 0)) return { problem: `${option.name} needs at least ${option.min_length} characters.` };
    if (raw.length > (option.max_length ?? 6000)) return { problem: `${option.name} takes at most ${option.max_length ?? 6000} characters.` };
    return { value: raw };
  },
  [OPTION.integer]: (option, raw) => (/^[+-]?\d{1,15}$/u.test(raw) ? inRange(option, Number(raw)) : { problem: `${option.name} must be a whole number${rangeText(option)}.` }),
  [OPTION.number]: (option, raw) => {
    const value = Number(raw.replace(",", "."));
    return Number.isFinite(value) ? inRange(option, value) : { problem: `${option.name} must be a number${rangeText(option)}.` };
  },
  [OPTION.boolean]: (option, raw) => {
    const typed = raw.toLowerCase();
    if (YES.has(typed)) return { value: true };
    return NO.has(typed) ? { value: false } : { problem: `${option.name} must be true or false.` };
  },
  [OPTION.user]: readUser,
  [OPTION.mentionable]: (option, raw, world) => {
    const user = readUser(option, raw, world);
    return user.problem ? readRole(option, raw, world) : user;
  },
  [OPTION.role]: readRole,
  [OPTION.channel]: (option, raw, { channels }) => {
    const typed = raw.replace(/^#|^<#|>$/gu, "").toLowerCase();
    const found = channels.find((channel) => fitsChannel(option, channel) && (channel.id === typed || channel.name.toLowerCase() === typed));
    return found ? { value: found.id } : { problem: `There is no channel “${raw}”.` };
  },
  [OPTION.attachment]: (option, raw, { files }) => (files.has(raw) ? { value: { label: raw } } : { problem: `Choose a file for ${option.name}.` }),
};

function readUser(option, raw, { users }) {
  const typed = raw.replace(/^@|^<@!?|>$/gu, "").toLowerCase();
  const found = users.find((user) => user.id === typed || user.name.toLowerCase() === typed);
  return found ? { value: found.id } : { problem: `There is nobody called “${raw}”.` };
}

function readRole(option, raw, { roles }) {
  const typed = raw.replace(/^@|^<@&|>$/gu, "").toLowerCase();
  const found = roles.find((role) => role.id === typed || role.name.replace(/^@/u, "").toLowerCase() === typed);
  return found ? { value: found.id } : { problem: `There is no role “${raw}”.` };
}

const CHANNEL_TYPES = { text: 0, thread: 11, forum: 15 };

/** Whether an option takes a channel of this kind. */
export const fitsChannel = ({ channel_types: types }, { kind }) => !types?.length || types.includes(CHANNEL_TYPES[kind]);

function inRange(option, value) {
  const isInside = value >= (option.min_value ?? -Infinity) && value <= (option.max_value ?? Infinity);
  return isInside ? { value } : { problem: `${option.name} must be${rangeText(option)}.` };
}

/** " from 1 to 64", " of at least 1", or nothing: the limits of a number in words. */
export function rangeText({ min_value: min, max_value: max }) {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

/** A file's name as a value in the line: no spaces or colons, which would look like the next option. */
export const fileLabel = (filename) => filename.replace(/[\s:]+/gu, "_");
