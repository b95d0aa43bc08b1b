// The kernels for 64-bit ARM with dot products: Graviton2 and later, Apple since M1.
#include "simd_neon_dot.h"
#include "snake.h"
#include "residual.h"
#include "dense.h"
#include "instruction_sets.h"

namespace sayso {
const InstructionSet kNeonDot = {"neon-dot", kBlockOutputs, Simd::kInputs, stage, dense};
}
