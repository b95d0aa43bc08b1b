// AVX2 without a product of bytes. Its product of an unsigned and a signed byte adds pairs in 16 bits and would lose what does
// not fit; so activations and weights are widened to 16 bits, whose products are added in 32.
#ifndef SAYSO_SIMD_H
#define SAYSO_SIMD_H

#include "simd_avx.h"

namespace {

struct Simd : SimdAvx {
  using Activation = int16_t;
  static constexpr int kInputs = 2;  // that one instruction multiplies for each lane

  static void store_quantised(Activation *to, Floats value, Integers zero_point) {
    const __m128i wide = _mm_min_epu16(quantised(value, zero_point), _mm_set1_epi16(255));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(to), wide);
  }

  static Integers load_weights(const int8_t *from) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i *>(from)));
  }
  static Integers load_activations(const Activation *from) { return load_four_bytes(from); }
  static Integers dot(Integers sums, Integers activations, Integers weights) {
    return _mm256_add_epi32(sums, _mm256_madd_epi16(activations, weights));
  }
};

}  // namespace

#endif
