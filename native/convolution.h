// The dilated convolution of quantised frames as products of small matrices of bytes, with what follows it.
//
// With byte q standing for (q - zero) · step and weight w for w · scale, an output is
//   Σ (q - zero) w · step scale + bias = (Σ q w - zero Σ w) · step scale + bias,
// where Σ w over taps and inputs is known beforehand. Frames are rows of channels, so the inputs of tap k of frame t are the
// row t + k · dilation: no matrix has to be laid out for the product. On the way out the residual is added, and the sums are
// made that the next norm needs.
#ifndef SAYSO_CONVOLUTION_H
#define SAYSO_CONVOLUTION_H

#include <string.h>

#include "block.h"
#include "quantise.h"

namespace {

constexpr int kTileFrames = 48;  // their sums, bytes and one tap's weights share the first-level cache
constexpr int kBlockOutputs = Simd::kVectors * Simd::kLanes;
constexpr int kGroupBytes = 32768;  // of the weights of several taps: how many are added up between loading and storing sums

static_assert(kTileFrames % Simd::kRows == 0 && sayso::kChunkFrames % kTileFrames == 0);

// sums[kRows][kBlockOutputs] (+)= the products of some taps for kRows frames.
template <bool kIsFirst>
inline void multiply_taps(const Simd::Activation *activations, const int8_t *packed, int32_t *sums, int channels, int taps, size_t step) {
  Simd::Integers sum[Simd::kRows][Simd::kVectors];
#pragma GCC unroll 8
  for (int row = 0; row < Simd::kRows; ++row) {
#pragma GCC unroll 4
    for (int vector = 0; vector < Simd::kVectors; ++vector) {
      sum[row][vector] =
          kIsFirst ? Simd::zero() : Simd::load(sums + row * kBlockOutputs + vector * Simd::kLanes);
    }
  }
  for (int tap = 0; tap < taps; ++tap, activations += step) {
    for (int c = 0; c < channels; c += Simd::kInputs, packed += Simd::kInputs * kBlockOutputs) {
      Simd::Integers weights[Simd::kVectors];
#pragma GCC unroll 4
      for (int vector = 0; vector < Simd::kVectors; ++vector) {
        weights[vector] = Simd::load_weights(packed + vector * Simd::kInputs * Simd::kLanes);
      }
#pragma GCC unroll 8
      for (int row = 0; row < Simd::kRows; ++row) {
        const Simd::Integers input = Simd::load_activations(activations + static_cast<size_t>(row) * channels + c);
#pragma GCC unroll 4
        for (int vector = 0; vector < Simd::kVectors; ++vector) {
          sum[row][vector] = Simd::dot(sum[row][vector], input, weights[vector]);
        }
      }
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < Simd::kRows; ++row) {
#pragma GCC unroll 4
    for (int vector = 0; vector < Simd::kVectors; ++vector) {
      Simd::store(sums + row * kBlockOutputs + vector * Simd::kLanes, sum[row][vector]);
    }
  }
}

// Where a convolution's outputs go.
struct Destination {
  float *to;              // [frames][channels]
  const float *residual;  // is added; may be `to`; NULL for none
  const float *other;     // is added, too
};

// One tile's sums as floats, with everything that is added, to the destination and into the statistics.
inline void finish_tile(const int32_t *sums, const sayso::Convolution &convolution, const Quantiser &quantiser, int output,
                        size_t first, int frames, int channels, const Destination &destination,
                        sayso::Statistics &statistics) {
  const Simd::Floats scale = Simd::all(quantiser.step * convolution.weights_scale);
  const Simd::Integers zero_point = Simd::all(quantiser.zero_point + Simd::kShift);
  alignas(64) float partial[2][Simd::kLanes];
  for (int vector = 0; vector < Simd::kVectors; ++vector) {
    const int c = output + vector * Simd::kLanes;
    const Simd::Integers offset = Simd::multiply(zero_point, Simd::load(convolution.column_sums + c));
    const Simd::Floats bias = Simd::load(convolution.bias + c);
    Simd::Floats sum = Simd::all(0.0f), squares = sum;
    Simd::Floats low = Simd::load(statistics.low + c), high = Simd::load(statistics.high + c);
    for (int t = 0; t < frames; ++t) {
      const size_t at = (first + t) * channels + c;
      const Simd::Integers product = Simd::load(sums + t * kBlockOutputs + vector * Simd::kLanes);
      Simd::Floats value = Simd::multiply_add(Simd::to_floats(Simd::subtract(product, offset)), scale, bias);
      if (destination.residual != nullptr) value = Simd::add(value, Simd::load(destination.residual + at));
      if (destination.other != nullptr) value = Simd::add(value, Simd::load(destination.other + at));
      Simd::store(destination.to + at, value);
      sum = Simd::add(sum, value);
      squares = Simd::multiply_add(value, value, squares);
      low = Simd::smaller(low, value);
      high = Simd::larger(high, value);
    }
    Simd::store(partial[0], sum);
    Simd::store(partial[1], squares);
    for (int lane = 0; lane < Simd::kLanes; ++lane) {  // float over a tile, double over all of them
      statistics.sum[c + lane] += static_cast<double>(partial[0][lane]);
      statistics.squares[c + lane] += static_cast<double>(partial[1][lane]);
    }
    Simd::store(statistics.low + c, low);
    Simd::store(statistics.high + c, high);
  }
}

inline void clear(sayso::Statistics &statistics, int channels) {
  for (int c = 0; c < channels; ++c) {
    statistics.sum[c] = statistics.squares[c] = 0;
    statistics.low[c] = INFINITY;
    statistics.high[c] = -INFINITY;
  }
}

// x and destination.to are different buffers. `statistics` become those of the result.
inline void convolve(const float *x, const Quantiser &quantiser, const sayso::Convolution &convolution, int frames,
                     int channels, Simd::Activation *activations, const Destination &destination, sayso::Statistics &statistics) {
  alignas(64) int32_t sums[kTileFrames * kBlockOutputs];
  const int padding = (convolution.taps - 1) / 2 * convolution.dilation;
  const int tap_bytes = channels * kBlockOutputs;
  const int group = kGroupBytes / tap_bytes > 0 ? kGroupBytes / tap_bytes : 1;
  const size_t step = static_cast<size_t>(convolution.dilation) * channels;
  clear(statistics, channels);
  for (int begin = 0; begin < frames; begin += sayso::kChunkFrames) {
    const int left = frames - begin < sayso::kChunkFrames ? frames - begin : sayso::kChunkFrames;
    const int tiles = (left + kTileFrames - 1) / kTileFrames;
    // The first rows were the last ones of the chunk before, which was a whole one.
    const int kept = begin == 0 ? 0 : 2 * padding;
    memmove(activations, activations + static_cast<size_t>(sayso::kChunkFrames) * channels,
            static_cast<size_t>(kept) * channels * sizeof *activations);
    quantise(quantiser, x, begin - padding + kept, begin + tiles * kTileFrames + padding, frames, channels,
             activations + static_cast<size_t>(kept) * channels);
    for (int output = 0; output < channels; output += kBlockOutputs) {
      const int8_t *packed = convolution.packed + static_cast<size_t>(output) * convolution.taps * channels;
      for (int tile = 0; tile < tiles; ++tile) {
        for (int tap = 0; tap < convolution.taps; tap += group) {
          const int taps = convolution.taps - tap < group ? convolution.taps - tap : group;
          const Simd::Activation *rows = activations + static_cast<size_t>(tile) * kTileFrames * channels + tap * step;
          const int8_t *weights = packed + static_cast<size_t>(tap) * tap_bytes;
          for (int row = 0; row < kTileFrames; row += Simd::kRows, rows += Simd::kRows * channels) {
            (tap == 0 ? multiply_taps<true> : multiply_taps<false>)(rows, weights, sums + row * kBlockOutputs, channels,
                                                                   taps, step);
          }
        }
        const int first = begin + tile * kTileFrames;
        const int count = frames - first < kTileFrames ? frames - first : kTileFrames;
        finish_tile(sums, convolution, quantiser, output, static_cast<size_t>(first), count, channels, destination,
                    statistics);
      }
    }
  }
}

}  // namespace

#endif
