/** Server-sent events whose data is JSON. */

/** Takes an answer's text piece by piece, and gives the events that are whole. */
export class EventParser {
  lastId = null; // of the events given so far, the latest id that one had: a string
  #rest = "";

  *feed(piece) {
    // Only the new piece is searched, with one character before it: a stretch of sound comes in many pieces.
    const from = Math.max(0, this.#rest.length - 1);
    this.#rest += piece;
    let begin = 0;
    let end;
    while ((end = this.#rest.indexOf("\n\n", Math.max(begin, from))) !== -1) {
      const block = this.#rest.slice(begin, end);
      begin = end + 2;
      const lines = block.split("\n");
      const data = lines.filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
      this.lastId = lines.find((line) => line.startsWith("id:"))?.slice(3).trim() ?? this.lastId;
      if (data.length > 0) {
        yield JSON.parse(data.join("\n"));
      }
    }
    this.#rest = this.#rest.slice(begin);
  }
}

/** The events of a response as they come; throws what reading its body throws. A parser of one's own knows their ids. */
export async function* eventsOf(response, parser = new EventParser()) {
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return;
    }
    yield* parser.feed(decoder.decode(value, { stream: true }));
  }
}
