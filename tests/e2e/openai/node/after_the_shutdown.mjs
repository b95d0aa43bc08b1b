// What OpenAI's client for Node.js gets for the retired models: speech, words with times, subtitles, a translation.
// OPENAI_BASE_URL and OPENAI_API_KEY say which server; the last line that is printed is JSON.

import assert from "node:assert/strict";
import OpenAI, { toFile } from "openai";

const client = new OpenAI({ maxRetries: 0, timeout: 120_000 });
const text = "The keeper lit the lamp, and the boats came home.";

const speech = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: text, response_format: "wav" });
const wav = Buffer.from(await speech.arrayBuffer());
assert.equal(wav.subarray(0, 4).toString(), "RIFF");
const recording = () => toFile(wav, "night.wav");

const { data: verbose, response } = await client.audio.transcriptions
  .create({
    model: "whisper-1",
    file: await recording(),
    response_format: "verbose_json",
    timestamp_granularities: ["word", "segment"],
  })
  .withResponse();
assert.ok(verbose.words.length >= 8);
assert.ok(verbose.words.every((word) => word.end > word.start));
assert.ok(verbose.segments.every((segment) => typeof segment.avg_logprob === "number"));

const srt = await client.audio.transcriptions.create({ model: "whisper-1", file: await recording(), response_format: "srt" });
assert.match(srt, /^1\n00:00:0/);
const vtt = await client.audio.transcriptions.create({ model: "whisper-1", file: await recording(), response_format: "vtt" });
assert.match(vtt, /^WEBVTT/);
const translation = await client.audio.translations.create({ model: "whisper-1", file: await recording() });
assert.match(translation.text, /boats/);

console.log(JSON.stringify({ model: response.headers.get("x-sayso-model"), words: verbose.words.length }));
