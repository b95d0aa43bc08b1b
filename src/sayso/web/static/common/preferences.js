/** The visitor's choices for this browser: the theme and the page's language. */

import { language } from "./language.js";

const THEME = "sayso.theme";
const COOKIE = "sayso-language";
const YEAR_SECONDS = 31_536_000;

const themeSelect = document.getElementById("theme");
const languageSelect = document.getElementById("page-language");

/** Storage that a browser refuses is no reason to stop. */
function stored(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

function showTheme(theme) {
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  } else {
    delete document.documentElement.dataset.theme;
  }
}

/** @param onTheme called when the colours may have changed */
export function start(onTheme) {
  themeSelect.value = document.documentElement.dataset.theme ?? "system";
  themeSelect.addEventListener("change", () => {
    stored(() => localStorage.setItem(THEME, themeSelect.value));
    showTheme(themeSelect.value);
    onTheme();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onTheme);
  languageSelect.value = language;
  languageSelect.addEventListener("change", () => {
    document.cookie = `${COOKIE}=${languageSelect.value}; path=${new URL(".", document.baseURI).pathname}; `
      + `max-age=${YEAR_SECONDS}; samesite=lax`;
    location.reload();
  });
}
