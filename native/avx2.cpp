// The kernels for AVX2 with FMA: Intel since Haswell, AMD since Zen.
#include "simd_avx2.h"
#include "snake.h"
#include "residual.h"
#include "dense.h"
#include "instruction_sets.h"

namespace sayso {
const InstructionSet kAvx2 = {"avx2", kBlockOutputs, Simd::kInputs, stage, dense};
}
