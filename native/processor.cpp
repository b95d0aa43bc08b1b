// What this processor and this operating system run. Compiled for the architecture's baseline.
#include "instruction_sets.h"

#if defined(__x86_64__)
#include <cpuid.h>

namespace {

struct Registers {
  unsigned eax, ebx, ecx, edx;
};

Registers identify(unsigned leaf, unsigned part) {
  Registers found = {0, 0, 0, 0};
  if (!__get_cpuid_count(leaf, part, &found.eax, &found.ebx, &found.ecx, &found.edx)) return {0, 0, 0, 0};
  return found;
}

bool has(unsigned bits, int bit) { return (bits >> bit & 1U) != 0; }

// The register states that the operating system saves (Intel, Software Developer's Manual, volume 1, chapter 13).
bool saves(unsigned states) {
  if (!has(identify(1, 0).ecx, 27)) return false;  // OSXSAVE: XGETBV may be used
  unsigned low = 0, high = 0;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low & states) == states;
}

constexpr unsigned kYmm = 0x06;  // XMM and YMM
constexpr unsigned kZmm = 0xe6;  // and mask registers, and both halves of ZMM

[[maybe_unused]] bool has_avx2() {
  return saves(kYmm) && has(identify(7, 0).ebx, 5) && has(identify(1, 0).ecx, 12);  // AVX2, FMA
}

[[maybe_unused]] bool has_avx_vnni() { return has_avx2() && has(identify(7, 1).eax, 4); }

[[maybe_unused]] bool has_avx512_vnni() {
  const Registers found = identify(7, 0);
  return saves(kZmm) && has(found.ebx, 16) && has(found.ebx, 17) && has(found.ebx, 30) && has(found.ebx, 31) &&
         has(found.ecx, 11);  // F, DQ, BW, VL, VNNI
}

}  // namespace

namespace sayso {
const Choice kChoices[] = {
#if defined(SAYSO_AVX512_VNNI)
    {&kAvx512Vnni, has_avx512_vnni},
#endif
#if defined(SAYSO_AVX_VNNI)
    {&kAvxVnni, has_avx_vnni},
#endif
#if defined(SAYSO_AVX2)
    {&kAvx2, has_avx2},
#endif
    {nullptr, nullptr},
};
}  // namespace sayso

#elif defined(__aarch64__)

#if defined(__linux__)
#include <sys/auxv.h>
#endif

namespace {

[[maybe_unused]] bool has_dot_products() {
#if defined(__APPLE__)
  return true;  // every Apple processor that runs macOS has them
#elif defined(__linux__)
  return (getauxval(AT_HWCAP) >> 20 & 1) != 0;  // HWCAP_ASIMDDP of Linux's asm/hwcap.h
#else
  return false;
#endif
}

}  // namespace

namespace sayso {
const Choice kChoices[] = {
#if defined(SAYSO_NEON_DOT)
    {&kNeonDot, has_dot_products},
#endif
    {nullptr, nullptr},
};
}  // namespace sayso

#else

namespace sayso {
const Choice kChoices[] = {{nullptr, nullptr}};
}  // namespace sayso

#endif
