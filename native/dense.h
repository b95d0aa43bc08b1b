// A convolution of floats, with the activation before it: upsampling, and the generator's last convolution.
//
// The activation is a leaky rectifier, max(x, slope · x) for slopes below 1. An output frame is the sum over taps of a row of inputs
// times a matrix, plus the bias; rows before the first and after the last are 0.
//
// Upsampling by s is a transposed convolution with 2 s taps: frame q s + r of the output (before s / 2 frames are cut off at either
// end) is x[q] times the weights of tap r plus x[q - 1] times those of tap r + s. That is a convolution with two taps whose
// "outputs" are s frames at once, one after the other in memory: the caller lays the weights out so.
#ifndef SAYSO_DENSE_H
#define SAYSO_DENSE_H

#include <string.h>

#include "block.h"
#include "convolution.h"

namespace {

constexpr int kDenseFrames = 96;  // whose activated inputs are kept in the second-level cache

static_assert(kDenseFrames % Simd::kRows == 0 && kDenseFrames + sayso::kMaximumTaps <= sayso::kActivatedFrames);
static_assert(16 % Simd::kLanes == 0);

// sums[kRows][kBlockOutputs] = bias + the products of all taps for kRows frames. `inputs` of one frame follow those of the one before,
// so taps and inputs are one loop.
inline void multiply_floats(const float *x, const float *packed, const float *bias, float *sums, int inputs, int count) {
  Simd::Floats sum[Simd::kRows][Simd::kVectors];
#pragma GCC unroll 8
  for (int row = 0; row < Simd::kRows; ++row) {
#pragma GCC unroll 4
    for (int vector = 0; vector < Simd::kVectors; ++vector) sum[row][vector] = Simd::load(bias + vector * Simd::kLanes);
  }
  for (int index = 0; index < count; ++index, packed += kBlockOutputs) {
    Simd::Floats weights[Simd::kVectors];
#pragma GCC unroll 4
    for (int vector = 0; vector < Simd::kVectors; ++vector) weights[vector] = Simd::load(packed + vector * Simd::kLanes);
#pragma GCC unroll 8
    for (int row = 0; row < Simd::kRows; ++row) {
      const Simd::Floats input = Simd::all(x[static_cast<size_t>(row) * inputs + index]);
#pragma GCC unroll 4
      for (int vector = 0; vector < Simd::kVectors; ++vector) {
        sum[row][vector] = Simd::multiply_add(input, weights[vector], sum[row][vector]);
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

// activated[end - begin][inputs]: the frames begin to end of x, times factor, through the rectifier.
inline void activate(const float *x, float factor, float slope, int64_t begin, int64_t end, int64_t frames, int inputs,
                     float *activated) {
  const Simd::Floats positive = Simd::all(factor), negative = Simd::all(factor * slope);
  for (int64_t t = begin; t < end; ++t, activated += inputs) {
    if (t < 0 || t >= frames) {
      memset(activated, 0, sizeof *activated * inputs);
      continue;
    }
    const float *row = x + static_cast<size_t>(t) * inputs;
    for (int c = 0; c < inputs; c += Simd::kLanes) {
      const Simd::Floats value = Simd::load(row + c);
      Simd::store(activated + c, Simd::larger(Simd::multiply(value, positive), Simd::multiply(value, negative)));
    }
  }
}

// See sayso_dense_run.
inline void dense(const sayso_dense &dense, const float *x, float factor, float slope, int64_t frames, int64_t before, int64_t rows,
                  float *result, float *activated) {
  alignas(64) float sums[Simd::kRows * kBlockOutputs];
  const int count = dense.taps * dense.inputs;
  for (int64_t begin = 0; begin < rows; begin += kDenseFrames) {
    const int left = static_cast<int>(rows - begin < kDenseFrames ? rows - begin : kDenseFrames);
    const int tiles = (left + Simd::kRows - 1) / Simd::kRows;
    activate(x, factor, slope, begin - before, begin - before + tiles * Simd::kRows + dense.taps - 1, frames, dense.inputs,
             activated);
    for (int output = 0; output < dense.outputs; output += kBlockOutputs) {
      const int width = dense.outputs - output < kBlockOutputs ? dense.outputs - output : kBlockOutputs;
      const float *packed = dense.packed + static_cast<size_t>(output) * count;
      for (int tile = 0; tile < tiles; ++tile) {
        multiply_floats(activated + static_cast<size_t>(tile) * Simd::kRows * dense.inputs, packed, dense.bias + output, sums,
                        dense.inputs, count);
        const int64_t first = begin + tile * Simd::kRows;
        const int kept = static_cast<int>(rows - first < Simd::kRows ? rows - first : Simd::kRows);
        for (int row = 0; row < kept; ++row) {
          memcpy(result + static_cast<size_t>(first + row) * dense.outputs + output, sums + row * kBlockOutputs,
                 sizeof *sums * width);
        }
      }
    }
  }
}

}  // namespace

#endif
