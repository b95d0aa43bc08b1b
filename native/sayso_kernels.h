// The C interface of Sayso's native kernels: the residual blocks of Kokoro's generator. README.md explains the arithmetic.
//
// Threads: no function keeps state between calls, and none starts a thread. Any number of threads may use the same block at
// once, each with its own workspace. Memory: a block belongs to who made it, until sayso_block_free; everything else that a
// call needs is in the buffers that the caller passes.
#ifndef SAYSO_KERNELS_H
#define SAYSO_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define SAYSO_EXPORT __attribute__((visibility("default")))
#else
#define SAYSO_EXPORT
#endif

#ifdef __cplusplus
extern "C" {
#endif

// Raised with every change of this interface; the caller refuses any other.
#define SAYSO_KERNELS_INTERFACE 2

#define SAYSO_PAIRS 3

enum {
  SAYSO_OK = 0,
  SAYSO_BAD_ARGUMENT = 1,  // a size, a pointer or a combination of them that no kernel handles
};

// What precedes a convolution (norm, snake, quantiser) and the convolution itself, without what depends on the voice's style.
typedef struct {
  const int8_t *weights;      // [tap][input][output], as in a product with the weights on the right
  const float *bias;          // [channels]
  const float *reciprocal;    // [channels]: 1 / a of the snake
  float weights_scale;        // what one step of the weights is worth
  float epsilon;              // of the norm
  int32_t taps;               // odd
  int32_t dilation;           // frames from one tap to the next
} sayso_convolution;

typedef struct sayso_block sayso_block;
typedef struct sayso_dense sayso_dense;

SAYSO_EXPORT int32_t sayso_interface(void);

// The instruction sets that this library was compiled for, by number from 0; NULL after the last one. The fastest is first.
SAYSO_EXPORT const char *sayso_instruction_set(int32_t number);

// Whether this processor and this operating system run the instruction set: 1 or 0.
SAYSO_EXPORT int32_t sayso_is_supported(int32_t number);

// Copies and packs the constants of one residual block: two convolutions for each of the pairs. NULL where the sizes are not
// those that the kernels handle (channels a multiple of 64 up to 512), the instruction set is not supported, or there is no
// memory. The arrays are not used after the call.
SAYSO_EXPORT sayso_block *sayso_block_new(int32_t instruction_set, int32_t channels,
                                          const sayso_convolution convolutions[2 * SAYSO_PAIRS]);
SAYSO_EXPORT void sayso_block_free(sayso_block *block);

// The bytes of workspace that sayso_stage needs; 0 for sizes that it does not handle.
SAYSO_EXPORT size_t sayso_stage_workspace(int32_t channels, int64_t frames);

// One stage of the generator: x = upsampled + noise(source); result = first(x) + second(x) + third(x).
//
// blocks:    noise, first, second, third, all of one instruction set and one number of channels.
// styles:    for each block and each of its convolutions, the norm's scales, then its shifts, both multiplied by the snake's a:
//            [4][2 * SAYSO_PAIRS][2][channels].
// source:    [frames][channels].
// upsampled: [frames][channels]; becomes x.
// result:    [frames][channels].
// workspace: at least sayso_stage_workspace bytes, on a multiple of 64.
SAYSO_EXPORT int32_t sayso_stage(const sayso_block *const blocks[4], const float *styles, const float *source, float *upsampled,
                                 float *result, int64_t frames, void *workspace, size_t workspace_bytes);

// A convolution of floats: copies and packs its constants. NULL where inputs are no multiple of 16 up to 1024, outputs more than 4096,
// taps more than 15, the instruction set is not supported, or there is no memory. The arrays are not used after the call.
//
// weights: [taps][inputs][outputs].
// bias:    [outputs].
SAYSO_EXPORT sayso_dense *sayso_dense_new(int32_t instruction_set, int32_t inputs, int32_t outputs, int32_t taps,
                                          const float *weights, const float *bias);
SAYSO_EXPORT void sayso_dense_free(sayso_dense *dense);

// The bytes of workspace that sayso_dense_run needs.
SAYSO_EXPORT size_t sayso_dense_workspace(const sayso_dense *dense);

// result[row] = bias + the sum over taps of activated[row - before + tap] times the tap's weights, where activated is
// max(factor x, slope factor x), and 0 outside of the frames.
//
// x:         [frames][inputs].
// factor:    not negative.
// slope:     0 to 1.
// result:    [rows][outputs].
// workspace: at least sayso_dense_workspace bytes, on a multiple of 64.
SAYSO_EXPORT int32_t sayso_dense_run(const sayso_dense *dense, const float *x, float factor, float slope, int64_t frames,
                                     int64_t before, int64_t rows, float *result, void *workspace, size_t workspace_bytes);

#ifdef __cplusplus
}
#endif
#endif
