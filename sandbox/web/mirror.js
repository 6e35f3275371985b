// The composer's text drawn a second time behind the field, with the options of a command marked. Knows text and marks.

import { el } from "./dom.js";

/** Draw `text` into `node`; `line` and `problems` come from command_line.js, `line` is null for ordinary text. */
export function paintLine(node, text, line, problems) {
  const parts = [];
  let done = 0;
  const mark = (start, stop, className) => {
    parts.push(text.slice(done, start), el("span", { class: className, text: text.slice(start, stop) }));
    done = stop;
  };
  if (line?.entry) mark(0, line.entry.name.length + 1, "mark-command");
  for (const token of line?.tokens ?? []) {
    const stop = token.valueStart + text.slice(token.valueStart, token.stop).trimEnd().length;
    const isWrong = token.raw !== "" && problems.some((problem) => problem.token === token);
    mark(token.start, stop, isWrong ? "mark-option is-wrong" : "mark-option");
  }
  // The zero-width space gives the last, still empty line its height.
  node.replaceChildren(...parts, text.slice(done), "\u200b");
}
