// Vectors of 256 bits: what AVX2 with VNNI's product of bytes, and AVX2 without it, have in common.
#ifndef SAYSO_SIMD_AVX_H
#define SAYSO_SIMD_AVX_H

#include <immintrin.h>
#include <stdint.h>
#include <string.h>

namespace {

struct SimdAvx {
  using Floats = __m256;
  using Integers = __m256i;
  static constexpr int kLanes = 8;
  static constexpr int kRows = 6;     // frames of one tile of the product:
  static constexpr int kVectors = 2;  // 6 · 2 sums, 2 weights, an activation and a product are the 16 registers
  static constexpr int kShift = 0;    // of the activations, which are unsigned

  static Floats load(const float *from) { return _mm256_loadu_ps(from); }
  static void store(float *to, Floats value) { _mm256_storeu_ps(to, value); }
  static Floats all(float value) { return _mm256_set1_ps(value); }
  static Floats add(Floats a, Floats b) { return _mm256_add_ps(a, b); }
  static Floats subtract(Floats a, Floats b) { return _mm256_sub_ps(a, b); }
  static Floats multiply(Floats a, Floats b) { return _mm256_mul_ps(a, b); }
  static Floats multiply_add(Floats a, Floats b, Floats c) { return _mm256_fmadd_ps(a, b, c); }  // a b + c
  static Floats smaller(Floats a, Floats b) { return _mm256_min_ps(a, b); }
  static Floats larger(Floats a, Floats b) { return _mm256_max_ps(a, b); }
  static Floats nearest(Floats a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
  static Floats to_floats(Integers a) { return _mm256_cvtepi32_ps(a); }

  static Integers zero() { return _mm256_setzero_si256(); }
  static Integers load(const int32_t *from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)); }
  static void store(int32_t *to, Integers value) { _mm256_storeu_si256(reinterpret_cast<__m256i *>(to), value); }
  static Integers all(int32_t value) { return _mm256_set1_epi32(value); }
  static Integers subtract(Integers a, Integers b) { return _mm256_sub_epi32(a, b); }
  static Integers multiply(Integers a, Integers b) { return _mm256_mullo_epi32(a, b); }

  // The nearest integers (ties to even) plus the zero point, kept within 0 to 65535, as 16 bits each.
  static __m128i quantised(Floats value, Integers zero_point) {
    const Integers shifted = _mm256_add_epi32(_mm256_cvtps_epi32(value), zero_point);
    return _mm_packus_epi32(_mm256_castsi256_si128(shifted), _mm256_extracti128_si256(shifted, 1));
  }

  static Integers load_four_bytes(const void *from) {
    int32_t bytes;
    memcpy(&bytes, from, sizeof bytes);
    return _mm256_set1_epi32(bytes);
  }
};

}  // namespace

#endif
