/** Elements that rows of lists are made of. */

export function make(kind, className, text = "") {
  const element = document.createElement(kind);
  element.className = className;
  element.textContent = text; // names come from outside: never HTML
  return element;
}

export function button(text) {
  const element = make("button", "small", text);
  element.type = "button";
  return element;
}

/** Call `work` at each click, but not again while it runs; it returns a promise that resolves when it has ended. */
export function busy(element, work) {
  element.addEventListener("click", async () => {
    if (element.getAttribute("aria-busy") !== "true") {
      element.setAttribute("aria-busy", "true");
      await work();
      element.removeAttribute("aria-busy");
    }
  });
}

/** Call before an element changes; the result, called afterwards, gives it the focus of a part that disappeared. */
export function keepFocus(element) {
  const hadFocus = element.contains(document.activeElement);
  return () => {
    const focused = document.activeElement;
    if (hadFocus && !(element.contains(focused) && focused.checkVisibility())) {
      element.focus();
    }
  };
}
