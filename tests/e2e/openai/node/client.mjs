// What OpenAI's client for Node.js sees: speech whole and streamed, a transcript whole and streamed, typed errors.
// OPENAI_BASE_URL and OPENAI_API_KEY say which server; the last line that is printed is JSON.

import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ maxRetries: 0, timeout: 120_000 });
const text = "The keeper lit the lamp, and the boats came home.";

const speech = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: text, response_format: "wav" });
const wav = Buffer.from(await speech.arrayBuffer());
assert.equal(wav.subarray(0, 4).toString(), "RIFF");

const streamed = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: text, response_format: "pcm" });
let chunks = 0;
let streamedBytes = 0;
for await (const chunk of streamed.body) {
  chunks += 1;
  streamedBytes += chunk.length;
}
assert.ok(streamedBytes > 24_000 * 2);

const recording = () => toFile(wav, "night.wav");
const transcript = await client.audio.transcriptions.create({ model: "whisper-1", file: await recording() });
assert.match(transcript.text, /boats/);

const verbose = await client.audio.transcriptions.create({
  model: "whisper-1",
  file: await recording(),
  response_format: "verbose_json",
  timestamp_granularities: ["word"],
});
assert.ok(verbose.words.length >= 8);

let joined = "";
let whole;
const events = await client.audio.transcriptions.create({
  model: "gpt-4o-mini-transcribe",
  file: await recording(),
  stream: true,
});
for await (const event of events) {
  if (event.type === "transcript.text.delta") joined += event.delta;
  if (event.type === "transcript.text.done") whole = event.text;
}
assert.equal(joined, whole);

await assert.rejects(
  client.audio.speech.create({ model: "gpt-9", voice: "alloy", input: text }),
  (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found",
);
await assert.rejects(
  client.audio.speech.create({ model: "tts-1", voice: "alloy", input: text, speed: 9 }),
  (error) => error instanceof OpenAI.BadRequestError && error.param === "speed",
);
await assert.rejects(
  client.audio.transcriptions.create({ model: "whisper-1", file: await toFile(Buffer.from("Dear Sir"), "letter.mp3") }),
  (error) => error instanceof OpenAI.BadRequestError && error.message.includes("Invalid file format."),
);
await assert.rejects(
  new OpenAI({ apiKey: "sk-wrong", maxRetries: 0 }).models.list(),
  (error) => error instanceof OpenAI.AuthenticationError && error.code === "invalid_api_key",
);

console.log(JSON.stringify({ transcript: transcript.text, chunks, streamedBytes }));
