// The C interface: checks arguments, packs weights, divides the workspace, and calls the kernels of an instruction set.
#include "sayso_kernels.h"

#include <stdlib.h>
#include <string.h>

#include "block.h"
#include "instruction_sets.h"

namespace {

using sayso::Convolution;
using sayso::Statistics;
using sayso::Workspace;

constexpr size_t kAlignment = 64;

constexpr size_t rounded(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

const sayso::Choice *chosen(int32_t number) {
  for (int32_t index = 0; sayso::kChoices[index].instruction_set != nullptr; ++index) {
    if (index == number) return &sayso::kChoices[index];
  }
  return nullptr;
}

bool handles(int32_t channels) { return channels > 0 && channels <= sayso::kMaximumChannels && channels % 64 == 0; }

bool handles(const sayso_convolution &given) {
  if (given.weights == nullptr || given.bias == nullptr || given.reciprocal == nullptr) return false;
  if (given.taps < 1 || given.taps > sayso::kMaximumTaps || given.taps % 2 == 0) return false;
  return given.dilation >= 1 && given.dilation <= sayso::kMaximumDilation;
}

// The widest activations are of two bytes.
size_t quantised_bytes(int channels) {
  return static_cast<size_t>(sayso::kChunkFrames + 2 * sayso::kMaximumPadding) * channels * sizeof(int16_t);
}

size_t packed_bytes(const sayso_convolution &given, int channels) {
  return rounded(static_cast<size_t>(given.taps) * channels * channels);
}

// From [tap][input][output] to [outputs / block][tap][inputs / group][block][group], as the product reads them, one after the
// other: a block of outputs is what its registers hold, a group of inputs what one instruction multiplies for each output.
void pack(const sayso_convolution &given, int channels, int block, int group, int8_t *packed, int32_t *sums) {
  memset(sums, 0, sizeof *sums * channels);
  for (int first = 0; first < channels; first += block) {
    for (int tap = 0; tap < given.taps; ++tap) {
      for (int input = 0; input < channels; input += group) {
        for (int output = first; output < first + block; ++output) {
          for (int each = input; each < input + group; ++each) {
            const int8_t weight = given.weights[(static_cast<size_t>(tap) * channels + each) * channels + output];
            *packed++ = weight;
            sums[output] += weight;
          }
        }
      }
    }
  }
}

}  // namespace

extern "C" {

int32_t sayso_interface(void) { return SAYSO_KERNELS_INTERFACE; }

const char *sayso_instruction_set(int32_t number) {
  const sayso::Choice *choice = chosen(number);
  return choice == nullptr ? nullptr : choice->instruction_set->name;
}

int32_t sayso_is_supported(int32_t number) {
  const sayso::Choice *choice = chosen(number);
  return choice != nullptr && choice->is_supported() ? 1 : 0;
}

sayso_block *sayso_block_new(int32_t instruction_set, int32_t channels, const sayso_convolution convolutions[2 * SAYSO_PAIRS]) {
  const sayso::Choice *choice = chosen(instruction_set);
  if (choice == nullptr || !choice->is_supported() || convolutions == nullptr || !handles(channels)) return nullptr;
  const size_t column_bytes = rounded(sizeof(float) * channels);
  size_t bytes = 0;
  for (int index = 0; index < 2 * SAYSO_PAIRS; ++index) {
    if (!handles(convolutions[index])) return nullptr;
    bytes += packed_bytes(convolutions[index], channels) + 3 * column_bytes;
  }
  sayso_block *block = static_cast<sayso_block *>(calloc(1, sizeof *block));
  if (block == nullptr) return nullptr;
  if (posix_memalign(&block->memory, kAlignment, bytes) != 0) {
    free(block);
    return nullptr;
  }
  block->instruction_set = choice->instruction_set;
  block->channels = channels;
  char *next = static_cast<char *>(block->memory);
  for (int index = 0; index < 2 * SAYSO_PAIRS; ++index) {
    const sayso_convolution &given = convolutions[index];
    int8_t *packed = reinterpret_cast<int8_t *>(next);
    next += packed_bytes(given, channels);
    int32_t *sums = reinterpret_cast<int32_t *>(next);
    float *bias = reinterpret_cast<float *>(next + column_bytes);
    float *reciprocal = reinterpret_cast<float *>(next + 2 * column_bytes);
    next += 3 * column_bytes;
    pack(given, channels, choice->instruction_set->block_outputs, choice->instruction_set->inputs, packed, sums);
    memcpy(bias, given.bias, sizeof *bias * channels);
    memcpy(reciprocal, given.reciprocal, sizeof *reciprocal * channels);
    block->convolutions[index] = {packed, sums, bias, reciprocal, given.weights_scale, given.epsilon, given.taps, given.dilation};
  }
  return block;
}

void sayso_block_free(sayso_block *block) {
  if (block == nullptr) return;
  free(block->memory);
  free(block);
}

size_t sayso_stage_workspace(int32_t channels, int64_t frames) {
  if (!handles(channels) || frames < 1 || frames > sayso::kMaximumFrames) return 0;
  const size_t buffer = rounded(sizeof(float) * channels * static_cast<size_t>(frames));
  const size_t bytes = rounded(quantised_bytes(channels));
  return 2 * buffer + bytes + 3 * rounded(sizeof(Statistics));
}

int32_t sayso_stage(const sayso_block *const blocks[4], const float *styles, const float *source, float *upsampled, float *result,
                    int64_t frames, void *workspace, size_t workspace_bytes) {
  if (blocks == nullptr || styles == nullptr || source == nullptr || upsampled == nullptr || result == nullptr ||
      workspace == nullptr || reinterpret_cast<uintptr_t>(workspace) % kAlignment != 0) {
    return SAYSO_BAD_ARGUMENT;
  }
  for (int index = 0; index < 4; ++index) {
    if (blocks[index] == nullptr || blocks[index]->instruction_set != blocks[0]->instruction_set ||
        blocks[index]->channels != blocks[0]->channels) {
      return SAYSO_BAD_ARGUMENT;
    }
  }
  const int channels = blocks[0]->channels;
  const size_t needed = sayso_stage_workspace(channels, frames);
  if (needed == 0 || workspace_bytes < needed) return SAYSO_BAD_ARGUMENT;
  char *next = static_cast<char *>(workspace);
  const auto take = [&next](size_t bytes) {
    char *taken = next;
    next += rounded(bytes);
    return taken;
  };
  const size_t buffer = sizeof(float) * channels * static_cast<size_t>(frames);
  Workspace divided;
  divided.current = reinterpret_cast<float *>(take(buffer));
  divided.middle = reinterpret_cast<float *>(take(buffer));
  divided.quantised = take(quantised_bytes(channels));
  for (Statistics *&each : divided.statistics) each = reinterpret_cast<Statistics *>(take(sizeof(Statistics)));
  blocks[0]->instruction_set->stage(blocks, styles, source, upsampled, result, static_cast<int>(frames), divided);
  return SAYSO_OK;
}

sayso_dense *sayso_dense_new(int32_t instruction_set, int32_t inputs, int32_t outputs, int32_t taps, const float *weights,
                             const float *bias) {
  const sayso::Choice *choice = chosen(instruction_set);
  if (choice == nullptr || !choice->is_supported() || weights == nullptr || bias == nullptr) return nullptr;
  if (inputs < 1 || inputs > sayso::kDenseInputs || inputs % 16 != 0 || outputs < 1 || outputs > sayso::kDenseOutputs ||
      taps < 1 || taps > sayso::kMaximumTaps) {
    return nullptr;
  }
  const int block = choice->instruction_set->block_outputs;
  const size_t padded = static_cast<size_t>((outputs + block - 1) / block) * block;
  const size_t count = static_cast<size_t>(taps) * inputs;
  sayso_dense *made = static_cast<sayso_dense *>(calloc(1, sizeof *made));
  if (made == nullptr) return nullptr;
  void *memory = nullptr;
  if (posix_memalign(&memory, kAlignment, sizeof(float) * padded * (count + 1)) != 0) {
    free(made);
    return nullptr;
  }
  *made = {choice->instruction_set, inputs, outputs, taps, static_cast<float *>(memory), static_cast<float *>(memory) + padded * count};
  memset(memory, 0, sizeof(float) * padded * (count + 1));
  memcpy(made->bias, bias, sizeof *bias * outputs);
  for (size_t index = 0; index < count; ++index) {
    for (int output = 0; output < outputs; ++output) {
      made->packed[(output / block * count + index) * block + output % block] = weights[index * outputs + output];
    }
  }
  return made;
}

void sayso_dense_free(sayso_dense *dense) {
  if (dense == nullptr) return;
  free(dense->packed);  // the bias is in the same memory
  free(dense);
}

size_t sayso_dense_workspace(const sayso_dense *dense) {
  return dense == nullptr ? 0 : rounded(sizeof(float) * sayso::kActivatedFrames * dense->inputs);
}

int32_t sayso_dense_run(const sayso_dense *dense, const float *x, float factor, float slope, int64_t frames, int64_t before,
                        int64_t rows, float *result, void *workspace, size_t workspace_bytes) {
  if (dense == nullptr || x == nullptr || result == nullptr || workspace == nullptr ||
      reinterpret_cast<uintptr_t>(workspace) % kAlignment != 0 || workspace_bytes < sayso_dense_workspace(dense)) {
    return SAYSO_BAD_ARGUMENT;
  }
  if (!(factor >= 0) || !(slope >= 0 && slope <= 1) || frames < 1 || frames > sayso::kMaximumFrames || rows < 1 ||
      rows > sayso::kMaximumFrames || before < 0 || before > dense->taps) {
    return SAYSO_BAD_ARGUMENT;
  }
  dense->instruction_set->dense(*dense, x, factor, slope, frames, before, rows, result, static_cast<float *>(workspace));
  return SAYSO_OK;
}

}  // extern "C"
