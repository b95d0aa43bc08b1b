// The snake activation (Ziyin et al. 2020, "Neural networks fail to learn periodic functions and how to fix it").
//
// With v = a h, where h is the normed value and a the channel's frequency, h + sin²(a h) / a is (v + sin²(v)) / a. This file
// computes v + sin²(v). Its derivative 1 + sin(2 v) is never negative: the function never falls, so its smallest and largest
// value over a channel are those at the smallest and largest v. The quantiser needs no pass of its own to find them.
#ifndef SAYSO_SNAKE_H
#define SAYSO_SNAKE_H

namespace {

// sin² has the period π: with r = v / π - nearest(v / π), which is within -1/2 to 1/2, sin²(v) is sin²(π r), an even function
// of r. The polynomial in z = r² has no constant term, so that sin²(0) is 0 exactly. The coefficients are the least-squares
// fit at the Chebyshev nodes of z in 0 to 1/4 (native/fit_snake.py prints them); the largest error is 6.5e-9, below that of float32.
inline Simd::Floats snake(Simd::Floats v) {
  const Simd::Floats turns = Simd::multiply(v, Simd::all(0.318309886f));  // 1 / π
  const Simd::Floats r = Simd::subtract(turns, Simd::nearest(turns));
  const Simd::Floats z = Simd::multiply(r, r);
  Simd::Floats p = Simd::all(-3.2797277f);
  p = Simd::multiply_add(p, z, Simd::all(12.9959507f));
  p = Simd::multiply_add(p, z, Simd::all(-30.0874634f));
  p = Simd::multiply_add(p, z, Simd::all(42.7255859f));
  p = Simd::multiply_add(p, z, Simd::all(-32.469593f));
  p = Simd::multiply_add(p, z, Simd::all(9.86960316f));
  return Simd::multiply_add(p, z, v);
}

}  // namespace

#endif
