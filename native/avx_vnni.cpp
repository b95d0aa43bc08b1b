// The kernels for AVX2 with VNNI: Intel since Alder Lake, AMD since Zen 5.
#include "simd_avx_vnni.h"
#include "snake.h"
#include "residual.h"
#include "dense.h"
#include "instruction_sets.h"

namespace sayso {
const InstructionSet kAvxVnni = {"avx-vnni", kBlockOutputs, Simd::kInputs, stage, dense};
}
