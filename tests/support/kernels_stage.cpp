// Runs one stage and one convolution of floats for a test on another architecture: numbers from standard input, results to standard
// output, all as they are in memory. Ends with 3 where the processor lacks the instruction set.
#include <stdio.h>
#include <stdlib.h>

#include "sayso_kernels.h"

namespace {

void *read_array(size_t bytes) {
  void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (memory == nullptr || fread(memory, 1, bytes, stdin) != bytes) exit(4);
  return memory;
}

int read_integer() {
  int value = 0;
  if (fread(&value, sizeof value, 1, stdin) != 1) exit(4);
  return value;
}

}  // namespace

int main() {
  if (sayso_is_supported(0) == 0) return 3;
  const int channels = read_integer(), frames = read_integer();
  const size_t row = sizeof(float) * channels;
  sayso_block *blocks[4];
  for (sayso_block *&block : blocks) {
    sayso_convolution convolutions[2 * SAYSO_PAIRS];
    for (sayso_convolution &each : convolutions) {
      each.taps = read_integer();
      each.dilation = read_integer();
      if (fread(&each.weights_scale, sizeof(float), 1, stdin) != 1 || fread(&each.epsilon, sizeof(float), 1, stdin) != 1) return 4;
      each.weights = static_cast<int8_t *>(read_array(static_cast<size_t>(each.taps) * channels * channels));
      each.bias = static_cast<float *>(read_array(row));
      each.reciprocal = static_cast<float *>(read_array(row));
    }
    block = sayso_block_new(0, channels, convolutions);
    if (block == nullptr) return 5;
  }
  const float *styles = static_cast<float *>(read_array(row * 4 * 2 * SAYSO_PAIRS * 2));
  const float *source = static_cast<float *>(read_array(row * frames));
  float *upsampled = static_cast<float *>(read_array(row * frames));
  float *result = static_cast<float *>(malloc(row * frames));
  const size_t bytes = sayso_stage_workspace(channels, frames);
  void *workspace = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (sayso_stage(blocks, styles, source, upsampled, result, frames, workspace, bytes) != SAYSO_OK) return 6;
  fwrite(result, 1, row * frames, stdout);

  const int outputs = read_integer(), taps = read_integer();
  const float *weights = static_cast<float *>(read_array(row * outputs * taps));
  const float *bias = static_cast<float *>(read_array(sizeof(float) * outputs));
  sayso_dense *dense = sayso_dense_new(0, channels, outputs, taps, weights, bias);
  if (dense == nullptr) return 5;
  float *convolved = static_cast<float *>(malloc(sizeof(float) * outputs * frames));
  const size_t dense_bytes = sayso_dense_workspace(dense);
  if (sayso_dense_run(dense, source, 0.5f, 0.1f, frames, taps / 2, frames, convolved, aligned_alloc(64, (dense_bytes + 63) / 64 * 64),
                      dense_bytes) != SAYSO_OK) {
    return 6;
  }
  fwrite(convolved, 1, sizeof(float) * outputs * frames, stdout);
  return 0;
}
