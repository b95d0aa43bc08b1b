// Vectors of 512 bits, with VNNI's product of bytes.
#ifndef SAYSO_SIMD_H
#define SAYSO_SIMD_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

namespace {

struct Simd {
  using Floats = __m512;
  using Integers = __m512i;
  using Activation = uint8_t;
  static constexpr int kLanes = 16;
  static constexpr int kInputs = 4;   // that one instruction multiplies for each lane
  static constexpr int kShift = 0;    // of the bytes: activations are unsigned
  static constexpr int kRows = 6;     // frames of one tile of the product:
  static constexpr int kVectors = 4;  // 6 · 4 sums, 4 weights and an activation are 29 of the 32 registers

  static Floats load(const float *from) { return _mm512_loadu_ps(from); }
  static void store(float *to, Floats value) { _mm512_storeu_ps(to, value); }
  static Floats all(float value) { return _mm512_set1_ps(value); }
  static Floats add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static Floats subtract(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
  static Floats multiply(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats multiply_add(Floats a, Floats b, Floats c) { return _mm512_fmadd_ps(a, b, c); }  // a b + c
  static Floats smaller(Floats a, Floats b) { return _mm512_min_ps(a, b); }
  static Floats larger(Floats a, Floats b) { return _mm512_max_ps(a, b); }
  static Floats nearest(Floats a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static Floats to_floats(Integers a) { return _mm512_cvtepi32_ps(a); }

  static Integers zero() { return _mm512_setzero_si512(); }
  static Integers load(const int32_t *from) { return _mm512_loadu_si512(from); }
  static void store(int32_t *to, Integers value) { _mm512_storeu_si512(to, value); }
  static Integers all(int32_t value) { return _mm512_set1_epi32(value); }
  static Integers subtract(Integers a, Integers b) { return _mm512_sub_epi32(a, b); }
  static Integers multiply(Integers a, Integers b) { return _mm512_mullo_epi32(a, b); }

  // The nearest integers (ties to even) plus the zero point, kept within a byte.
  static void store_quantised(Activation *to, Floats value, Integers zero_point) {
    const Integers shifted = _mm512_add_epi32(_mm512_cvtps_epi32(value), zero_point);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to), _mm512_cvtusepi32_epi8(_mm512_max_epi32(shifted, zero())));
  }

  // sums + for each lane the four products of bytes of activations (unsigned) and weights (signed).
  static Integers load_weights(const int8_t *from) { return _mm512_loadu_si512(from); }
  static Integers load_activations(const Activation *from) {
    int32_t four;
    memcpy(&four, from, sizeof four);
    return _mm512_set1_epi32(four);
  }
  static Integers dot(Integers sums, Integers activations, Integers weights) {
    return _mm512_dpbusd_epi32(sums, activations, weights);
  }
};

}  // namespace

#endif
