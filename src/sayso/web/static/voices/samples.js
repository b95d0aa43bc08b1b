/** A sentence in each language, by which a voice is heard. */

const SAMPLES = {
  en: "Good evening. The lamp is lit, and the sea is calm tonight.",
  fr: "Bonsoir. La lampe est allumée, et la mer est calme ce soir.",
  es: "Buenas noches. La lámpara está encendida y el mar está en calma.",
  it: "Buonasera. La lampada è accesa e il mare è calmo stasera.",
  pt: "Boa noite. A lâmpada está acesa e o mar está calmo.",
  de: "Guten Abend. Die Lampe brennt, und das Meer ist heute ruhig.",
  hi: "नमस्ते। दीपक जल रहा है, और आज समुद्र शांत है।",
  ja: "こんばんは。今夜は海が静かです。",
  zh: "晚上好。灯已经点亮，今晚的海很平静。",
};

export function sampleOf(language) {
  return SAMPLES[String(language).slice(0, 2)] ?? SAMPLES.en;
}
