/** Links that hold a text with its voice: in the part after "#", which no browser sends to a server. */

const LONGEST_LINK = 8_000; // characters; messengers and servers cut longer ones

/** The link to this page with this text; null if it would be too long. */
export function linkTo({ text, voice, speed, markdown }) {
  const fields = new URLSearchParams({ text, voice, speed: String(speed), ...(markdown && { markdown: "1" }) });
  const link = `${location.href.split("#")[0]}#${fields}`;
  return link.length > LONGEST_LINK ? null : link;
}

/** What the page's link holds; null if it holds no text. The link is the page's own again afterwards. */
export function takeLink() {
  const fields = new URLSearchParams(location.hash.slice(1));
  const text = fields.get("text");
  if (text === null || text === "") {
    return null;
  }
  history.replaceState(null, "", location.href.split("#")[0]);
  const speed = Number(fields.get("speed"));
  return {
    text,
    voice: fields.get("voice"),
    speed: Number.isFinite(speed) && speed > 0 ? speed : 1,
    markdown: fields.get("markdown") === "1",
  };
}
