// The kernels for AVX-512 with VNNI: Intel since Ice Lake, AMD since Zen 4.
#include "simd_avx512_vnni.h"
#include "snake.h"
#include "residual.h"
#include "dense.h"
#include "instruction_sets.h"

namespace sayso {
const InstructionSet kAvx512Vnni = {"avx512-vnni", kBlockOutputs, Simd::kInputs, stage, dense};
}
