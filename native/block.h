// The packed constants of a residual block, and what the kernels of an instruction set look like to the rest.
#ifndef SAYSO_BLOCK_H
#define SAYSO_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "sayso_kernels.h"

namespace sayso {

constexpr int kMaximumChannels = 512;
constexpr int kMaximumTaps = 15;
constexpr int kMaximumDilation = 8;
constexpr int kMaximumPadding = (kMaximumTaps - 1) / 2 * kMaximumDilation;
constexpr int kChunkFrames = 192;  // what is quantised at once: in the second-level cache between quantiser and product
constexpr int kDenseInputs = 1024;   // at most, and a multiple of 16
constexpr int kDenseOutputs = 4096;
constexpr int kActivatedFrames = 96 + kMaximumTaps;  // of a dense convolution: a chunk and the taps
constexpr int64_t kMaximumFrames = int64_t{1} << 22;  // 14 minutes of the second stage: a size that no multiplication overflows

// One convolution with what precedes it. All pointers lead into the memory of its block.
struct Convolution {
  const int8_t *packed;        // in the order in which the kernel reads them: see pack in kernels.cpp
  const int32_t *column_sums;  // [channels]: the sum of an output's weights
  const float *bias;
  const float *reciprocal;
  float weights_scale;
  float epsilon;
  int taps;
  int dilation;
};

// What a norm needs to know of its input, per channel: the sums of values and of squares, the smallest and the largest value.
struct Statistics {
  double sum[kMaximumChannels];
  double squares[kMaximumChannels];
  float low[kMaximumChannels];
  float high[kMaximumChannels];
};

// Buffers of one call, all inside the caller's workspace.
struct Workspace {
  float *current;      // [frames][channels]: the residual stream of one block
  float *middle;       // [frames][channels]: between the two convolutions of a pair
  void *quantised;     // [kChunkFrames + 2 * kMaximumPadding][channels] of the instruction set's activations
  Statistics *statistics[3];
};

// How the weights of one instruction set are packed, and its kernels.
struct InstructionSet {
  const char *name;
  int block_outputs;  // output channels that one pass of the product makes
  int inputs;         // that one instruction multiplies and adds up for each output
  void (*stage)(const sayso_block *const *blocks, const float *styles, const float *source, float *upsampled, float *result,
                int frames, const Workspace &workspace);
  void (*dense)(const sayso_dense &dense, const float *x, float factor, float slope, int64_t frames, int64_t before, int64_t rows,
                float *result, float *activated);
};

}  // namespace sayso

// A convolution of floats.
struct sayso_dense {
  const sayso::InstructionSet *instruction_set;
  int inputs, outputs, taps;
  float *packed;  // [outputs / block][tap][input][block], with 0 for outputs that there are not
  float *bias;    // [outputs rounded up to whole blocks]
};

struct sayso_block {
  const sayso::InstructionSet *instruction_set;
  int channels;
  sayso::Convolution convolutions[2 * SAYSO_PAIRS];
  void *memory;
};

#endif
