// A residual block, and a stage of the generator, which is four of them.
#ifndef SAYSO_RESIDUAL_H
#define SAYSO_RESIDUAL_H

#include "block.h"
#include "convolution.h"
#include "quantise.h"

namespace {

// Three times x += conv(act(conv(act(x)))), each act a norm, a snake and a quantiser with constants of its own.
//
// x:          the input, which is not changed unless it is workspace.current.
// statistics: of x, in statistics[0]; of the result afterwards.
// result:     where the last sum goes, with `other` added.
inline void residual_block(const sayso_block &block, const float *styles, const float *x, float *result, const float *other,
                           int frames, const sayso::Workspace &workspace, sayso::Statistics *const statistics[2]) {
  const int channels = block.channels;
  Simd::Activation *const activations = static_cast<Simd::Activation *>(workspace.quantised);
  Quantiser quantiser;
  for (int pair = 0; pair < SAYSO_PAIRS; ++pair) {
    const sayso::Convolution *convolutions = block.convolutions + 2 * pair;
    const float *style = styles + static_cast<size_t>(pair) * 4 * channels;
    prepare(quantiser, convolutions[0], style, style + channels, *statistics[0], frames, channels);
    convolve(x, quantiser, convolutions[0], frames, channels, activations, {workspace.middle, nullptr, nullptr},
             *statistics[1]);
    prepare(quantiser, convolutions[1], style + 2 * channels, style + 3 * channels, *statistics[1], frames, channels);
    const bool is_last = pair == SAYSO_PAIRS - 1;
    convolve(workspace.middle, quantiser, convolutions[1], frames, channels, activations,
             {is_last ? result : workspace.current, x, is_last ? other : nullptr}, *statistics[0]);
    x = workspace.current;
  }
}

inline void measure(const float *x, int frames, int channels, sayso::Statistics &statistics) {
  clear(statistics, channels);
  for (int begin = 0; begin < frames; begin += kTileFrames) {
    const int end = begin + kTileFrames < frames ? begin + kTileFrames : frames;
    for (int c = 0; c < channels; c += Simd::kLanes) {
      alignas(64) float partial[2][Simd::kLanes];
      Simd::Floats sum = Simd::all(0.0f), squares = sum;
      Simd::Floats low = Simd::load(statistics.low + c), high = Simd::load(statistics.high + c);
      for (int t = begin; t < end; ++t) {
        const Simd::Floats value = Simd::load(x + static_cast<size_t>(t) * channels + c);
        sum = Simd::add(sum, value);
        squares = Simd::multiply_add(value, value, squares);
        low = Simd::smaller(low, value);
        high = Simd::larger(high, value);
      }
      Simd::store(partial[0], sum);
      Simd::store(partial[1], squares);
      for (int lane = 0; lane < Simd::kLanes; ++lane) {
        statistics.sum[c + lane] += static_cast<double>(partial[0][lane]);
        statistics.squares[c + lane] += static_cast<double>(partial[1][lane]);
      }
      Simd::store(statistics.low + c, low);
      Simd::store(statistics.high + c, high);
    }
  }
}

// See sayso_stage.
inline void stage(const sayso_block *const *blocks, const float *styles, const float *source, float *upsampled, float *result,
                  int frames, const sayso::Workspace &workspace) {
  const int channels = blocks[0]->channels;
  const size_t block_styles = static_cast<size_t>(SAYSO_PAIRS) * 4 * channels;
  measure(source, frames, channels, *workspace.statistics[0]);
  residual_block(*blocks[0], styles, source, upsampled, upsampled, frames, workspace, workspace.statistics);
  sayso::Statistics *const input = workspace.statistics[0];
  for (int block = 1; block < 4; ++block) {
    sayso::Statistics *const own[2] = {workspace.statistics[2], workspace.statistics[1]};
    *own[0] = *input;
    residual_block(*blocks[block], styles + block * block_styles, upsampled, result, block == 1 ? nullptr : result, frames, workspace, own);
  }
}

}  // namespace

#endif
