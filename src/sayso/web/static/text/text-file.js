/** Texts from files: what is no text is refused in a sentence that says what to do. */

import { Failure } from "../common/errors.js";
import { t } from "../common/language.js";

const LARGEST_BYTES = 64 * 2 ** 20; // as the server's limit
const SNIFFED_BYTES = 4_096;
const SHOWN_BYTES = 400_000; // of a file whose beginning is shown

const KINDS = [ // how files of these kinds begin, in Latin-1
  ["pdf", /^[\s\S]{0,1024}%PDF-/],
  ["office", /^PK\x03\x04/], // Word, LibreOffice, EPUB
  ["office", /^\xd0\xcf\x11\xe0/], // older Word
  ["rtf", /^\{\\rtf/],
  ["sound", /^(?:ID3[\x02-\x04]|RIFF[\s\S]{4}WAVE|OggS\0|fLaC\0|\xff[\xe0-\xff]|[\s\S]{4}ftyp|\x1aE\xdf\xa3)/],
];

/** Refuse a file that is no text, by its beginning; throws a Failure that names it. */
export async function requireText(file) {
  if (file.size > LARGEST_BYTES) {
    throw new Failure(t("file.large", { name: file.name }));
  }
  const bytes = new Uint8Array(await file.slice(0, SNIFFED_BYTES).arrayBuffer());
  const beginning = String.fromCharCode(...bytes);
  const isWide = /^(?:\xff\xfe|\xfe\xff)/.test(beginning);
  const [kind] = isWide ? [] : KINDS.find(([, pattern]) => pattern.test(beginning)) ?? [];
  if (kind !== undefined) {
    throw new Failure(t(`file.${kind}`, { name: file.name }));
  }
  if (!isWide && beginning.includes("\0")) {
    throw new Failure(t("file.binary", { name: file.name }));
  }
}

/** The text of a file, in UTF-8 or, with its mark, UTF-16; throws a Failure that names it. */
export async function textOf(file) {
  await requireText(file);
  const bytes = new Uint8Array(await file.arrayBuffer());
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? "utf-16le"
    : bytes[0] === 0xfe && bytes[1] === 0xff ? "utf-16be" : "utf-8";
  let text;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    throw new Failure(t("file.encoding", { name: file.name }));
  }
  if (text.includes("\0")) {
    throw new Failure(t("file.binary", { name: file.name }));
  }
  if (text.trim() === "") {
    throw new Failure(t("file.empty", { name: file.name }));
  }
  return text;
}

/** The beginning of a file of any size, or its whole text; throws as `requireText`. */
export async function beginningOfFile(file) {
  await requireText(file);
  const part = file.slice(0, SHOWN_BYTES);
  return new TextDecoder("utf-8").decode(await part.arrayBuffer(), { stream: true });
}

export const isMarkdownFile = (name) => /\.(?:md|markdown)$/i.test(name);
