// The kernels that are compiled for this architecture, and whether the processor runs them.
#ifndef SAYSO_INSTRUCTION_SETS_H
#define SAYSO_INSTRUCTION_SETS_H

#include "block.h"

namespace sayso {

extern const InstructionSet kAvx512Vnni;
extern const InstructionSet kAvxVnni;
extern const InstructionSet kAvx2;
extern const InstructionSet kNeonDot;

struct Choice {
  const InstructionSet *instruction_set;
  bool (*is_supported)();
};

// Those that the compiler could compile, the fastest first; the last one has no instruction set.
extern const Choice kChoices[];

}  // namespace sayso

#endif
