// Norm, snake and quantiser in one pass: what a convolution reads.
//
// The norm (adaptive instance norm: Huang and Belongie 2017) makes scale · (x - mean) / sqrt(variance + epsilon) + shift of each
// channel, mean and variance over all frames: one multiplication and one addition, gain · x + offset. The quantiser is ONNX's
// DynamicQuantizeLinear: with low and high the smallest and largest value of all channels, and 0,
//   step = (high - low) / 255,  zero point = nearest(-low / step),  byte = nearest(value / step) + zero point within 0 to 255.
#ifndef SAYSO_QUANTISE_H
#define SAYSO_QUANTISE_H

#include <math.h>

#include "block.h"

namespace {

struct Quantiser {
  alignas(64) float gain[sayso::kMaximumChannels];
  alignas(64) float offset[sayso::kMaximumChannels];
  alignas(64) float reciprocal[sayso::kMaximumChannels];  // 1 / (a · step)
  float step;
  int zero_point;
};

// snake of the extremes of some channels, divided by a: the largest value, or the smallest for the negated bounds.
inline void widen(const Quantiser &quantiser, const float *reciprocal, const float *bound, int channels, float *low,
                  float *high) {
  alignas(64) float values[Simd::kLanes];
  for (int c = 0; c < channels; c += Simd::kLanes) {
    const Simd::Floats v =
        Simd::multiply_add(Simd::load(bound + c), Simd::load(quantiser.gain + c), Simd::load(quantiser.offset + c));
    Simd::store(values, Simd::multiply(snake(v), Simd::load(reciprocal + c)));
    for (int lane = 0; lane < Simd::kLanes; ++lane) {
      if (values[lane] < *low) *low = values[lane];
      if (values[lane] > *high) *high = values[lane];
    }
  }
}

// What is to be done to the input of a convolution whose statistics are known. scales and shifts are multiplied by a.
inline void prepare(Quantiser &quantiser, const sayso::Convolution &convolution, const float *scales, const float *shifts,
                    const sayso::Statistics &statistics, int frames, int channels) {
  for (int c = 0; c < channels; ++c) {
    const double mean = statistics.sum[c] / frames;
    const double variance = statistics.squares[c] / frames - mean * mean;
    const double deviation = sqrt((variance > 0 ? variance : 0) + static_cast<double>(convolution.epsilon));
    quantiser.gain[c] = static_cast<float>(scales[c] / deviation);
    quantiser.offset[c] = static_cast<float>(shifts[c] - mean * (scales[c] / deviation));
  }
  float low = 0, high = 0;  // the range includes 0, so that padding is exact
  widen(quantiser, convolution.reciprocal, statistics.low, channels, &low, &high);
  widen(quantiser, convolution.reciprocal, statistics.high, channels, &low, &high);
  quantiser.step = (high - low) / 255;
  if (!(quantiser.step > 0)) quantiser.step = 1;  // everything is 0
  const float zero_point = nearbyintf(-low / quantiser.step);
  quantiser.zero_point = !(zero_point > 0) ? 0 : zero_point > 255 ? 255 : static_cast<int>(zero_point);
  for (int c = 0; c < channels; ++c) quantiser.reciprocal[c] = convolution.reciprocal[c] / quantiser.step;
}

// The activations of the frames begin to end of x; frames before 0 and from `frames` on are padding.
inline void quantise(const Quantiser &quantiser, const float *x, int begin, int end, int frames, int channels,
                     Simd::Activation *activations) {
  const Simd::Integers zero_point = Simd::all(quantiser.zero_point);
  for (int t = begin; t < end; ++t, activations += channels) {
    if (t < 0 || t >= frames) {
      for (int c = 0; c < channels; ++c) activations[c] = static_cast<Simd::Activation>(quantiser.zero_point + Simd::kShift);
      continue;
    }
    const float *row = x + static_cast<size_t>(t) * channels;
    for (int c = 0; c < channels; c += Simd::kLanes) {
      const Simd::Floats v =
          Simd::multiply_add(Simd::load(row + c), Simd::load(quantiser.gain + c), Simd::load(quantiser.offset + c));
      Simd::store_quantised(activations + c, Simd::multiply(snake(v), Simd::load(quantiser.reciprocal + c)), zero_point);
    }
  }
}

}  // namespace

#endif
