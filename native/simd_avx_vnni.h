// AVX2 with VNNI's product of bytes.
#ifndef SAYSO_SIMD_H
#define SAYSO_SIMD_H

#include "simd_avx.h"

namespace {

struct Simd : SimdAvx {
  using Activation = uint8_t;
  static constexpr int kInputs = 4;  // that one instruction multiplies for each lane

  static void store_quantised(Activation *to, Floats value, Integers zero_point) {
    const __m128i wide = _mm_min_epu16(quantised(value, zero_point), _mm_set1_epi16(255));
    _mm_storel_epi64(reinterpret_cast<__m128i *>(to), _mm_packus_epi16(wide, wide));
  }

  static Integers load_weights(const int8_t *from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i *>(from)); }
  static Integers load_activations(const Activation *from) { return load_four_bytes(from); }
  static Integers dot(Integers sums, Integers activations, Integers weights) {
    return _mm256_dpbusd_avx_epi32(sums, activations, weights);
  }
};

}  // namespace

#endif
