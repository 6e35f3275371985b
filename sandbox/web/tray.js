// Files waiting to be sent with the next message. Knows names and sizes, and the server's limits.

import { el, icon, iconButton } from "./dom.js";
import { fileSize } from "./time.js";

export class FileTray {
  #files = [];

  /** `limits()` -> {attachment_size_limit, max_files}; `complain(sentence)` shows what was refused. */
  constructor({ limits, complain, onChange }) {
    this.limits = limits;
    this.complain = complain;
    this.onChange = onChange;
    this.node = el("div", { class: "tray", hidden: true, testid: "tray" });
  }

  get isEmpty() {
    return this.#files.length === 0;
  }

  /** Those of the files that the server would take; says which it would not. */
  allowed(files) {
    const { attachment_size_limit: limit } = this.limits();
    const tooBig = files.find((file) => file.size > limit);
    if (tooBig) this.complain(`${tooBig.name} is too big: ${fileSize(tooBig.size)}, the limit is ${fileSize(limit)}.`);
    return files.filter((file) => file.size <= limit);
  }

  add(files) {
    const { max_files: most } = this.limits();
    if (this.#files.length + files.length > most) this.complain(`A message takes at most ${most} files.`);
    this.#files = [...this.#files, ...files].slice(0, most);
    this.#draw();
  }

  /** All files, which are then no longer here. */
  take() {
    const files = this.#files;
    this.#files = [];
    this.#draw();
    return files;
  }

  #draw() {
    this.node.hidden = this.isEmpty;
    this.node.replaceChildren(
      ...this.#files.map((file) =>
        el(
          "div",
          { class: "tray-file", testid: "tray-file" },
          icon(/\.(?:midi?|kar|ogg|mp3|wav|flac|xml|mxl)$/iu.test(file.name) ? "music" : "file", 18),
          el("span", { class: "file-text" }, el("span", { class: "file-name", text: file.name }), el("span", { class: "file-size", text: fileSize(file.size) })),
          iconButton("close", `Remove ${file.name}`, {
            onclick: () => {
              this.#files = this.#files.filter((other) => other !== file);
              this.#draw();
            },
          }),
        ),
      ),
    );
    this.onChange();
  }
}
