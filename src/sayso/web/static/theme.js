// Runs before the page is drawn, so that a chosen theme does not flash: a classic script, not a module.
try {
  const theme = localStorage.getItem("sayso.theme");
  if (theme === "light" || theme === "dark") {
    document.documentElement.dataset.theme = theme;
  }
} catch {
  // Without storage the browser's theme is used.
}
