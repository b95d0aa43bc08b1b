/** Markdown for reading: the parts of a text that are its marks, which are not shown, and the style of the rest. */

const MARKS = [ // marks that stand alone: the whole match is hidden, or its group `mark`
  /^---[ \t\r]*\n(?:.*\n)*?---[ \t\r]*(?:\n|$)/g, // YAML at the beginning
  /<!--[\s\S]*?-->/g,
  /<\/?[a-z][a-z0-9-]*(?:\s+[a-z][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'=<>`]+))*\s*\/?>/gi,
  /^[ \t]*(?:```|~~~).*$/gm,
  /^ {0,3}\[[^\]\n]+\]:[ \t]+\S+.*$/gm, // a definition of a link
  /\n {0,3}(?:=+|-{2,})[ \t]*$/gm, // the underline of a title
  /^[ \t]*\|?(?:[ \t]*:?-{3,}:?[ \t]*\|)+[ \t]*:?-*:?[ \t]*$/gm, // the line below the head of a table
  /^ {0,3}#{1,6}(?:[ \t]+|$)/gm,
  /[ \t]+#+[ \t]*$/gm,
  /^(?:[ \t]*>[ \t]?)+/gm,
  /^[ \t]*[-*+][ \t]+(?:\[[ xX]\][ \t]+)?/gm,
  /\\(?=[!-/:-@[-`{-~])/g,
];
const LINK = /(!?\[)((?:[^[\]]|\[[^[\]]*\])*)(\]\((?:[^()\s]|\([^()]*\))*(?:\s+"[^"]*")?\s*\))/g;
const FENCE = /^[ \t]*(?:```|~~~)/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const PAIRS = [
  { pattern: /(`+)(?!`)([^`]|[^`][\s\S]*?[^`])\1(?!`)/g, style: "code" },
  { pattern: /(\*\*|__)(?=\S)([\s\S]*?\S)\1/g, style: "strong" },
  { pattern: /(~~)(?=\S)([\s\S]*?\S)\1/g, style: "" },
  { pattern: /(?<![\w*])(\*)(?=[^\s*])([^*]*?[^\s*])\1(?!\*)/g, style: "em" },
  { pattern: /(?<![\w_])(_)(?=[^\s_])([^_]*?[^\s_])\1(?!\w)/g, style: "em" },
];

const SIGNS = [/^ {0,3}#{1,6}[ \t]+\S/m, /\[[^\]\n]+\]\([^()\s]+\)/, /(\*\*|__)(?=\S)[^\n]*?\S\1/, /^ {0,3}```/m];
const LOOKED_AT = 20_000; // characters of a text that are enough to see what it is

/** Whether a text looks like Markdown. */
export function looksLikeMarkdown(text) {
  const beginning = text.slice(0, LOOKED_AT);
  return SIGNS.some((sign) => sign.test(beginning));
}

/** The kind of a block, which begins with this line: h1 to h6, item, quote, rule, fence or p. */
export function kindOf(block) {
  if (FENCE.test(block)) {
    return "fence";
  }
  const heading = /^ {0,3}(#{1,6})(?:[ \t]|$)/.exec(block);
  if (heading) {
    return `h${heading[1].length}`;
  }
  const underline = /^[^\n]+\n {0,3}(=+|-{2,})[ \t]*(?:\n|$)/.exec(block);
  if (underline && !/^\s*\|/.test(block)) {
    return underline[1].startsWith("=") ? "h1" : "h2";
  }
  if (RULE.test(block.trimEnd())) {
    return "rule";
  }
  return /^[ \t]*[-*+][ \t]+\S/.test(block) ? "item" : /^ {0,3}>/.test(block) ? "quote" : "p";
}

/** Whether a block begins at this line, although no empty line comes before it. */
export const beginsBlock = (line) => /^ {0,3}#{1,6}[ \t]|^[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+\S/.test(line);

/**
 * The marks and the styles of a block.
 *
 * @returns {hidden, styled}: ranges `[from, to]` in the block, and `{from, to, style}`
 */
export function markupOf(block) {
  if (kindOf(block) === "rule") {
    return { hidden: [[0, block.trimEnd().length]], styled: [] };
  }
  const hidden = [];
  const styled = [];
  for (const mark of MARKS) {
    for (const match of block.matchAll(mark)) {
      hidden.push([match.index, match.index + match[0].length]);
    }
  }
  for (const { index, 1: open, 2: label, 3: close } of block.matchAll(LINK)) {
    const end = index + open.length + label.length;
    hidden.push([index, index + open.length], [end, end + close.length]);
  }
  for (const { pattern, style } of PAIRS) {
    for (const { index, 0: whole, 1: mark } of block.matchAll(pattern)) {
      const end = index + whole.length;
      hidden.push([index, index + mark.length], [end - mark.length, end]);
      styled.push({ from: index, to: end, style });
    }
  }
  return { hidden, styled };
}
