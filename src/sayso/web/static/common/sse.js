/** Server-sent events whose data is JSON. */

/** Parses a response's text piece by piece, and returns complete events. */
export class EventParser {
  lastId = null; // the latest id of the events so far: a string
  #rest = "";

  *feed(piece) {
    // Only the new piece is searched, with one character before it: an event with audio comes in many pieces.
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

/** The events of a response as they arrive; throws the errors of its body. Pass a parser to read the ids. */
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
