/** The entries of a lexicon as a list, which is hidden while there are none. */

import { button, make } from "../common/elements.js";
import { t } from "../common/language.js";

/**
 * @param name begins the ids of its elements
 * @param onRemove called with the word whose entry is to go; null where entries cannot be removed
 * @param onSave called when the lexicon is to be saved
 * @param onUse called when it is to be used for another text; null without such a button
 */
export class LexiconList {
  element = make("div", "lexicon");
  #entries = make("ul", "lexicon-entries");
  #save = button(t("spoken.save"));
  #onRemove;

  constructor(name, { onRemove = null, onSave, onUse = null }) {
    this.#onRemove = onRemove;
    const title = make("h3", "", t("spoken.lexicon"));
    title.id = `${name}-lexicon`;
    title.tabIndex = -1;
    this.#entries.setAttribute("role", "list");
    this.#entries.setAttribute("aria-labelledby", title.id);
    this.#save.addEventListener("click", onSave);
    const actions = make("div", "row actions");
    actions.append(this.#save);
    if (onUse !== null) {
      const use = button(t("spoken.use"));
      use.addEventListener("click", onUse);
      actions.append(use);
    }
    this.element.hidden = true;
    this.element.append(title, this.#entries, actions);
  }

  show(lexicon) {
    const hadFocus = this.#entries.contains(document.activeElement);
    const { entries } = lexicon;
    this.#entries.replaceChildren(...entries.map((entry) => this.#rowOf(entry)));
    this.element.hidden = entries.length === 0;
    if (hadFocus && entries.length > 0) {
      this.element.firstElementChild.focus();
    }
  }

  #rowOf({ written, value }) {
    const row = make("li", "");
    row.append(make("span", "lexicon-word", written), make("span", "lexicon-value", value));
    if (this.#onRemove !== null) {
      const remove = button(t("spoken.remove"));
      remove.setAttribute("aria-label", t("spoken.remove.of", { written }));
      remove.addEventListener("click", () => this.#onRemove(written));
      row.append(remove);
    }
    return row;
  }
}
