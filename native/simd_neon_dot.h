// NEON of 64-bit ARM with dot products of bytes (optional in ARMv8.2, always there from ARMv8.4 on). They are of signed bytes:
// activations are stored less 128, and so is the zero point.
#ifndef SAYSO_SIMD_H
#define SAYSO_SIMD_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

namespace {

struct Simd {
  using Floats = float32x4_t;
  using Integers = int32x4_t;
  using Activation = int8_t;
  static constexpr int kLanes = 4;
  static constexpr int kInputs = 4;   // that one instruction multiplies for each lane
  static constexpr int kRows = 6;     // frames of one tile of the product:
  static constexpr int kVectors = 4;  // 6 · 4 sums, 4 weights and an activation are 29 of the 32 registers
  static constexpr int kShift = -128;

  static Floats load(const float *from) { return vld1q_f32(from); }
  static void store(float *to, Floats value) { vst1q_f32(to, value); }
  static Floats all(float value) { return vdupq_n_f32(value); }
  static Floats add(Floats a, Floats b) { return vaddq_f32(a, b); }
  static Floats subtract(Floats a, Floats b) { return vsubq_f32(a, b); }
  static Floats multiply(Floats a, Floats b) { return vmulq_f32(a, b); }
  static Floats multiply_add(Floats a, Floats b, Floats c) { return vfmaq_f32(c, a, b); }  // a b + c
  static Floats smaller(Floats a, Floats b) { return vminq_f32(a, b); }
  static Floats larger(Floats a, Floats b) { return vmaxq_f32(a, b); }
  static Floats nearest(Floats a) { return vrndnq_f32(a); }
  static Floats to_floats(Integers a) { return vcvtq_f32_s32(a); }

  static Integers zero() { return vdupq_n_s32(0); }
  static Integers load(const int32_t *from) { return vld1q_s32(from); }
  static void store(int32_t *to, Integers value) { vst1q_s32(to, value); }
  static Integers all(int32_t value) { return vdupq_n_s32(value); }
  static Integers subtract(Integers a, Integers b) { return vsubq_s32(a, b); }
  static Integers multiply(Integers a, Integers b) { return vmulq_s32(a, b); }

  // The nearest integers (ties to even) plus the zero point, kept within 0 to 255, less 128.
  static void store_quantised(Activation *to, Floats value, Integers zero_point) {
    const Integers shifted = vaddq_s32(vcvtnq_s32_f32(value), zero_point);
    const Integers kept = vminq_s32(vmaxq_s32(shifted, zero()), all(255));
    const int16x4_t half = vmovn_s32(vaddq_s32(kept, all(kShift)));
    const int8x8_t bytes = vmovn_s16(vcombine_s16(half, half));
    memcpy(to, &bytes, kLanes);
  }

  static Integers load_weights(const int8_t *from) { return vreinterpretq_s32_s8(vld1q_s8(from)); }
  static Integers load_activations(const Activation *from) {
    int32_t four;
    memcpy(&four, from, sizeof four);
    return vdupq_n_s32(four);
  }
  static Integers dot(Integers sums, Integers activations, Integers weights) {
    return vdotq_s32(sums, vreinterpretq_s8_s32(activations), vreinterpretq_s8_s32(weights));
  }
};

}  // namespace

#endif
